"""Thousands of calls, one batch after the other: what a call took is given back when it is over."""

import asyncio
import gc
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.robustness import frames, lengths
from tests.robustness.application import OPENINGS
from tests.robustness.census import Census, count_objects, objects
from tests.robustness.far_end import FarEnd
from tests.robustness.stage import Stage
from tests.server.jambonz import call_info

AT_ONCE = 20
PATHS = sorted(OPENINGS)
TOOLS = ("quick", "in_thread", "refused", "steering", "unheard-of")
RARE_TOOLS = ("broken", "late")
STATUS = Path("/proc/self/status")
# What a call may leave behind: allocated blocks, objects, bytes of resident memory. One that is
# kept takes some hundred blocks, dozens of objects, and 10 KiB at the least.
BLOCKS, OBJECTS, BYTES = 1.0, 1.0, 1000


# The objects of the call that stays; names of sockets by either route.
ONE = Counter({"Session": 1, "Conversation": 1, "DirectSocket": 1, "ResponseSocket": 1})


@dataclass(frozen=True)
class Memory:
    """What the process holds, the collector having been here."""

    blocks: int
    objects: int
    resident: int

    def growth(self, since: "Memory", calls: int) -> tuple[float, float, float]:
        """Per call."""
        return (
            (self.blocks - since.blocks) / calls,
            (self.objects - since.objects) / calls,
            (self.resident - since.resident) / calls,
        )


def take_memory() -> Memory:
    gc.collect()
    blocks, objects = sys.getallocatedblocks(), len(gc.get_objects())
    lines = STATUS.read_text().splitlines() if STATUS.exists() else ()
    resident = sum(1024 * int(line.split()[1]) for line in lines if line.startswith("VmRSS"))
    return Memory(blocks, objects, resident)


class Call:
    """One call, from its first message to its end."""

    def __init__(self, stage: Stage, number: int) -> None:
        self._stage = stage
        self._number = number
        self._call_sid = f"call-{number}"
        self._path = PATHS[number % len(PATHS)]
        self._end: FarEnd
        self._told = 0

    async def live(self) -> None:
        self._end = await self._stage.connect(self._path)
        await self.ask("session:new", call_info(self._call_sid))
        self.say("call:status", {**call_info(self._call_sid), "call_status": "in-progress"})
        await self.turn()
        if self._number % 5 == 1:
            self._end.drop()
            self._end = await self._stage.connect(self._path)
            await self.ask("session:reconnect", call_info(self._call_sid))
            await self.turn()
        if self._number % 5 != 2:
            self.say("call:status", {**call_info(self._call_sid), "call_status": "completed"})
            self._end.write(frames.frame((1000).to_bytes(2, "big"), 8))
            await self._end.until(lambda: any(code == 8 for code, _ in self._end.frames))
        self._end.drop()

    async def turn(self) -> None:
        self.say("agent:event", {"type": "user_transcript", "transcript": "PRIVATE"}, hook="/x")
        rare = RARE_TOOLS[self._number % 2 :][:1] if self._number % 20 < 2 else ()
        for name in (*TOOLS, *rare):
            await self.call_tool(name)
        for hook in ("/GatherEnded", "/raw", "/fails" if rare else "/unheard-of"):
            await self.ask("verb:hook", {"speech": {}, "reason": "speechDetected"}, hook=hook)
        self.say("agent:event", {"type": "turn_end", "latency": {"llm_ms": 300}}, hook="/x")

    def say(self, kind: str, data: dict[str, Any], **fields: Any) -> str:
        self._told += 1
        msgid = f"m{self._told}"
        message = {"type": kind, "msgid": msgid, "call_sid": self._call_sid, "data": data}
        self._end.write(frames.frame(frames.encoded({**message, **fields})))
        return msgid

    async def ask(self, kind: str, data: dict[str, Any], **fields: Any) -> None:
        """Say something and wait for its ack."""
        msgid = self.say(kind, data, **fields)
        await self._end.until(lambda: any(one.get("msgid") == msgid for one in self._end.told))

    async def call_tool(self, name: str) -> None:
        """Call a tool and wait for its output."""
        call_id = f"t{self._told}"
        data = {"tool_call_id": call_id, "name": name, "arguments": {"name": "x"}}
        self.say("agent:tool-call", data, hook="/tools")
        await self._end.until(
            lambda: any(one.get("tool_call_id") == call_id for one in self._end.told)
        )


async def have_calls(stage: Stage, first: int, last: int, there: Census) -> Memory:
    """Have these calls, some at once, each over before the next batch; then look."""
    for start in range(first, last, AT_ONCE):
        numbers = range(start, min(start + AT_ONCE, last))
        await asyncio.gather(*(Call(stage, number).live() for number in numbers))
        await stage.until_as_before()
    await stage.breathe()
    await objects(there | ONE)
    return take_memory()


def test_memory_does_not_grow_with_the_calls_that_were(
    runner: asyncio.Runner, stage: Stage
) -> None:
    """From when the bounds are reached, such as that of ended calls whose events are kept."""
    warm, last = lengths.choose(320, 2000), lengths.choose(800, 10_000)
    there = count_objects()  # what other tests of this process may still hold
    before = runner.run(have_calls(stage, 0, warm, there))
    after = runner.run(have_calls(stage, warm, last, there))
    blocks, objects, resident = after.growth(before, last - warm)

    print(f"a call left {blocks:.2f} blocks, {objects:.2f} objects, {resident:.0f} bytes")
    assert blocks < BLOCKS
    assert objects < OBJECTS
    assert resident < BYTES or last < 10_000, "pages come and go: a few calls tell nothing of them"
