"""A blocked event loop is told, with the line that blocks it."""

import asyncio
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import FrameType, ModuleType

import pytest
from structlog.testing import capture_logs

from app import stalls
from app.stalls import MOST_PLACES, NOWHERE, OTHER, Stalls, place_of

LIMIT = 0.05
BLOCKING = """
import time

def wait(seconds):
    time.sleep(seconds)

async def answer(seconds):
    wait(seconds)
"""


@pytest.fixture
def hook(tmp_path: Path) -> ModuleType:
    """A module of the author's that blocks."""
    file = tmp_path / "hooks" / "slow.py"
    module = ModuleType("hooks.slow")
    exec(compile(BLOCKING, str(file), "exec"), vars(module))
    return module


class Watch(Stalls):
    """A watch whose ticks can be waited for."""

    def __init__(self) -> None:
        super().__init__(LIMIT)
        self._ticked = asyncio.Event()

    def _tick(self) -> None:
        super()._tick()
        self._ticked.set()

    async def tick(self) -> None:
        """Wait until the loop has ticked once more."""
        self._ticked.clear()
        await asyncio.wait_for(self._ticked.wait(), 5)


@asynccontextmanager
async def watched() -> AsyncIterator[Watch]:
    """A watch on this loop; at the end the loop has ticked once more."""
    watch = Watch()
    watch.start()
    try:
        yield watch
        await watch.tick()
    finally:
        watch.stop()


def counted(watch: Stalls) -> dict[str, tuple[float, float]]:
    """Times and seconds by place, as they are scraped."""
    times, seconds = watch.collect()
    sums = {sample.labels["place"]: sample.value for sample in seconds.samples}
    return {
        sample.labels["place"]: (sample.value, sums[sample.labels["place"]])
        for sample in times.samples
    }


async def test_the_line_of_the_author_that_blocks_is_named(hook: ModuleType) -> None:
    with capture_logs() as lines:
        async with watched() as watch:
            await hook.answer(0.3)

    (line,) = [one for one in lines if one["place"].startswith("hooks")]
    assert line["event"] == "loop_stalled"
    assert line["log_level"] == "warning"
    assert line["place"] == "hooks/slow.py:5 in wait"
    assert 0.2 < line["seconds"] < 2
    times, seconds = counted(watch)["hooks/slow.py:5 in wait"]
    assert times == 1
    assert seconds == pytest.approx(line["seconds"], abs=0.01)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no uvloop")
def test_it_is_named_on_uvloop_too(hook: ModuleType) -> None:
    import uvloop

    async def block() -> dict[str, tuple[float, float]]:
        async with watched() as watch:
            asyncio.get_running_loop().call_soon(hook.wait, 0.3)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        return counted(watch)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert "hooks/slow.py:5 in wait" in runner.run(block())


async def test_a_place_is_told_once_a_minute_and_counted_each_time(hook: ModuleType) -> None:
    with capture_logs() as lines:
        async with watched() as watch:
            for _ in range(2):
                await hook.answer(0.2)
                await watch.tick()

    assert len([one for one in lines if one["place"].startswith("hooks")]) == 1
    assert counted(watch)["hooks/slow.py:5 in wait"][0] == 2


async def test_a_loop_that_never_comes_back_is_told_all_the_same(
    hook: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stalls, "STUCK_SECONDS", 0.1)
    told = threading.Event()
    monkeypatch.setattr(stalls.log, "error", lambda *_, **__: told.set(), raising=False)
    async with watched():
        assert told.wait(5), "the thread says it while the loop is still blocked"


async def test_the_number_of_places_is_bounded() -> None:
    watch = Stalls(LIMIT)
    with capture_logs():
        for number in range(MOST_PLACES + 10):
            watch._count(f"hooks/made.py:{number} in f", 0.5, 0.0)

    found = counted(watch)
    assert len(found) == MOST_PLACES + 1
    assert found[OTHER] == (10, 5.0)


def frame_in(function: Callable[[], FrameType]) -> FrameType:
    return function()


def test_without_the_authors_code_ours_is_named_and_else_a_librarys() -> None:
    here = sys._getframe()
    code = compile("def f(inner):\n    return inner()\n", "/x/site-packages/app/made.py", "exec")
    ours: dict[str, object] = {"__name__": "app.made"}
    exec(code, ours)
    named: list[str] = []

    def look() -> None:
        named.append(place_of(sys._getframe()))

    ours["f"](look)  # type: ignore[operator]
    assert named == ["app/made.py:2 in f"]
    assert place_of(here).startswith("tests/test_stalls.py:")
    assert place_of(None) == NOWHERE


async def test_it_costs_next_to_nothing() -> None:
    """Ticks and looks of a whole second, as CPU time: under a hundredth of it."""
    watch = Stalls(0.1)
    watch._loop, watch._thread_id = asyncio.get_running_loop(), threading.get_ident()
    begun = time.thread_time()
    for _ in range(20):
        watch._due = time.monotonic()
        watch._tick()
        assert watch._timer
        watch._timer.cancel()
    assert time.thread_time() - begun < 0.01
