"""A running server with a store, and somebody who asks it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from app import Application
from app.store import Store
from app.testing import Cordboard


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer that has been read whole."""

    status: int
    headers: Mapping[str, str]
    text: str
    json: Any = None

    @property
    def errors(self) -> dict[str, str]:
        """What is wrong, by field."""
        return {error["field"]: error["message"] for error in self.json.get("errors", ())}


@dataclass(frozen=True, slots=True)
class Api:
    """Somebody who asks a server over a real socket."""

    http: aiohttp.ClientSession
    headers: Mapping[str, str] = field(default_factory=dict)

    async def __call__(
        self, method: str, path: str, body: object = None, **options: Any
    ) -> Answered:
        headers = {**self.headers, **options.pop("headers", {})}
        sent = {"data": body} if isinstance(body, str | bytes) else {"json": body}
        if body is None:
            sent = {}
        async with self.http.request(method, path, headers=headers, **sent, **options) as answer:
            text = await answer.text()
            is_json = answer.content_type.endswith("json") and bool(text)
            json = await answer.json(content_type=None) if is_json else None
            return Answered(answer.status, answer.headers, text, json)

    async def get(self, path: str, **options: Any) -> Answered:
        return await self("GET", path, **options)

    async def post(self, path: str, body: object = None, **options: Any) -> Answered:
        return await self("POST", path, body, **options)

    async def put(self, path: str, body: object, **options: Any) -> Answered:
        return await self("PUT", path, body, **options)

    async def delete(self, path: str, **options: Any) -> Answered:
        return await self("DELETE", path, **options)


@asynccontextmanager
async def asking(cordboard: Cordboard) -> AsyncIterator[Api]:
    """Somebody with the key of the settings."""
    async with aiohttp.ClientSession(cordboard.url) as http:
        yield Api(http, cordboard.headers)


@pytest.fixture
def cordboard_store(sqlite_store: Store) -> Store:
    """The server keeps what it is told."""
    return sqlite_store


@pytest.fixture
def cordboard_applications() -> Sequence[Application[Any, Any]]:
    """None in code."""
    return []


@pytest_asyncio.fixture
async def api(cordboard: Cordboard) -> AsyncIterator[Api]:
    """Somebody who may do all."""
    async with asking(cordboard) as api:
        yield api
