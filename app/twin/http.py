"""Hooks with an absolute http(s) URL: those are POSTed and never seen on the socket."""

from collections.abc import Mapping
from typing import Any

import aiohttp

from app.twin.log import Log
from app.twin.pending import NoAck
from app.twin.socket import basic_auth

LIMIT = 10.0
"""Seconds that jambonz waits for the answer."""


def is_http(url: str) -> bool:
    """Whether a hook is answered over HTTP."""
    return url.startswith(("http://", "https://"))


async def post(log: Log, hook: Any, data: Mapping[str, Any]) -> Any:
    """POST a hook's payload and return the JSON of the answer, None if it has none.

    Raises:
        NoAck: If the answer fails or does not come.
    """
    url = str(hook["url"] if isinstance(hook, Mapping) else hook)
    log.add("sent", {"post": url, "data": dict(data)})
    try:
        async with (
            aiohttp.ClientSession(headers={"User-Agent": "jambonz"} | _auth(hook)) as http,
            http.post(url, json=dict(data), timeout=aiohttp.ClientTimeout(LIMIT)) as response,
        ):
            if response.status not in (200, 202, 204):
                raise NoAck(f"POST {url}: status {response.status}")
            body = await response.json() if "json" in response.content_type else None
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise NoAck(f"POST {url}: {error}") from error
    log.add("received", {"post": url, "data": body})
    return body


def _auth(hook: Any) -> dict[str, str]:
    if isinstance(hook, Mapping) and hook.get("username"):
        return basic_auth((str(hook["username"]), str(hook.get("password", ""))))
    return {}
