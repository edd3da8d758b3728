"""Whatever comes over sockets, in whatever order: other calls do not notice, and nothing stays."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal

from hypothesis import Phase, given, note, settings
from hypothesis import strategies as st

from app.protocol import MAX_ID, Kind, MalformedMessage, decode
from tests.robustness import frames, lengths
from tests.robustness.application import OPENINGS
from tests.robustness.census import objects
from tests.robustness.far_end import FarEnd
from tests.robustness.stage import Stage
from tests.server.jambonz import MAX_FRAME

CALL_SIDS = ("call-a", "call-a", "call-b")  # two sockets of one call, and another
Verb = Literal["write", "drop", "finish", "deafen", "redial", "breathe"]
PHASES = (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)


@dataclass(frozen=True)
class Step:
    """Something that the far end does on one of its sockets."""

    slot: int
    does: Verb
    data: bytes = b""


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


async def play(stage: Stage, path: str, is_patient: bool, steps: list[Step]) -> None:
    """Play a plot to its end, and see that all is as it was."""
    ends = [await stage.connect(path, is_patient=is_patient) for _ in CALL_SIDS]
    all_ends = [*ends]
    for step in steps:
        if step.does == "redial":
            ends[step.slot] = await stage.connect(path, is_patient=is_patient)
            all_ends.append(ends[step.slot])
        elif step.does == "breathe":
            await stage.breathe()
        else:
            do(step, ends[step.slot])
    await stage.breathe()
    stage.look()
    for end in all_ends:
        end.drop()
    await stage.until_as_before()
    for end in all_ends:
        check(end)


def do(step: Step, end: FarEnd) -> None:
    match step.does:
        case "write":
            end.write(step.data)
        case "drop":
            end.drop()
        case "finish":
            end.finish()
        case "deafen":
            end.deafen()


def answers(end: FarEnd) -> tuple[list[str], list[str]]:
    """Which messages and which tool calls have been answered."""
    told = end.told
    return (
        sorted(one["msgid"] for one in told if one["type"] == "ack"),
        sorted(one["tool_call_id"] for one in told if one.get("command") == "llm:tool-output"),
    )


def check(end: FarEnd) -> None:
    """What holds for all that was sent to a far end."""
    acked: set[str] = set()
    assert all(len(payload) <= MAX_FRAME for _, payload in end.frames)
    for told in end.told:
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


async def talk(stage: Stage, path: str, contents: list[bytes]) -> None:
    """Have one call say all this, and wait for what is owed to it."""
    owed = Owed()
    end = await stage.connect(path)
    for content in contents:
        owed.note(content)
        end.write(frames.frame(content))
    count = len(owed.acks) + len(owed.outputs)
    await end.until(lambda: sum(map(len, answers(end))) >= count)
    end.drop()
    await stage.until_as_before()
    assert answers(end) == (sorted(owed.acks), sorted(owed.outputs))


def test_whatever_comes_other_calls_do_not_notice_and_nothing_stays(
    runner: asyncio.Runner, stage: Stage
) -> None:
    before = runner.run(objects())

    @settings(max_examples=lengths.choose(50, 3000), phases=PHASES)
    @given(plots())
    def play_it(plot: tuple[str, bool, list[Step]]) -> None:
        note("\n".join(map(str, [*plot[:2], *plot[2]])))
        runner.run(play(stage, *plot))

    play_it()
    runner.run(objects(before))
    stage.read_log()  # of what the collector found


def test_whatever_one_call_says_each_message_is_answered_once(
    runner: asyncio.Runner, stage: Stage
) -> None:
    @settings(max_examples=lengths.choose(40, 3000), phases=PHASES)
    @given(talks())
    def say_it(said: tuple[str, list[bytes]]) -> None:
        note("\n".join(map(str, said[1])))
        runner.run(talk(stage, *said))

    say_it()
