"""Where to dial, how often to try, and how long to wait in between."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import aiohttp

POLICIES = frozenset({"4xx", "5xx", "ct", "rt", "all"})
"""What a retry policy may name."""


class DialFailed(Exception):
    """The socket could not be opened.

    Attributes:
        policy: The retry policy that covers this failure; empty if none does.
    """

    def __init__(self, text: str, policy: str = "") -> None:
        super().__init__(text)
        self.policy = policy


@dataclass(frozen=True, slots=True)
class Address:
    """A hook URL, and the retry settings that its fragment holds.

    Attributes:
        url: What is dialled; the fragment never goes over the wire.
        retries: How often a failed first dial is repeated, and how many sockets are opened on
            time in all.
        policies: The failures that are worth a retry.
    """

    url: str
    retries: int = 5
    policies: frozenset[str] = frozenset({"ct"})

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a hook URL such as `wss://app.example.com/agent#rc=3&rp=ct,5xx`."""
        url, _, fragment = text.partition("#")
        settings = dict(part.partition("=")[::2] for part in fragment.split("&"))
        count = settings.get("rc", "")
        retries = min(int(count), 5) if count.isdigit() else 0
        policies = frozenset(settings.get("rp", "").split(",")) & POLICIES
        return cls(_ws(url), retries or 5, policies or frozenset({"ct"}))

    def covers(self, failure: DialFailed) -> bool:
        """Whether the settings ask for another try after this failure."""
        return bool(failure.policy) and bool({"all", failure.policy} & self.policies)


def delays(unit: float) -> Iterator[float]:
    """The back-off: 0.5, 1, 2, 4, 6, 8 … for a unit of 0.5; it never starts again."""
    delay = unit
    while True:
        yield delay
        delay = delay * 2 if delay < 8 * unit else delay + 4 * unit


def explain(error: Exception) -> DialFailed:
    """Turn what a failed upgrade raised into one of our own."""
    policy = ""
    match error:
        case aiohttp.WSServerHandshakeError(status=status):
            text = f"upgrade refused: {status}"
            policy = {4: "4xx", 5: "5xx"}.get(status // 100, "")
        case TimeoutError():  # not a connection error for jambonz 0.9.8
            text = "handshake timed out"
        case aiohttp.ClientConnectionError():
            text, policy = f"connection failed: {_reason(error)}", "ct"
        case aiohttp.ClientResponseError():
            text = "upgrade failed: what answers there is not HTTP"
        case _:
            text = f"upgrade failed: {error}"
    return DialFailed(text, policy)


def _reason(error: aiohttp.ClientConnectionError) -> str:
    match error:
        case aiohttp.ClientConnectorDNSError(host=host):
            return f"there is no host {host}"
        case aiohttp.ClientSSLError():
            return f"TLS: {error}"
        case aiohttp.ClientConnectorError(host=host, port=port, os_error=cause):
            why = os.strerror(cause.errno) if cause.errno else type(cause).__name__
            return f"{host}:{port}: {why}"
        case _:
            return str(error)


def _ws(url: str) -> str:
    for scheme, ws in (("http://", "ws://"), ("https://", "wss://")):
        if url.startswith(scheme):
            return ws + url.removeprefix(scheme)
    return url
