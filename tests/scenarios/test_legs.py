"""Waiting callers, asked callees, children that grow up, and calls that the application makes."""

from typing import Any

import pytest

from app import (
    Adulting,
    Agent,
    AmdResult,
    Application,
    CallStatus,
    DialConfirm,
    EnqueueEnded,
    GatherEnded,
    QueueWait,
    Session,
    Verb,
    action_hook,
    config,
    dial,
    enqueue,
    gather,
    hangup,
    leave,
    pause,
    say,
    tool,
)
from app.testing import CallRefused, Party
from app.twin import Twin

CHILDREN: list[str] = []
STATUSES: list[tuple[str, str]] = []


@action_hook
async def music(session: Session, wait: QueueWait) -> list[Verb]:
    session.state.append(wait.queue_position)
    if len(session.state) > 1:
        return [say("Nobody is there."), leave()]
    return [say(f"Before you: {wait.queue_position}.")]


@action_hook
async def left(session: Session, over: EnqueueEnded) -> list[Verb]:
    return [say(f"The queue says {over.queue_result}."), hangup()]


@action_hook
async def ask(session: Session, asked: DialConfirm) -> list[Verb]:
    prompt = {"text": "Press one to take the call."}
    return [gather(input=["digits"], num_digits=1, say=prompt, action_hook=take)]


@action_hook
async def take(session: Session, heard: GatherEnded) -> list[Verb]:
    return [] if heard.digits == "1" else [hangup()]


@tool
async def ping() -> str:
    """Ping."""
    return "pong"


support: Application[Any, Any] = Application("/support", state=list)
desk: Application[Any, Any] = Application("/desk")
reminder: Application[Any, Any] = Application("/reminder")


@support.session_new
async def wait_for_support(session: Session) -> list[Verb]:
    return [enqueue("support", wait_hook=music, action_hook=left)]


@desk.session_new
async def connect(session: Session) -> list[Verb]:
    return [dial("+15085551213", confirm_hook=ask), say("Nobody took it."), pause(1)]


@desk.session_adulting
async def grow_up(session: Session, leg: Adulting) -> None:
    assert leg.parent_call_sid
    CHILDREN.append(session.call_sid)


@desk.on("/part")
async def part(session: Session, data: dict[str, Any]) -> None:
    agent = Agent(llm="openai:gpt-4.1-mini", stt="deepgram", tts="cartesia:x", tools=[ping])
    await session.redirect_legs(parent=say("You are alone now."), child=agent)


@reminder.session_new
async def remind(session: Session) -> list[Verb]:
    return [config(amd={"action_hook": who_is_it}), pause(1)]


@action_hook
async def who_is_it(session: Session, result: AmdResult) -> list[Verb]:
    if result.who == "unknown":
        return []
    return [say(f"This is for a {result.who}."), hangup()]


@reminder.call_status
async def note(session: Session, status: CallStatus) -> None:
    STATUSES.append((session.call_sid, status.call_status))


@pytest.fixture
def cordboard_applications() -> list[Application[Any, Any]]:
    return [support, desk, reminder]


async def test_who_waits_hears_their_place_and_leaves_when_told_to(jambonz: Twin) -> None:
    async with await jambonz.call("/support") as call:
        assert await call.heard() == "Before you: 0."
        await call.silence()

        assert await call.ended() == "the application hung up"
        assert call.spoken[1:] == ["Nobody is there.", "The queue says leave."]


@pytest.mark.parametrize(("key", "is_taken"), [("1", True), ("2", False)])
async def test_who_is_dialed_takes_the_call_with_a_key(
    jambonz: Twin, key: str, is_taken: bool
) -> None:
    async with await jambonz.call("/desk", far_end=["stays"]) as call:
        child = await call.child()
        assert await child.heard() == "Press one to take the call."
        await child.dtmf(key)
        if is_taken:
            await call.bridged()
        else:
            assert await call.heard() == "Nobody took it."


async def test_a_child_that_was_given_an_agent_answers_it_on_its_own(jambonz: Twin) -> None:
    async with await jambonz.call("/desk", far_end=["stays"]) as call:
        child = await call.child()
        await child.heard()
        await child.dtmf("1")
        await call.bridged()
        await call.hook("/part")
        assert await call.heard() == "You are alone now."

        grown = await call.adulting()
        assert await grown.tool_call("ping", {}) == {"result": "pong"}
        assert grown.call_sid in CHILDREN


async def test_a_machine_is_told_from_a_person(jambonz: Twin) -> None:
    person = await jambonz.call("/reminder", direction="outbound", answer=Party(who="human"))
    assert await person.heard() == "This is for a human."

    machine = await jambonz.call("/reminder", direction="outbound", answer=Party(who="machine"))
    assert await machine.heard() == "This is for a machine."


async def test_a_call_that_is_not_answered_tells_only_how_it_ended(jambonz: Twin) -> None:
    STATUSES.clear()
    with pytest.raises(CallRefused):
        await jambonz.call("/reminder", direction="outbound", answer="busy")

    assert [status for _, status in STATUSES][-1] == "busy"
    assert len({call_sid for call_sid, _ in STATUSES} - {""}) == 1
