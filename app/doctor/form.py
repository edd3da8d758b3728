"""The application's env vars, as the portal asks for them: an OPTIONS request."""

import asyncio
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import aiohttp

LARGEST = 1_000_000
"""Bytes of an answer that are read."""


@dataclass(frozen=True, slots=True)
class Form:
    """What OPTIONS was answered with."""

    status: int
    content_type: str
    body: bytes


async def ask_for(url: str, limit: float) -> Form | None:
    """Ask as the portal does; None where no answer comes."""
    scheme, place, path, query, _ = urlsplit(url)
    http_url = urlunsplit(({"ws": "http", "wss": "https"}[scheme], place, path, query, ""))
    try:
        async with (
            asyncio.timeout(limit),
            aiohttp.ClientSession() as http,
            http.options(http_url, headers={"Accept": "application/json"}) as response,
        ):
            body = await response.content.read(LARGEST)
            return Form(response.status, response.content_type, body)
    except (aiohttp.ClientError, TimeoutError, OSError):
        return None
