"""An examination: every scenario is played, everything that was seen is judged."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from app.doctor.call import Gone, NoAnswer
from app.doctor.desk import Desk
from app.doctor.finding import Finding
from app.doctor.line import CannotConnect
from app.doctor.rules import Seen, env, judge
from app.doctor.scenarios import SCENARIOS, Scenario

FIRST = "opening"
"""The scenario that is always played, before the others."""

Progress = Callable[[str, float, bool], None]
"""Is told the name of a scenario, its seconds, and whether there was anything to try."""


@dataclass(frozen=True, slots=True)
class Examination:
    """What came of it.

    Attributes:
        findings: The worst first; each once.
        scenarios: The names of those that were played.
        unfinished: The names of those for which there was no time.
        calls: How many sockets were opened.
        messages: How many frames went to and fro.
        took: Seconds.
    """

    findings: Sequence[Finding]
    scenarios: Sequence[str]
    unfinished: Sequence[str] = field(default=())
    calls: int = 0
    messages: int = 0
    took: float = 0.0


async def examine(
    desk: Desk, *, only: Sequence[str] = (), limit: float, on_progress: Progress | None = None
) -> Examination:
    """Examine an application.

    Args:
        desk: How to dial and how long to wait.
        only: Names of scenarios; all of them where it is empty.
        limit: Seconds for everything.
        on_progress: Is told of each scenario that is over.

    Raises:
        CannotConnect: If not even a first socket can be opened.
    """
    began = time.monotonic()
    wanted = {name: one for name, one in SCENARIOS.items() if not only or name in (FIRST, *only)}
    done: list[str] = []

    async def play(name: str, scenario: Scenario) -> None:
        start = time.monotonic()
        was_tried = await _play(desk, name, scenario)
        done.append(name)
        if on_progress:
            on_progress(name, time.monotonic() - start, was_tried)

    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(limit):
            for stage in sorted({one.stage for one in wanted.values()}):
                together = (play(name, one) for name, one in wanted.items() if one.stage == stage)
                await asyncio.gather(*together)
    return Examination(
        findings=findings_of(desk),
        scenarios=[name for name in wanted if name in done],
        unfinished=[name for name in wanted if name not in done],
        calls=sum(len(list(one.opened)) for one in desk.transcripts),
        messages=sum(len([*one.sent, *one.came]) for one in desk.transcripts),
        took=time.monotonic() - began,
    )


async def _play(desk: Desk, name: str, scenario: Scenario) -> bool:
    """Play one scenario; False where there was nothing to try.

    Raises:
        CannotConnect: If not even the first opens a socket.
    """
    try:
        return await scenario.run(desk)
    except (Gone, NoAnswer):
        return True  # the rules see it in the transcript
    except CannotConnect as failure:
        if name == FIRST:
            raise
        last = [one for one in desk.transcripts if one.scenario == name][-1]
        last.given_up = str(failure)
        return True


def findings_of(desk: Desk) -> list[Finding]:
    """All that is wrong in what was seen, the worst first."""
    found = [
        finding
        for transcript in desk.transcripts
        for finding in judge(Seen(transcript, desk.limits, desk.knows_agent))
    ]
    found += env.form(desk.form)
    found += env.password(desk.takes_any_password)
    order = ("error", "warning", "hint")
    return sorted(once(found), key=lambda one: order.index(one.severity))


def once(found: Iterable[Finding]) -> list[Finding]:
    """Each finding once, with how often it was found."""
    kept: dict[tuple[str, str], Finding] = {}
    for one in found:
        key = (one.rule, one.path)
        kept[key] = replace(kept[key], times=kept[key].times + 1) if key in kept else one
    return list(kept.values())
