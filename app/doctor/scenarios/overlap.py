"""Two hooks in flight at the same time: each wants the ack of its own msgid."""

from collections import Counter
from itertools import combinations
from typing import Any

from app.doctor.desk import Desk, begin
from app.doctor.probes import Probe
from app.doctor.scenarios.walk import askable

MAX_ALONE = 3
"""How many hooks are tried alone first."""


async def overlap(desk: Desk) -> bool:
    """Send two hooks alone, each in its own call, then both at once in a third one."""
    async with desk.call("overlap") as call:
        probes = _different_first(askable(await begin(call), desk))[:MAX_ALONE]
        if len(probes) < 2:
            return False
        answers = [await call.ask(probes[0])]
        await call.settle()
    answers += [await _alone(desk, probe) for probe in probes[1:]]
    pairs = list(combinations(zip(probes, answers, strict=True), 2))
    different = [pair for pair in pairs if pair[0][1] != pair[1][1]]
    await _together(desk, *(different or pairs)[0])
    return True


def _different_first(probes: list[Probe]) -> list[Probe]:
    """One probe of each hook before a second one of any: different hooks answer differently."""
    before: Counter[str] = Counter()
    rounds: list[tuple[int, Probe]] = []
    for probe in probes:
        rounds.append((before[probe.hook], probe))
        before[probe.hook] += 1
    return [probe for _, probe in sorted(rounds, key=lambda one: one[0])]


async def _alone(desk: Desk, probe: Probe) -> Any:
    async with desk.call("overlap") as call:
        await begin(call)
        return await call.ask(probe)


async def _together(desk: Desk, *pair: tuple[Probe, Any]) -> None:
    async with desk.call("overlap") as call:
        await begin(call)
        sent = [await call.send(probe) for probe, _ in pair]
        answers = [answer for _, answer in pair]
        call.transcript.alone = dict(zip((one.msgid for one in sent), answers, strict=True))
        for one in sent:
            await call.ack_of(one)
        await call.settle()
