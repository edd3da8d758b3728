"""Whatever comes over sockets, in whatever order: other calls do not notice, and nothing stays."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from app import calls as calls_module
from app import logs, tracing
from app.calls import Calls
from app.keys import COUNTERS
from app.lines import QUICK
from app.protocol import MAX_ID, Kind, MalformedMessage, decode
from app.server import build, direct
from app.server import socket as server_socket
from app.session import Limits, Runtime
from app.settings import Settings
from tests.logging_state import logging_as_before  # noqa: F401
from tests.robustness import frames, lengths
from tests.robustness.application import OPENINGS, make_application
from tests.robustness.census import Census, objects, take_census, until_as_before
from tests.robustness.far_end import FarEnd, connect
from tests.server.conftest import Logbook, Server, agent_application, serving_on_loopback
from tests.server.jambonz import MAX_FRAME, Jambonz

# The quickest that a server can be, so that what a call leaves behind shows at once.
LIMITS = Limits(ack_deadline=0.03, linger=0.02, tool_hook_timeout=0.03, hook_timeout=0.05)
CALL_SIDS = ("call-a", "call-a", "call-b")  # two sockets of one call, and another
Verb = Literal["write", "drop", "finish", "deafen", "redial", "breathe"]
# Lines at level error that what comes may cause. Whatever else is one is a mistake of ours.
EXPECTED = {"message_refused", "jambonz_error", "client_not_reading", "speech_failed"}
EXPECTED |= {"answer_not_allowed", "tool_result_unusable", "tool_call_given_up"}
# asyncio, of frames that were written before it told that the far end is gone.
WRITTEN_TOO_LATE = "socket.send() raised exception."
PHASES = (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)
FAILURES = {"Deliberate", "FrameTooLarge"}


@dataclass(frozen=True)
class Step:
    """Something that the far end does on one of its sockets."""

    slot: int
    does: Verb
    data: bytes = b""

    def __repr__(self) -> str:
        return f"Step({self.slot}, {self.does!r}, {self.data[:400]!r})"


@st.composite
def plots(draw: st.DrawFn) -> tuple[str, bool, list[Step]]:
    """An application, whether the far end waits for the upgrade, and what it does then."""
    steps: list[Step] = []
    for slot, call_sid in enumerate(CALL_SIDS):
        kind = draw(
            st.sampled_from(["session:new"] * 4 + [*frames.ACKABLE, "session:reconnect", ""])
        )
        if kind:
            steps.append(Step(slot, "write", frames.frame(frames.opening(kind, call_sid))))
    for _ in range(draw(st.integers(1, 30))):
        slot = draw(st.sampled_from([0, 0, 1, 2]))
        does: Verb = draw(
            st.sampled_from(
                ["write"] * 30 + ["drop", "finish", "deafen", "redial", "breathe", "breathe"]
            )
        )
        is_broken = does == "write" and not draw(st.integers(0, 15))
        write = (frames.broken if is_broken else frames.fine)(CALL_SIDS[slot])
        steps.append(Step(slot, does, draw(write) if does == "write" else b""))
    return draw(st.sampled_from(sorted(OPENINGS))), draw(st.booleans()), steps


class Stage:
    """A server with another call on it, which stays for all plots."""

    def __init__(self, server: Server, bystander: Jambonz, logbook: Logbook) -> None:
        self.server = server
        self.bystander = bystander
        self.logbook = logbook
        self.before = Census()

    async def play(self, path: str, is_patient: bool, steps: list[Step]) -> None:
        """Play a plot to its end, and see that all is as it was."""
        ends = [await connect(self.server, path, is_patient=is_patient) for _ in CALL_SIDS]
        all_ends = [*ends]
        for step in steps:
            if step.does == "redial":
                ends[step.slot] = await connect(self.server, path, is_patient=is_patient)
                all_ends.append(ends[step.slot])
            await self.do(step, ends[step.slot])
        await self.breathe()
        self.look()
        for end in all_ends:
            end.drop()
        await until_as_before(self.server, self.before)
        for end in all_ends:
            check(end)
        self.logbook_is_fine()

    async def do(self, step: Step, end: FarEnd) -> None:
        match step.does:
            case "write":
                end.write(step.data)
            case "drop":
                end.drop()
            case "finish":
                end.finish()
            case "deafen":
                end.deafen()
            case "breathe":
                await self.breathe()

    async def breathe(self) -> None:
        """Another call is answered, as quickly as ever."""
        assert await self.bystander.tool_call("ping") == {"result": "pong"}

    async def talk(self, path: str, contents: list[bytes]) -> None:
        """Have one call say all this, and wait for what is owed to it."""
        owed = Owed()
        end = await connect(self.server, path)
        for content in contents:
            owed.note(content)
            end.write(frames.frame(content))
        count = len(owed.acks) + len(owed.outputs)
        await end.until(lambda: sum(map(len, answers(end))) >= count)
        end.drop()
        await until_as_before(self.server, self.before)
        assert answers(end) == (sorted(owed.acks), sorted(owed.outputs))
        self.logbook_is_fine()

    def look(self) -> None:
        """As watchers, metrics and other calls do."""
        for session in self.server.calls:
            orjson.dumps(session.snapshot())
        assert self.server.web_app[COUNTERS].write()

    def logbook_is_fine(self) -> None:
        for line in self.logbook.lines:
            assert "PRIVATE" not in str(line), f"personal data in the log: {line}"
            if line["event"] == "handler_failed":
                assert {one["exc_type"] for one in line["exception"]} <= FAILURES, line
            elif line["event"] == "library":
                assert line["message"] == WRITTEN_TOO_LATE, line
            elif line["level"] in ("error", "critical"):
                assert line["event"] in EXPECTED, line
        self.logbook.lines.clear()
        self.logbook.seek(0)
        self.logbook.truncate()


def answers(end: FarEnd) -> tuple[list[str], list[str]]:
    """Which messages and which tool calls have been answered."""
    told = end.told()
    return (
        sorted(one["msgid"] for one in told if one["type"] == "ack"),
        sorted(one["tool_call_id"] for one in told if one.get("command") == "llm:tool-output"),
    )


def check(end: FarEnd) -> None:
    """What holds for all that was sent to a far end."""
    acked: set[str] = set()
    for told in end.told():
        assert len(orjson.dumps(told)) <= MAX_FRAME
        assert told["type"] in ("ack", "command")
        if told["type"] == "ack":
            assert told["msgid"] not in acked, "acked twice"
            acked.add(told["msgid"])


@dataclass(frozen=True)
class Owed:
    """What a call's messages have to be answered with."""

    acks: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)

    def note(self, content: bytes) -> None:
        """Take note of what one message asks for; what is no message asks for nothing."""
        with suppress(MalformedMessage):
            message = decode(content, 0.0)
            if message.wants_ack and message.msgid:
                self.acks.append(message.msgid)
            call_id = message.data.get("tool_call_id")
            if (
                message.kind is Kind.TOOL_CALL
                and isinstance(call_id, str)
                and 0 < len(call_id) <= MAX_ID
            ):
                self.outputs.append(call_id)


