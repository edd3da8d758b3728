"""A server by either route, on a loop that a test runs as it likes."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack

import pytest

from app import calls
from app.lines import QUICK
from app.server import direct
from app.server import socket as server_socket
from tests.logging_state import logging_as_before  # noqa: F401
from tests.robustness.stage import Stage, set_stage


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """A loop: Hypothesis runs each example on it, one after the other."""
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(params=["direct", "aiohttp"])
def stage(
    request: pytest.FixtureRequest, runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Stage]:
    """A server, by either route, and a call that stays on it."""
    request.getfixturevalue("logging_as_before")
    monkeypatch.setattr(calls, "SWEEP_SECONDS", 0.005)
    for module in (server_socket, direct):
        monkeypatch.setattr(module, "HANDSHAKE_SECONDS", 0.05)
    stack = AsyncExitStack()
    yield runner.run(set_stage(stack, is_direct=request.param == "direct"))
    runner.run(stack.aclose())
    QUICK.use(None)  # before the loop is closed, which the logbook belongs to
