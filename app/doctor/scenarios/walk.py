"""Tries every hook, tool and event that the application's verbs name, and those in its answers."""

from collections.abc import Iterable
from typing import Any

from app.doctor.call import Call, Gone, NoAnswer
from app.doctor.desk import Desk, begin
from app.doctor.hooks import MUST_RETURN, HookAt, find
from app.doctor.probes import Probe, of_hook
from app.doctor.transcript import Sent
from app.doctor.verb_list import ends_call

MAX_CALLS = 6
MAX_PROBES = 40
MAX_FAILURES = 2
"""Bounds: an application can be endless, or answer nothing."""


class Walk:
    """What was tried so far."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.seen: set[tuple[str, str, str, str]] = set()
        self.failures = 0

    def next_batch(self, verbs: Any) -> list[Probe]:
        """What comes next: all events, or all calls of the tools of a hook, or one hook.

        What no application knows comes alone: it may bring one down before it answers the rest.
        """
        for hook in _agents_last(find(verbs)):
            fresh = [
                probe for probe in of_hook(hook, self.desk.dialect) if probe.key not in self.seen
            ]
            if fresh and len(self.seen) < MAX_PROBES:
                batch = [one for one in fresh if one.is_strange == fresh[0].is_strange]
                batch = batch[:1] if fresh[0].wants == "ack" else batch
                self.seen |= {probe.key for probe in batch}
                return batch
        return []

    async def follow(self, call: Call, verbs: Any) -> bool:
        """Try what the verbs name, then what the answers name; False where nothing was new."""
        is_new = False
        while batch := self.next_batch(verbs):
            is_new = True
            data = await self.put(call, batch)
            if replaces(batch[0]) and isinstance(data, list) and data:
                verbs = data
            if ends_call(data):
                break
        await call.settle()
        return is_new

    async def put(self, call: Call, batch: list[Probe]) -> Any:
        """Send probes, and return the verbs that follow from them."""
        sent = [await call.send(probe) for probe in batch]
        calls = [one for one in sent if one.wants == "output"]
        if calls:
            await call.outputs_of(calls)
        data = None
        for one in sent:
            if one.wants_ack:
                data = await call.ack_of(one)
        return data or await redirected(call, sent[-1])


def _agents_last(hooks: list[HookAt]) -> list[HookAt]:
    """Hooks in the order in which they are called: what ends a verb comes last."""
    return sorted(hooks, key=lambda hook: hook.option == "actionHook")


def replaces(probe: Probe) -> bool:
    """Whether the verbs of the ack replace those that run."""
    return probe.option.endswith("actionHook") and probe.option not in MUST_RETURN


async def redirected(call: Call, sent: Sent) -> Any:
    """The verbs of a redirect that came in place of an answer."""
    if sent.option.endswith("actionHook"):
        await call.settle()
    later = (came for came in call.transcript.commands if came.at > sent.at)
    lists = [
        came.frame["data"]
        for came in later
        if came.command == "redirect" and isinstance(came.frame.get("data"), list)
    ]
    return lists[-1] if lists else None


async def hooks(desk: Desk) -> bool:
    """Call again and again, until nothing new is found behind the first verbs."""
    walk = Walk(desk)
    for _ in range(MAX_CALLS):
        async with desk.call("hooks") as call:
            verbs = await begin(call)
            try:
                if not await walk.follow(call, verbs):
                    break
            except (Gone, NoAnswer):
                walk.failures += 1
                await call.settle()
        if walk.failures >= MAX_FAILURES:
            break
    return bool(walk.seen)


def askable(verbs: Any, desk: Desk) -> list[Probe]:
    """Every probe that awaits an ack and that the first verbs can bring about."""
    probes: Iterable[Probe] = (
        probe for hook in _agents_last(find(verbs)) for probe in of_hook(hook, desk.dialect)
    )
    return [probe for probe in probes if probe.wants == "ack"]


async def still_answers(desk: Desk, call: Call, verbs: Any) -> None:
    """See whether the application still answers what its first verbs named.

    Raises:
        Gone, NoAnswer: If it does not.
    """
    probes = askable(verbs, desk)
    if probes:
        await call.ask(probes[0])
    else:
        calls = [
            await call.send(probe)
            for hook in find(verbs)
            for probe in of_hook(hook, desk.dialect)
            if probe.wants == "output"
        ]
        await call.outputs_of(calls)
    await call.settle()