@st.composite
def talks(draw: st.DrawFn) -> tuple[str, list[bytes]]:
    """An application, and the messages of one call, each of which can be told from the others."""
    contents = [frames.opening("session:new", "call-a")]
    for number, message in enumerate(draw(st.lists(ASKING, max_size=25))):
        if isinstance(message.get("msgid"), str):
            message["msgid"] = f"m{number}"
        data = message.get("data")
        if isinstance(data, dict) and isinstance(data.get("tool_call_id"), str):
            data["tool_call_id"] = f"t{number}"
        contents.append(frames.encoded(message))
    return draw(st.sampled_from(sorted(OPENINGS))), contents


def is_asking(message: Any) -> bool:
    """Whether a message leaves the call as it is; several tool calls in one have one output."""
    data = message.get("data")
    is_batch = isinstance(data, dict) and "function_calls" in data
    return message.get("type") not in ("session:reconnect", "call:status") and not is_batch


ASKING = (frames.messages() | frames.mutants()).filter(is_asking)


@pytest.fixture(params=["direct", "aiohttp"])
def stage(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[asyncio.Runner, Stage]]:
    """A server, by either route, and the loop that it runs on."""
    request.getfixturevalue("logging_as_before")
    monkeypatch.setattr(calls_module, "SWEEP_SECONDS", 0.005)
    for module in (server_socket, direct):
        monkeypatch.setattr(module, "HANDSHAKE_SECONDS", 0.05)
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        yield runner, runner.run(set_stage(stack, is_direct=request.param == "direct"))
        runner.run(stack.aclose())
        QUICK.use(None)  # before the loop is closed, which the logbook belongs to


async def set_stage(stack: AsyncExitStack, *, is_direct: bool) -> Stage:
    logbook = Logbook()
    logs.configure(Settings(log_format="json"), stream=logbook)
    applications = [*map(make_application, OPENINGS), agent_application("/bystander")]
    web_app = build(Settings(), applications, calls=Calls(Runtime(limits=LIMITS)))
    tracing.start(web_app, SimpleSpanProcessor(InMemorySpanExporter()))
    server = await stack.enter_async_context(serving_on_loopback(web_app, is_direct=is_direct))
    stage = Stage(server, await server.call("/bystander"), logbook)
    await stage.breathe()
    stage.before = take_census(server)
    return stage


def test_whatever_comes_other_calls_do_not_notice_and_nothing_stays(
    stage: tuple[asyncio.Runner, Stage],
) -> None:
    runner, here = stage
    before = runner.run(objects())

    @settings(max_examples=lengths.choose(50, 3000), phases=PHASES)
    @given(plots())
    def play(plot: tuple[str, bool, list[Step]]) -> None:
        runner.run(here.play(*plot))

    play()
    runner.run(objects(before))
    here.logbook_is_fine()  # of what the collector found


def test_whatever_one_call_says_each_message_is_answered_once(
    stage: tuple[asyncio.Runner, Stage],
) -> None:
    runner, here = stage

    @settings(max_examples=lengths.choose(40, 3000), phases=PHASES)
    @given(talks())
    def talk(said: tuple[str, list[bytes]]) -> None:
        runner.run(here.talk(*said))

    talk()
