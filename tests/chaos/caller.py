"""One caller: calls, lets the agent use its tools, and notes what became of everything."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import aiohttp
import orjson

from app.twin import CallRefused, Twin, TwinCall
from app.twin.log import Entry

SEARCH, BOOK = (0.1, 1.2), (0.0, 0.3)
"""Seconds that these tools take, at least and at most."""


@dataclass
class Asked:
    """A tool call: when it was written to a socket last, and when its output came; 0 is never."""

    name: str
    sent: float = 0.0
    answered: float = 0.0
    output: Any = None


@dataclass
class Updated:
    """An update over REST: its status, 0 where nobody answered, and how often it arrived."""

    sent: float
    status: int = 0
    arrived: int = 0


@dataclass
class Story:
    """All that became of a call; moments are of the clock that all processes share."""

    call_sid: str = ""
    asked: dict[str, Asked] = field(default_factory=dict)
    updated: dict[str, Updated] = field(default_factory=dict)
    lost: list[float] = field(default_factory=list)
    back: list[float] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    agents: int = 0
    greeting: str = ""
    greetings: int = 0
    errors: list[str] = field(default_factory=list)
    repeated: int = 0
    recalled: list[str] = field(default_factory=list)
    said: str = ""
    failed: str = ""


class Caller:
    """One call, from its first message to its end.

    Args:
        twin: Who dials.
        rest: Over what REST is asked.
        number: Tells it from the others of its process.
    """

    def __init__(self, twin: Twin, rest: aiohttp.ClientSession, number: int) -> None:
        self.story = Story()
        self._twin, self._rest, self._number = twin, rest, number
        self._chance = Random(number)
        self._outputs: dict[str, asyncio.Future[Any]] = {}
        self._requests: set[asyncio.Task[None]] = set()
        self._call: TwinCall

    async def begin(self) -> None:
        """Call, and hear the greeting."""
        try:
            self._call = await self._twin.call("/desk")
        except CallRefused as refusal:
            self.story.failed = f"refused: {refusal}"
            return
        self.story.call_sid = self._call.call_sid
        for entry in self._call.log:
            self._note(entry)
        self._call.subscribe(self._note)
        await self._call.settled(timeout=60)
        self.story.greeting = self._call.spoken[0]

    async def talk(self, stop: asyncio.Event, pause: float, updates: float) -> None:
        """Use tools, one after the other, and send updates, until it is enough."""
        if self.story.failed:
            return
        await pass_by(stop, self._chance.uniform(0, pause))  # not all at the same moment
        while not stop.is_set() and not self._call.is_over:
            output = self._ask()
            if self._chance.random() < updates:
                self._start_update()
            await pass_by(stop, self._chance.uniform(0.5 * pause, 1.5 * pause))
            await asyncio.wait({output}, timeout=2 * pause)

    async def finish(self, limit: float, deaf: Sequence[tuple[float, float]]) -> None:
        """Wait for what is owed, ask for all that the call remembers, and hang up.

        Nobody waits for what was written while nobody heard it, from when to when `deaf` says.
        """
        if self.story.failed:
            return
        owed = [
            output
            for ref, output in self._outputs.items()
            if not any(since < self.story.asked[ref].sent < until for since, until in deaf)
        ]
        if owed:
            await asyncio.wait(owed, timeout=limit)
        if self._requests:
            await asyncio.wait(self._requests, timeout=limit)
        await self._look_back(limit)
        self.story.greetings = self._call.spoken.count(self.story.greeting)
        await self._call.close()

    async def _look_back(self, limit: float) -> None:
        try:
            output = await self._call.tool_call(
                "recall", {"ref": self._ref()}, tool_call_id=self._ref(), timeout=limit
            )
            self.story.recalled = output["done"]
            self.story.said = await self._call.say("Are you still there?", timeout=limit)
        except Exception as error:
            self.story.failed = f"{type(error).__name__}: {str(error)[:600]}"

    def _ref(self) -> str:
        return f"{self._call.call_sid[:8]}-{len(self.story.asked)}"

    def _ask(self) -> "asyncio.Future[Any]":
        """Have a tool called, as an agent would."""
        name = self._chance.choices(("mark", "search", "book"), (2, 1, 1))[0]
        ref = self._ref()
        arguments: dict[str, Any] = {"ref": ref}
        if name != "mark":
            arguments["seconds"] = round(
                self._chance.uniform(*(SEARCH if name == "search" else BOOK)), 3
            )
        self.story.asked[ref] = Asked(name)
        output = self._call.leg.tools.ask(name, arguments, ref)
        self._outputs[ref] = output
        return output

    def _start_update(self) -> None:
        text = f"{self._call.call_sid[:8]}-u{len(self.story.updated)}"
        self.story.updated[text] = Updated(time.monotonic())
        task = asyncio.create_task(self._update(text))
        self._requests.add(task)
        task.add_done_callback(self._requests.discard)

    async def _update(self, text: str) -> None:
        body = {"type": "inject_context", "messages": [{"role": "system", "content": text}]}
        try:
            async with self._rest.post(
                f"/v1/calls/{self._call.call_sid}/agent", json=body
            ) as answer:
                self.story.updated[text].status = answer.status
        except (aiohttp.ClientError, TimeoutError, OSError):
            return  # nobody promised anything

    def _note(self, entry: Entry) -> None:
        """Take note of what matters later."""
        if noted := NOTED.get(entry.kind):
            noted(self.story, entry.data)


def sent(story: Story, data: dict[str, Any]) -> None:
    if data["type"] == "agent:tool-call" and (
        asked := story.asked.get(data["data"]["tool_call_id"])
    ):
        asked.sent = time.monotonic()


def tool_output(story: Story, data: dict[str, Any]) -> None:
    if asked := story.asked.get(data["tool_call_id"]):
        asked.answered, asked.output = time.monotonic(), data["output"]


def reconnect(story: Story, data: dict[str, Any]) -> None:
    if data["event"] == "lost":
        story.lost.append(time.monotonic())
        story.codes.append(data["code"])
    elif data["event"] == "reconnected":
        story.back.append(time.monotonic())


def verb(story: Story, data: dict[str, Any]) -> None:
    story.agents += data["verb"] == "agent" and data["event"] == "starting"


def update(story: Story, data: dict[str, Any]) -> None:
    for message in data.get("messages", ()):
        if updated := story.updated.get(message["content"]):
            updated.arrived += 1


def error(story: Story, data: dict[str, Any]) -> None:
    story.errors.append(orjson.dumps(data).decode())


def told(story: Story, data: dict[str, Any]) -> None:
    story.repeated += data["text"].startswith("late or unknown tool output")


def end(story: Story, data: dict[str, Any]) -> None:
    if data["by"] != "caller":
        story.failed = f"ended: {data['reason']}"


NOTED = {
    "sent": sent,
    "tool_output": tool_output,
    "reconnect": reconnect,
    "verb": verb,
    "update": update,
    "error": error,
    "note": told,
    "end": end,
}


async def pass_by(stop: asyncio.Event, seconds: float) -> None:
    """Wait for a while, or until it is enough."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
