"""Hooks with an absolute http(s) URL: those are POSTed and never seen on the socket."""

import socket
from collections.abc import Mapping
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from app.mcp import Pin
from app.twin.log import Log
from app.twin.pending import NoAck
from app.twin.socket import basic_auth

LIMIT = 10.0
"""Seconds that jambonz waits for the answer."""


def is_http(url: str) -> bool:
    """Whether a hook is answered over HTTP."""
    return url.startswith(("http://", "https://"))


async def post(
    log: Log,
    hook: Any,
    data: Mapping[str, Any],
    *,
    wants_json: bool = False,
    pin: Pin | None = None,
) -> Any:
    """POST a hook's payload and return the JSON of the answer, None if it has none.

    Args:
        log: Where it is told.
        hook: The URL, perhaps with credentials.
        data: The payload.
        wants_json: Whether the answer must have JSON: a tool's output is the whole of it.
        pin: Finds the address to connect to; redirects are then not followed.

    Raises:
        NoAck: If the answer fails, does not come, or is no JSON.
    """
    url = str(hook["url"] if isinstance(hook, Mapping) else hook)
    log.add("sent", {"post": url, "data": dict(data)})
    headers = {"User-Agent": "jambonz"} | _auth(hook)
    try:
        async with (
            aiohttp.ClientSession(headers=headers, connector=await _connector(url, pin)) as http,
            http.post(
                url,
                json=dict(data),
                timeout=aiohttp.ClientTimeout(LIMIT),
                allow_redirects=pin is None,
            ) as response,
        ):
            if response.status not in (200, 202, 204):
                raise NoAck(f"POST {url}: status {response.status}")
            body = await _read(response, wants_json=wants_json)
    except ValueError as error:
        raise NoAck(f"POST {url}: expected JSON; {error}") from error
    except (aiohttp.ClientError, TimeoutError, PermissionError) as error:
        raise NoAck(f"POST {url}: {error or 'no answer in time'}") from error
    log.add("received", {"post": url, "data": body})
    return body


async def _connector(url: str, pin: Pin | None) -> aiohttp.TCPConnector | None:
    """What connects to the address that was found for the host of a hook, and to no other.

    Raises:
        PermissionError: It may not be asked.
    """
    if pin is None:
        return None
    parts = URL(url)
    address = await pin(parts.host or "", parts.port or 0)
    return aiohttp.TCPConnector(resolver=Fixed(address), use_dns_cache=False)


class Fixed(AbstractResolver):
    """Knows one address, for any name."""

    def __init__(self, address: str) -> None:
        self._address = address

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """That address."""
        kind = socket.AF_INET6 if ":" in self._address else socket.AF_INET
        place = ResolveResult(
            hostname=host, host=self._address, port=port, family=kind, proto=0, flags=0
        )
        return [place]

    async def close(self) -> None:
        """There is nothing to let go."""


async def _read(response: aiohttp.ClientResponse, *, wants_json: bool) -> Any:
    if "json" in response.content_type:
        return await response.json()
    if wants_json:
        came = (await response.text())[:40]
        raise ValueError(f"{response.content_type} came: {came!r}")
    return None


def _auth(hook: Any) -> dict[str, str]:
    if isinstance(hook, Mapping) and hook.get("username"):
        return basic_auth((str(hook["username"]), str(hook.get("password", ""))))
    return {}
