"""Fixtures for pytest: a running server, and a stand-in for jambonz that calls it.

Use them with `pytest_plugins = ["app.testing"]` in a `conftest.py`. A test overrides
`cordboard_applications`, `cordboard_settings`, `cordboard_model` or `cordboard_pace` with a fixture
of its own to change what runs.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from pydantic import SecretStr

from app import server
from app.application import Application, discover
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
    "cordboard_clock",
    "cordboard_model",
    "cordboard_pace",
    "cordboard_settings",
    "cordboard_store",
    "jambonz",
    "offline",
    "serving",
]


@dataclass(frozen=True, slots=True)
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
) -> AsyncIterator[Cordboard]:
    """Run a server on a free port of the loopback, and take it down again."""
    async with server.serving(applications, settings, store) as (url, web_app):
        yield Cordboard(url, web_app, settings)


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
) -> AsyncIterator[Cordboard]:
    """A server with the applications under test, on a free port."""
    async with serving(cordboard_applications, cordboard_settings, cordboard_store) as running:
        yield running


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
        is_idle=cordboard.calls.within(DEFAULT_ORGANISATION).is_at_rest,
    )
    async with twin:
        yield twin
