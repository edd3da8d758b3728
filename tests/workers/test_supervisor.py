"""When a supervisor starts the next worker, and when it has had enough."""

import asyncio
import sys
from dataclasses import dataclass, field
from typing import Any

import pytest

from app.workers import supervisor
from app.workers.supervisor import FAILED, LONGEST_PAUSE, TRIES, Supervisor, pause_after

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no port is shared there")


@dataclass(eq=False)
class Short:
    """A worker that has ended as soon as it is started."""

    name: str
    welcome: str
    node_port: int = 0
    seconds: float = 0.1
    exit_code: int = 3
    is_late: bool = False
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    dismissed: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.ended.set()
        self.dismissed.set()

    @property
    def is_ready(self) -> bool:
        return bool(self.welcome)

    async def until_ready(self) -> bool:
        return self.is_ready

    def drain(self) -> None:
        """It has ended."""


async def test_workers_that_do_not_even_start_any_more_end_the_supervisor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[Short] = []
    greeted: list[str] = []

    async def start(name: str, _port: int, _node_port: int, **_options: Any) -> Any:
        started.append(Short(name, "" if started else "welcome"))
        return started[-1]

    monkeypatch.setattr(supervisor, "start", start)
    monkeypatch.setattr(supervisor, "FIRST_PAUSE", 0.0)

    code = await Supervisor(1, 1, 0, drain_seconds=1.0, greet=greeted.append).run()

    assert code == FAILED
    assert greeted == ["welcome"]
    assert len(started) == 1 + TRIES


def test_the_first_worker_that_dies_is_replaced_at_once_the_next_ones_later_and_later() -> None:
    pauses = [pause_after(tries) for tries in range(1, 12)]

    assert pauses[:4] == [0.0, 0.5, 1.0, 2.0]
    assert pauses[-1] == LONGEST_PAUSE
