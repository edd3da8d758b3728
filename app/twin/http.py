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


async def post(log: Log, hook: Any, data: Mapping[str, Any], *, wants_json: bool = False) -> Any:
    """POST a hook's payload and return the JSON of the answer, None if it has none.

    Args:
        log: Where it is told.
        hook: The URL, perhaps with credentials.
        data: The payload.
        wants_json: Whether the answer must have JSON: a tool's output is the whole of it.

    Raises:
        NoAck: If the answer fails, does not come, or is no JSON.
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
            body = await _read(response, wants_json=wants_json)
    except ValueError as error:
        raise NoAck(f"POST {url}: expected JSON; {error}") from error
    except (aiohttp.ClientError, TimeoutError) as error:
        raise NoAck(f"POST {url}: {error or 'no answer in time'}") from error
    log.add("received", {"post": url, "data": body})
    return body


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
