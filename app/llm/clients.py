"""The SDKs' clients: made in a thread, shared by a credential's requests, closed at the end."""

import asyncio
import contextvars
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from app.llm.network import check_url

MOST = 64
"""Clients kept at once; the one that was used longest ago is closed for one more."""

KEEPALIVE = 90.0
"""Seconds that an idle connection is kept: longer than a caller's pause between two turns."""

CONNECT = 3.0
"""Seconds to open a connection."""

_loader = ThreadPoolExecutor(1, thread_name_prefix="llm-load")

RESPONDED: contextvars.ContextVar[Callable[[Any], None] | None] = contextvars.ContextVar(
    "responded", default=None
)
"""Whom `httpx2_client` tells of each response, for an SDK that lets nobody close it."""


@dataclass(slots=True)
class _Kept:
    client: Any
    close: Callable[[Any], Awaitable[None]]


class Shelf:
    """The clients of one event loop, which they are bound to."""

    def __init__(self) -> None:
        self._kept: OrderedDict[object, _Kept] = OrderedDict()
        self._making: dict[object, asyncio.Future[Any]] = {}

    async def obtain(
        self, key: object, make: Callable[[], Any], close: Callable[[Any], Awaitable[None]]
    ) -> Any:
        """The client of a key, made in a thread where there is none."""
        if kept := self._kept.get(key):
            self._kept.move_to_end(key)
            return kept.client
        if key not in self._making:
            loop = asyncio.get_running_loop()
            making = self._making[key] = loop.run_in_executor(_loader, make)
            making.add_done_callback(lambda made: self._made(key, made, close))
        client = await asyncio.shield(self._making[key])
        while len(self._kept) > MOST:
            _, oldest = self._kept.popitem(last=False)
            await oldest.close(oldest.client)
        return client

    def __len__(self) -> int:
        return len(self._kept)

    def peek(self, key: object) -> Any:
        """The client of a key, or None where it is not made yet."""
        kept = self._kept.get(key)
        return kept.client if kept else None

    async def close(self) -> None:
        """Close all."""
        if self._making:
            await asyncio.wait([*self._making.values()])
            await asyncio.sleep(0)
        kept, self._kept = [*self._kept.values()], OrderedDict()
        await asyncio.gather(*(each.close(each.client) for each in kept), return_exceptions=True)

    def _made(
        self, key: object, made: "asyncio.Future[Any]", close: Callable[[Any], Awaitable[None]]
    ) -> None:
        self._making.pop(key, None)
        if not made.cancelled() and made.exception() is None:
            self._kept[key] = _Kept(made.result(), close)


_shelves: WeakKeyDictionary[asyncio.AbstractEventLoop, Shelf] = WeakKeyDictionary()


def shelf() -> Shelf:
    """The clients of the running loop."""
    return _shelves.setdefault(asyncio.get_running_loop(), Shelf())


async def close_clients() -> None:
    """Close every client of the running loop; the next request makes new ones."""
    await shelf().close()


def forget_surroundings(client: Any) -> Any:
    """Take from an SDK's client what it found in the environment by itself, and give the client.

    An organisation, a project or headers that were meant for one vendor would go to every vendor
    that is spoken to by the same SDK. What is passed to the SDK as None it looks up again.
    """
    client._custom_headers = {}
    for name in ("organization", "project", "admin_api_key"):
        if hasattr(client, name):
            setattr(client, name, None)
    return client


def httpx2_client(timeout: float) -> Any:
    """An httpx2 client as the SDKs take it; it blocks some 40 ms for the TLS context.

    It speaks HTTP/1.1, since its HTTP/2 has no way to give up one stream: after a barge-in the
    vendor would write to the end, and one answer that stalls would end all that share its line.
    """
    import httpx2  # noqa: PLC0415  (only where a vendor is used)

    async def check(request: Any) -> None:
        check_url(str(request.url))

    async def tell(response: Any) -> None:
        if (responded := RESPONDED.get()) is not None:
            responded(response)

    return httpx2.AsyncClient(
        trust_env=False,
        timeout=httpx2.Timeout(timeout, connect=CONNECT),
        limits=httpx2.Limits(
            max_connections=None, max_keepalive_connections=100, keepalive_expiry=KEEPALIVE
        ),
        event_hooks={"request": [check], "response": [tell]},
    )


def http_client(timeout: float) -> Any:
    """The same of httpx, for the SDK that has not moved on."""
    import httpx  # noqa: PLC0415

    async def check(request: Any) -> None:
        check_url(str(request.url))

    return httpx.AsyncClient(
        trust_env=False,
        timeout=httpx.Timeout(timeout, connect=CONNECT),
        limits=httpx.Limits(
            max_connections=None, max_keepalive_connections=100, keepalive_expiry=KEEPALIVE
        ),
        event_hooks={"request": [check]},
    )
