"""Whatever an application sends, the twin goes on: it tells, notes or hangs up, never breaks."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.twin import CallRefused, Twin, TwinCall, WaitFailed
from app.twin.commands import KNOWN
from app.twin.vocabulary import VERBS
from tests.twin_app import App, Message, serving

NASTY: list[Any] = [
    0,
    1,
    True,
    "",
    "x",
    [],
    [[]],
    ["x"],
    {},
    {"x": []},
    [{"verb": []}],
    None,
    1e300,
    -1,
]
NASTY += [{"type": [], "action": {}}, {"action": [], "track": {}, "tag": {}}]
KEYS = ["", "action", "to", "whisper", "dtmf", "sip_request", "tokens", "type"]
PHONE = {"type": "phone", "number": "1"}
WORDS = [
    *("start", "pause", "mute", "tag", "startCallRecording", "addTrack", "sayOnTrack", "support"),
    *("warm", "blind", "dial", "auto", "/hook", "forever"),
]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2000) | st.sampled_from(WORDS),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                ["action", "track", "type", "digit", "id", "enable", "input", "prompt"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=4,
)
FEW = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def faults(call: TwinCall) -> list[str]:
    notes = [entry.data["text"] for entry in call.log if entry.kind == "note"]
    return [note for note in notes if note.startswith("the twin failed")]


def received(call: TwinCall) -> int:
    return sum(entry.kind == "received" for entry in call.log)


@st.composite
def verbs(draw: st.DrawFn) -> Message:
    """A verb with its required properties and some others, of any type."""
    name = draw(st.sampled_from(sorted(VERBS)))
    words = VERBS[name].split()
    required = [word.removesuffix("!") for word in words if word.endswith("!")]
    others = [word for word in words if not word.endswith("!")]
    chosen = draw(st.lists(st.sampled_from(others), max_size=4)) if others else []
    values = {key: draw(VALUES) for key in [*required, *chosen]}
    if "target" in values and draw(st.booleans()):
        values["target"] = [PHONE]
    return {"verb": name, **values}


async def survives(app: App, twin: Twin, verb: Message) -> None:
    app.new = [verb, {"verb": "say", "text": "Next."}]
    try:
        call = await twin.call()
    except CallRefused as refused:
        call = refused.call
    else:
        with suppress(WaitFailed):  # a verb that lasts, or a fault, which is looked for below
            await call.settled(timeout=0.03)
        await call.hangup()
    await call.close()
    assert faults(call) == [], verb


@FEW
@given(verb=verbs())
def test_any_verb_is_played_refused_or_noted(verb: Message) -> None:
    async def run() -> None:
        async with serving() as app, Twin(app.url, ack_timeout=0.05) as twin:
            await survives(app, twin, verb)

    asyncio.run(run())


@pytest.mark.parametrize("verb", ["pause", "dial", "conference", "enqueue", "agent"])
@pytest.mark.parametrize("command", KNOWN)
async def test_any_data_of_a_command_is_carried_out_or_noted(command: str, verb: str) -> None:
    needed = {"length": 1, "target": [PHONE], "name": "n"}
    properties = {key: needed[key] for key in needed if f"{key}!" in VERBS[verb].split()}
    new = [{"verb": "answer"}, {"verb": verb, **properties}]
    async with serving(new=new) as app, Twin(app.url) as twin:
        call = await twin.call(far_end=["stays"])
        for data in NASTY:
            for key in KEYS:
                nasty: Any = {key: data, "id": 1} if key else data
                await app.command(command, nasty, tool_call_id=None, callSid=data)
        frames = len(NASTY) * len(KEYS)
        with suppress(WaitFailed):
            await call.leg.log.until(lambda: call.is_over or received(call) >= frames, "all", 5)

        assert faults(call) == []
