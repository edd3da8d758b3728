"""The bus in Redis or Valkey, for clusters whose database has enough to do."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from app.bus import scripts
from app.bus.port import (
    LEASE_SECONDS,
    PATIENCE,
    BusUnavailable,
    Entry,
    Node,
    Owner,
    Taken,
    Written,
)
from app.bus.waiting import Waiting
from app.protocol import ConfigurationError

__all__ = ["RedisBus"]

PREFIX: Final = "{cordboard}"
"""What all keys begin with; the braces keep them together in a cluster of Redis."""

CONNECTIONS: Final = 8
EXPIRY: Final = 24 * 3600 * 1000
"""Milliseconds after which Redis itself forgets what no node has swept: no node is left."""

YEAR_1970: Final = datetime(1970, 1, 1, tzinfo=UTC)

EXPECTED: Final = (
    "expected redis://:password@host:6379/0, or rediss:// for TLS, with options of redis-py;"
    " what is special in a password is percent-encoded"
)


class RedisBus:
    """The table of owners in Redis.

    Args:
        url: Where it is: ``redis://user:password@host:port/database``, or ``rediss://``.
        lease: Seconds that a node counts as alive after it was last heard of.
        prefix: What all keys begin with.
        patience: Seconds after which a server that does not answer is away.

    Raises:
        ConfigurationError: It is no such address.
    """

    def __init__(
        self,
        url: str,
        *,
        lease: float = LEASE_SECONDS,
        prefix: str = PREFIX,
        patience: float = PATIENCE,
    ) -> None:
        self._redis = Redis.from_pool(_pool(url, patience))
        self._lease = int(lease * 1_000_000)
        self._keys = [prefix]
        self._waiting = Waiting(patience)
        self._scripts = {
            text: self._redis.register_script(text)
            for text in (getattr(scripts, name) for name in scripts.__all__)
        }

    async def renew(self, node: Node) -> None:
        """See :class:`app.bus.Bus`, as for all that follows."""
        await self._run(scripts.RENEW, node.id, EXPIRY, self._lease, orjson.dumps(node))

    async def leave(self, node_id: str) -> None:  # noqa: D102
        await self._run(scripts.LEAVE, node_id)

    async def nodes(self) -> list[Node]:  # noqa: D102
        nodes = [_node(told) for told in await self._run(scripts.NODES)]
        return sorted(nodes, key=lambda node: (node.started, node.id))

    async def write(self, node_id: str, entries: Sequence[Entry]) -> Written:  # noqa: D102
        batch = {entry.key: entry for entry in entries}
        if not batch:
            return Written({}, frozenset())
        given = [value for entry in batch.values() for value in _values(entry)]
        verdicts = await self._run(scripts.WRITE, node_id, EXPIRY, *given)
        found = dict(zip(batch, verdicts, strict=True))
        return Written(
            {key: int(verdict) for key, verdict in found.items() if verdict.isdigit()},
            frozenset(key for key, verdict in found.items() if verdict == b"lost"),
        )

    async def take_over(self, key: str, node_id: str) -> Taken | None:  # noqa: D102
        found = await self._run(scripts.TAKE_OVER, node_id, EXPIRY, _known_as(key))
        if found is None:
            return None
        epoch, checkpoint, earlier = found
        return Taken(int(epoch), checkpoint, earlier.decode())

    async def owner(self, key: str) -> Owner | None:  # noqa: D102
        found = await self._run(scripts.OWNER, _known_as(key))
        if found is None:
            return None
        node_id, epoch, told = found
        return Owner(node_id.decode(), int(epoch), _node(told) if told else None)

    async def counts(self) -> Mapping[str, Mapping[str, int]]:  # noqa: D102
        found: dict[str, dict[str, int]] = {}
        for node_id, counted in await self._run(scripts.COUNTS):
            for organisation_id, count in zip(counted[::2], counted[1::2], strict=True):
                found.setdefault(organisation_id.decode(), {})[node_id.decode()] = int(count)
        return found

    async def sweep(self, before: datetime) -> int:  # noqa: D102
        return int(await self._run(scripts.SWEEP, _microseconds(before)))

    async def close(self) -> None:
        """Let all connections go."""
        await self._waiting.close()
        await self._redis.aclose()

    async def _run(self, script: str, *args: str | bytes | int) -> Any:
        return await self._waiting.ask(self._answer(script, args))

    async def _answer(self, script: str, args: Sequence[str | bytes | int]) -> Any:
        try:
            return await self._scripts[script](self._keys, args)
        except (RedisError, OSError) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise BusUnavailable(f"Redis does not answer: {reason}") from error


def _pool(url: str, patience: float) -> BlockingConnectionPool:
    """Connections that fail soon and are made again when they are next used."""
    try:
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=CONNECTIONS,
            timeout=patience,
            socket_timeout=patience,
            socket_connect_timeout=patience / 2,
            retry=Retry(NoBackoff(), 1),  # a connection that broke while nobody looked
        )
        # Nothing is connected yet, but the options of the address are read.
        pool.make_connection()  # type: ignore[no-untyped-call]
        int(urlsplit(url).path.strip("/") or 0)  # the database, which is ignored where it is none
    except (ValueError, TypeError, RedisError):  # whose words may quote a part of the password
        raise ConfigurationError(f"CORDBOARD_BUS_URL: {EXPECTED}") from None
    return pool


def _values(entry: Entry) -> tuple[str | bytes | int, ...]:
    """An entry as the script takes it."""
    return (
        _known_as(entry.key),
        entry.organisation_id,
        entry.epoch,
        _microseconds(entry.began),
        "over" if entry.checkpoint is None else "",
        entry.checkpoint or b"",
    )


def _known_as(key: str) -> bytes:
    return key.encode("utf-8", "surrogatepass")


def _microseconds(moment: datetime) -> int:
    return (moment - YEAR_1970) // timedelta(microseconds=1)


def _node(told: bytes) -> Node:
    values = orjson.loads(told)
    return Node(**{**values, "started": datetime.fromisoformat(values["started"])})
