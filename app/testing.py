"""Fixtures for pytest: a running server, and a stand-in for jambonz that calls it.

Use them with `pytest_plugins = ["app.testing"]` in a `conftest.py`. A test overrides
`cordboard_applications`, `cordboard_settings`, `cordboard_model` or `cordboard_pace` with a fixture
of its own to change what runs.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from aiohttp import web
from pydantic import SecretStr

from app import server
from app.application import Application, discover
from app.bus import Bus, MemoryBus
from app.calls import Calls
from app.keys import CALLS
from app.llm import ChatModel, FakeModel, connect
from app.organisation import DEFAULT_ORGANISATION
from app.settings import Settings
from app.store import Store
from app.twin import (
    CallRefused,
    Chaos,
    ClockName,
    Entry,
    ExpectationFailed,
    Pace,
    Party,
    Timings,
    Twin,
    TwinCall,
    WaitFailed,
    contains,
)

API_KEY = "key-for-tests"
"""The REST key of the server that the fixtures start."""

__all__ = [
    "API_KEY",
    "CallRefused",
    "Chaos",
    "Cordboard",
    "Entry",
    "ExpectationFailed",
    "FakeModel",
    "Pace",
    "Party",
    "Timings",
    "Twin",
    "TwinCall",
    "WaitFailed",
    "contains",
    "cordboard",
    "cordboard_applications",
    "cordboard_bus",
    "cordboard_clock",
    "cordboard_model",
    "cordboard_pace",
    "cordboard_settings",
    "cordboard_store",
    "jambonz",
    "offline",
    "serving",
]


@dataclass(slots=True)
class Cordboard:
    """A running server.

    Attributes:
        url: Where it listens, such as `http://127.0.0.1:43210`.
        app: Its `aiohttp.web.Application`.
        settings: What it was started with.
    """

    url: str
    app: web.Application
    settings: Settings
    _again: Callable[[int], Awaitable[web.Application]] | None = None

    async def restart(self) -> None:
        """End the server as a deploy does, and start it anew on the same port.

        Calls go on in the new one, from their checkpoints, as soon as the twin has redialed. What
        modules hold is still there, since the process is the same.
        """
        assert self._again is not None, "only what `serving` gives can be started again"
        port = urlsplit(self.url).port
        assert port is not None
        self.app = await self._again(port)

    @property
    def calls(self) -> Calls:
        """The live calls."""
        return self.app[CALLS]

    @property
    def headers(self) -> dict[str, str]:
        """The header that opens the REST API."""
        keys = [key.get_secret_value() for key in self.settings.api_keys]
        return {"Authorization": f"Bearer {keys[0]}"} if keys else {}


@asynccontextmanager
async def serving(
    applications: Sequence[Application[Any, Any]],
    settings: Settings,
    store: Store | None = None,
    bus: Bus | None = None,
) -> AsyncIterator[Cordboard]:
    """Run a server on a free port of the loopback, and take it down again.

    Args:
        applications: What it serves.
        settings: Its settings.
        store: What it keeps, if anything.
        bus: Where the checkpoints of its calls go, if anywhere.
    """
    async with AsyncExitStack() as stack:

        async def again(port: int) -> web.Application:
            await stack.aclose()
            there = settings.model_copy(update={"port": port})
            _, web_app = await stack.enter_async_context(
                server.serving(applications, there, store, bus)
            )
            return web_app

        first = server.serving(applications, settings, store, bus)
        url, web_app = await stack.enter_async_context(first)
        yield Cordboard(url, web_app, settings, again)


@pytest.fixture
def cordboard_applications() -> list[Application[Any, Any]]:
    """The applications under test: those of the working folder."""
    return discover()


@pytest.fixture
def cordboard_settings() -> Settings:
    """The settings of the server under test; the environment has no say."""
    return Settings(port=0, api_keys=(SecretStr(API_KEY),))


@pytest.fixture
def cordboard_store() -> Store | None:
    """What the server under test keeps: nothing, unless a test returns an open store."""
    return None


@pytest.fixture
def cordboard_bus() -> Bus | None:
    """Where checkpoints of calls go, so that they go on when the server is started anew."""
    return MemoryBus()


@pytest.fixture
def offline() -> ChatModel:
    """The model that needs no key."""
    return connect("offline")


@pytest.fixture
def cordboard_model(offline: ChatModel) -> ChatModel:
    """The model of the twin's agents; a test may return a `FakeModel`."""
    return offline


@pytest.fixture
def cordboard_pace() -> Pace:
    """How fast the twin's world turns: as fast as it can."""
    return Pace(backoff=0.01, handshake=5.0)


@pytest.fixture
def cordboard_clock(cordboard_pace: Pace) -> ClockName:
    """The twin's clock: virtual, unless speech takes its time so that a test can talk over it."""
    return "virtual" if cordboard_pace.speech_rate is None else "real"


@pytest_asyncio.fixture
async def cordboard(
    cordboard_applications: Sequence[Application[Any, Any]],
    cordboard_settings: Settings,
    cordboard_store: Store | None,
    cordboard_bus: Bus | None,
) -> AsyncIterator[Cordboard]:
    """A server with the applications under test, on a free port."""
    running = serving(cordboard_applications, cordboard_settings, cordboard_store, cordboard_bus)
    async with running as cordboard:
        yield cordboard


@pytest_asyncio.fixture
async def jambonz(
    cordboard: Cordboard,
    cordboard_model: ChatModel,
    cordboard_pace: Pace,
    cordboard_clock: ClockName,
) -> AsyncIterator[Twin]:
    """A stand-in for jambonz: `await jambonz.call("/weather")` calls the server."""
    password = cordboard.settings.ws_password
    twin = Twin(
        cordboard.url,
        model=cordboard_model,
        username=cordboard.settings.ws_user,
        password=password.get_secret_value() if password else None,
        pace=cordboard_pace,
        clock=cordboard_clock,
        is_idle=lambda call_sid: cordboard.calls.within(DEFAULT_ORGANISATION).is_at_rest(call_sid),
    )
    async with twin:
        yield twin
