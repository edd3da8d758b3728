"""Tells when the event loop is blocked, and names the line that blocks it.

While one function computes or waits without ``await``, no other call is served. The loop sets the
time of its next tick; a thread looks whether it is overdue, and if so what the loop's thread runs.
"""

import asyncio
import sys
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import FrameType
from typing import Final

import structlog
from aiohttp import web
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from app.application import is_authors, shown
from app.keys import COUNTERS, SETTINGS
from app.logs import Event

__all__ = ["Stalls", "setup"]

LONGEST_TICK: Final = 0.05
STUCK_SECONDS: Final = 5.0
"""After this long the log says so without waiting for the end, which may never come."""
TOLD_AGAIN_AFTER: Final = 60.0
MOST_PLACES: Final = 50
OTHER: Final = "other"
NOWHERE: Final = "nothing of Python: a busy machine, or a stopped process"
LOOP_FILES: Final = ("base_events.py", "runners.py", "selectors.py")
FIX: Final = "await it, or use a plain def, which runs in a thread"

log = structlog.get_logger("cordboard.stalls")


def setup(web_app: web.Application) -> None:
    """Watch the loop while the server runs."""
    web_app.cleanup_ctx.append(watching)


async def watching(web_app: web.Application) -> AsyncIterator[None]:
    """A watch, from the start of the server to its end."""
    stalls = Stalls(web_app[SETTINGS].stall_limit)
    web_app[COUNTERS].registry.register(stalls)
    stalls.start()
    yield
    stalls.stop()


class Stalls(Collector):
    """The watch on one loop, and what it has counted.

    Args:
        limit: Seconds that the loop may be blocked without a word.
    """

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._tick_seconds = min(LONGEST_TICK, limit / 2)
        self._due = 0.0
        self._samples: Counter[str] = Counter()
        self._counted: dict[str, tuple[int, float]] = {}
        self._told: dict[str, float] = {}
        self._is_told_stuck = False
        self._running = threading.Lock()  # held until the end: cheaper to wait for than an Event
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin, on the loop that is to be watched."""
        self._loop = asyncio.get_running_loop()
        self._thread_id = threading.get_ident()
        self._running.acquire()
        self._due = time.monotonic()
        self._tick()
        threading.Thread(target=self._watch, name="stalls", daemon=True).start()

    def stop(self) -> None:
        """End; the thread leaves by itself."""
        if self._timer is not None:
            self._timer.cancel()
            self._running.release()

    def _tick(self) -> None:
        """On the loop: it is alive, and maybe it comes late."""
        now = time.monotonic()
        late = now - self._due
        self._due = now + self._tick_seconds
        if self._samples or late >= self._limit:
            samples, self._samples = self._samples, Counter()
            self._is_told_stuck = False
            if late >= self._limit:
                self._count(most_seen(samples), late, now)
        self._timer = self._loop.call_later(self._tick_seconds, self._tick)

    def _count(self, place: str, seconds: float, now: float) -> None:
        if place not in self._counted and len(self._counted) >= MOST_PLACES:
            place = OTHER
        times, total = self._counted.get(place, (0, 0.0))
        self._counted[place] = times + 1, total + seconds
        if now - self._told.get(place, -TOLD_AGAIN_AFTER) >= TOLD_AGAIN_AFTER:
            self._told[place] = now
            log.warning(
                Event.LOOP_STALLED,
                place=place,
                seconds=round(seconds, 2),
                times=times + 1,
                **({} if place == NOWHERE else {"fix": FIX}),
            )

    def _watch(self) -> None:
        """In the thread: see what runs while the loop is overdue."""
        while not self._running.acquire(timeout=self._tick_seconds):
            late = time.monotonic() - self._due
            if late < self._limit / 2:
                continue
            frame = sys._current_frames().get(self._thread_id)
            place = place_of(frame)
            del frame  # it would keep alive what the function holds
            self._samples[place] += 1
            if late >= STUCK_SECONDS and not self._is_told_stuck:
                self._is_told_stuck = True
                log.error(Event.LOOP_STUCK, place=place, seconds=round(late, 1), fix=FIX)

    def collect(self) -> Iterator[CounterMetricFamily]:
        """What was counted, for a scrape."""
        times = CounterMetricFamily(
            "cordboard_loop_stalls", "Times that the event loop was blocked.", labels=("place",)
        )
        seconds = CounterMetricFamily(
            "cordboard_loop_stall_seconds", "Time that it was blocked.", labels=("place",)
        )
        for place, (count, total) in [*self._counted.items()]:
            times.add_metric((place,), count)
            seconds.add_metric((place,), total)
        yield from (times, seconds)


def most_seen(samples: Counter[str]) -> str:
    """The place that was seen most; whatever ran counts for more than the loop at rest."""
    ran = Counter({place: count for place, count in samples.items() if place != NOWHERE})
    return ran.most_common(1)[0][0] if ran else NOWHERE


def place_of(frame: FrameType | None) -> str:
    """Where the author's code stands, or else Cordboard's, or else a library's, innermost first."""
    stack = list(frames_on_loop(frame))
    own = [one for one in stack if is_authors(one)]
    ours = [one for one in stack if module_of(one).startswith("app.")]
    for found in (own, ours, stack):
        if found:
            code = found[0].f_code
            return f"{path_of(found[0])}:{found[0].f_lineno} in {code.co_name}"
    return NOWHERE


def frames_on_loop(frame: FrameType | None) -> Iterator[FrameType]:
    """The frames from the innermost to the one that the loop has called."""
    while frame is not None and not is_loops(frame):
        yield frame
        frame = frame.f_back


def is_loops(frame: FrameType) -> bool:
    """Whether this is the loop itself, at rest or calling something."""
    path = Path(frame.f_code.co_filename)
    return path.name in LOOP_FILES and module_of(frame).split(".")[0] in ("asyncio", "selectors")


def module_of(frame: FrameType) -> str:
    """The name of the module whose code this is."""
    return str(frame.f_globals.get("__name__", ""))


def path_of(frame: FrameType) -> str:
    """The file, from the folder of its top-level package on."""
    path = Path(frame.f_code.co_filename)
    if is_authors(frame):
        return shown(str(path))
    depth = module_of(frame).count(".") + 1 + (path.name == "__init__.py")
    return "/".join(path.parts[-depth:])
