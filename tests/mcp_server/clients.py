"""Clients of the MCP edge, as assistants and platforms use them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

import httpx2
from mcp.client import Client
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client

from app.testing import Cordboard

Mode = Literal["auto", "legacy"]


@asynccontextmanager
async def official(server: Cordboard, *, mode: Mode = "auto", **headers: str) -> AsyncIterator[Any]:
    """The official client at ``/mcp``, with the server's key."""
    async with (
        httpx2.AsyncClient(headers={**server.headers, **headers}, timeout=10) as http,
        Client(streamable_http_client(f"{server.url}/mcp", http_client=http), mode=mode) as client,
    ):
        yield client


@asynccontextmanager
async def over_http(url: str, *, mode: Mode = "auto") -> AsyncIterator[Any]:
    """The official client at any URL, by Streamable HTTP."""
    async with Client(streamable_http_client(url), mode=mode) as client:
        yield client


@asynccontextmanager
async def over_sse(url: str) -> AsyncIterator[Any]:
    """The official client at any URL, by SSE."""
    async with Client(sse_client(url)) as client:
        yield client


def text_of(result: Any) -> str:
    """What a tool's result says to a model."""
    return "\n".join(part.text for part in result.content)


def refused(result: Any) -> str:
    """What a tool refused with."""
    assert result.is_error, text_of(result)
    return text_of(result)


def given(result: Any) -> Any:
    """What a tool gave to programs."""
    assert not result.is_error, text_of(result)
    return result.structured_content
