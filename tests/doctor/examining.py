"""Runs the doctor on applications of the ward, many at a time and with short limits."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace

from app.doctor import CannotConnect, Examination, Limits, Options, desk_for, examine
from tests.doctor.cases import SECONDS, Case
from tests.doctor.server import Application, Ward, ward

AT_A_TIME = 64
HURRIED = Limits(
    ack=SECONDS,
    slow_ack=SECONDS * 0.7,
    grace=SECONDS * 0.5,
    handshake=SECONDS * 1.2,
    slow_handshake=SECONDS * 0.6,
    tool=SECONDS * 1.1,
    slow_tool=SECONDS * 0.6,
    settle=0.03,
)
"""For applications that are wrong: what is late is so by these."""

PATIENT = replace(Limits().scaled(4), settle=0.05)
"""For those that are well: a busy machine is no reason to call one late."""


async def look_at(
    url: str, limits: Limits, scenarios: Sequence[str] = (), **options: str
) -> Examination:
    """Examine one application."""
    desk = desk_for(Options(url=url, **options))  # type: ignore[arg-type]
    desk.limits = limits
    return await examine(desk, only=scenarios, limit=30)


async def diagnose(open_: Ward, case: Case, turn: asyncio.Semaphore) -> Examination:
    async with turn:
        url = open_.admit(case.application)
        try:
            return await look_at(url, HURRIED, case.scenarios, **case.needs)
        except CannotConnect:
            return Examination([], [])  # the machine is too busy: nothing was found


async def diagnose_all(cases: Iterable[Case]) -> list[tuple[Case, Examination]]:
    """Examine the application of every case."""
    turn = asyncio.Semaphore(AT_A_TIME)
    chosen = list(cases)
    async with ward() as opened:
        seen = await asyncio.gather(*(diagnose(opened, case, turn) for case in chosen))
    return list(zip(chosen, seen, strict=True))


async def examine_all(applications: Iterable[Application]) -> list[Examination]:
    """Examine applications that are well."""
    turn = asyncio.Semaphore(AT_A_TIME // 2)

    async def one(opened: Ward, application: Application) -> Examination:
        async with turn:
            return await look_at(opened.admit(application), PATIENT)

    async with ward() as opened:
        return await asyncio.gather(*(one(opened, each) for each in applications))
