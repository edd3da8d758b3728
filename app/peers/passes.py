"""Passes: what a node shows at the private port of another.

A pass is good for one request to one node, once, and for seconds only. It is signed by a key that
is derived from CORDBOARD_SECRET_KEY, which all nodes of a cluster share and nobody else has.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import orjson

from app.identity import Principal
from app.protocol import CordboardError
from app.vault import Vault

__all__ = ["BadPass", "Pass", "Passes"]

PURPOSE: Final = "let nodes talk to each other"
SECONDS: Final = 10.0
"""How far the clocks of two nodes, and the way between them, may be apart."""
MOST_SEEN: Final = 65_536
"""Passes that are remembered; beyond them the oldest, which has seconds to live, is forgotten."""


class BadPass(CordboardError):
    """A pass that no node of ours has written for this request, or that is too old."""


@dataclass(frozen=True, slots=True)
class Pass:
    """What a node proves to another.

    Attributes:
        principal: On whose behalf it asks; None where nobody asked it, or nobody has to prove
            anything.
        is_local: Whether whoever asked did so from the machine of the node that asks.
    """

    principal: Principal | None = None
    is_local: bool = False


class Passes:
    """Writes and reads passes.

    Args:
        vault: Has the keys; the first one signs, all of them are good.
        clock: Seconds since the epoch.
    """

    def __init__(self, vault: Vault, *, clock: Callable[[], float] = time.time) -> None:
        self._keys = vault.derive(PURPOSE)
        self._clock = clock
        self._seen: OrderedDict[str, float] = OrderedDict()

    def write(self, given: Pass, *, node_id: str, method: str, path: str) -> str:
        """A pass for one request.

        Args:
            given: What it proves.
            node_id: The node that is asked.
            method: Of the request.
            path: Of the request, with its query, as it is sent.
        """
        body = orjson.dumps(
            {
                "for": _digest(node_id, method, path),
                "at": self._clock(),
                "once": secrets.token_urlsafe(12),
                "who": given.principal and _written(given.principal),
                "local": given.is_local,
            }
        )
        return f"{_encode(body)}.{_encode(_sign(self._keys[0], body))}"

    def read(self, text: str, *, node_id: str, method: str, path: str) -> Pass:
        """What a pass proves; from then on it is used up.

        Raises:
            BadPass: It is not of ours, for another request, too old, or was used before.
        """
        body = self._signed(text)
        if not hmac.compare_digest(body["for"], _digest(node_id, method, path)):
            raise BadPass("the pass is for another request, or for another node")
        now = self._clock()
        if abs(now - body["at"]) > SECONDS:
            raise BadPass(f"the pass is of another time: expected one of the last {SECONDS:g} s")
        self._use_up(body["once"], now)
        return Pass(body["who"] and _read(body["who"]), body["local"])

    def _signed(self, text: str) -> Any:
        """What stands in a pass that has one of our signatures; looks at all keys, always."""
        try:
            body, signature = (_decode(part) for part in text.split("."))
        except (ValueError, binascii.Error):
            raise BadPass("expected a pass of another node") from None
        good = [hmac.compare_digest(_sign(key, body), signature) for key in self._keys]
        if not any(good):
            raise BadPass("no CORDBOARD_SECRET_KEY that is set here has signed the pass")
        return orjson.loads(body)

    def _use_up(self, once: str, now: float) -> None:
        seen = self._seen
        while seen and (len(seen) >= MOST_SEEN or next(iter(seen.values())) < now):
            seen.popitem(last=False)
        if once in seen:
            raise BadPass("the pass was used before")
        seen[once] = now + 2 * SECONDS


def _written(principal: Principal) -> list[Any]:
    of = principal
    return [of.organisation_id, of.actor, of.kind, of.name, sorted(of.scopes)]


def _read(who: list[Any]) -> Principal:
    organisation_id, actor, kind, name, scopes = who
    return Principal(organisation_id, actor, kind, name, frozenset(scopes))


def _digest(node_id: str, method: str, path: str) -> str:
    text = "\0".join((node_id, method, path))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _sign(key: bytes, body: bytes) -> bytes:
    return hmac.digest(key, body, "sha256")


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode()


def _decode(text: str) -> bytes:
    return base64.b64decode(text.encode("ascii", "replace"), altchars=b"-_", validate=True)
