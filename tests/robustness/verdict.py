"""What must hold of a call, whatever the network did: read from the log of the far end."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from app.testing import Entry, TwinCall
from tests.robustness.seeded import Run, Witness

ASKS = ("session:", "verb:hook", "dial:confirm")


class Wire:
    """The frames of a call as jambonz sent and received them, each with its place in the log."""

    def __init__(self, call: TwinCall) -> None:
        self.log: list[Entry] = call.log
        self.losses = [n for n, one in self._of("reconnect") if one["event"] == "lost"]
        self.sent = [*self._of("sent")]
        self.received = [*self._of("received")]

    def _of(self, kind: str) -> Iterator[tuple[int, dict[str, Any]]]:
        return ((n, one.data) for n, one in enumerate(self.log) if one.kind == kind)

    def is_lost_between(self, first: int, last: int) -> bool:
        """Whether a socket broke there."""
        return any(first < loss <= last for loss in self.losses)


def faults(run: Run, witness: Witness) -> list[str]:
    """What does not hold."""
    wire = Wire(run.call)
    return [
        *acks(wire),
        *outputs(wire),
        *runs(wire, witness),
        *updates(wire, run.accepted),
        *turns(wire, witness),
        *([] if witness.openings == 1 else [f"the opening was run {witness.openings} times"]),
        *(f"jambonz was sent what it refuses: {error}" for error in run.call.errors),
        *([] if "caller" in run.call.end_reason else [f"the call ended: {run.call.end_reason}"]),
    ]


def acks(wire: Wire) -> Iterator[str]:
    """Each message that asks for an ack gets one, unless its socket broke before."""
    given = Counter(frame["msgid"] for _, frame in wire.received if frame.get("type") == "ack")
    asked: dict[str, int] = {}
    for place, message in wire.sent:
        if message["type"].startswith(ASKS):
            asked[message["msgid"]] = place
    for msgid, place in asked.items():
        if given[msgid] > 1:
            yield f"{msgid} was acked {given[msgid]} times"
        if not given[msgid] and not wire.is_lost_between(place, len(wire.log)):
            yield f"{msgid} was not acked"
    for msgid in given.keys() - asked.keys():
        yield f"{msgid} was acked, which asked for nothing"


def outputs(wire: Wire) -> Iterator[str]:
    """Each tool call gets one output; another copy only after a loss, and the same one."""
    asked = {
        one.data["tool_call_id"]: n for n, one in enumerate(wire.log) if one.kind == "tool_call"
    }
    given: dict[str, list[tuple[int, Any]]] = defaultdict(list)
    for place, frame in wire.received:
        if frame.get("command") == "llm:tool-output":
            given[frame["tool_call_id"]].append((place, frame.get("data")))
    for call_id in asked:
        if not given[call_id]:
            yield f"{call_id} got no output"
        yield from copies(wire, call_id, given[call_id])
    for call_id in given.keys() - asked:
        yield f"{call_id} got an output, which nobody asked for"


def copies(wire: Wire, name: str, found: list[tuple[int, Any]]) -> Iterator[str]:
    """A second one is there because a socket broke after the first."""
    for (first, data), (second, again) in pairwise(found):
        if not wire.is_lost_between(first, second):
            yield f"{name} came twice on one socket"
        if data != again:
            yield f"{name} came with {data}, and then with {again}"


def runs(wire: Wire, witness: Witness) -> Iterator[str]:
    """Each tool call runs its function once."""
    asked = {one.data["arguments"]["number"] for one in wire.log if one.kind == "tool_call"}
    for number in sorted(asked | witness.runs.keys()):
        if witness.runs[number] != 1:
            yield f"the function of tool call {number} ran {witness.runs[number]} times"


def updates(wire: Wire, accepted: list[str]) -> Iterator[str]:
    """What was accepted arrives, in order; another copy only after a loss."""
    found: dict[str, list[tuple[int, Any]]] = defaultdict(list)
    for place, frame in wire.received:
        if frame.get("command") == "agent:update":
            found[frame["data"]["messages"][0]["content"]].append((place, frame["data"]))
    yield from (f"{name} was lost" for name in accepted if name not in found)
    for name, each in found.items():
        yield from copies(wire, name, each)
    arrived = sorted(found, key=lambda name: found[name][0][0])
    if arrived != [name for name in accepted if name in found]:
        yield f"updates came in another order: {arrived}"


def turns(wire: Wire, witness: Witness) -> Iterator[str]:
    """What comes twice is heard once; nothing is lost but with a socket."""
    ended = {
        message["msgid"]
        for _, message in wire.sent
        if message["type"] == "agent:event" and message["data"]["type"] == "turn_end"
    }
    counted = witness.state.turns
    if counted > len(ended) or (counted < len(ended) and not wire.losses):
        yield f"of {len(ended)} turns {counted} were heard"
