"""Hooks that must answer with certain verbs, and those whose answer nobody reads."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import structlog.testing

from app import (
    Agent,
    Application,
    ConferenceEnter,
    ConferenceEvent,
    DialConfirm,
    DtmfPressed,
    EnqueueEnded,
    GatherEnded,
    HoldStarted,
    QueueWait,
    Referred,
    Session,
    TranscriptHeard,
    Verb,
    VerbEnded,
    action_hook,
    conference,
    dial,
    enqueue,
    event_hook,
    gather,
    hangup,
    leave,
    pause,
    play,
    say,
)
from app.application import Found
from app.calls import Calls
from tests.session.conftest import CALL, CALL_SID, Line

Dial = Callable[[Application[Any, Any]], Line]
WAITING = {"queue_sid": "support", "queue_time": 3, "queue_size": 2, "queue_position": 1}
SILENCE = [{"verb": "pause", "length": 5}]
CHILD = "9a7e1c2d-77aa-4c1f-8a55-0f2f6e3d4b02"
AGENT: dict[str, Any] = {"llm": "openai:gpt-4.1-mini", "stt": "deepgram", "tts": "cartesia:x"}


def application_with(reply: Any) -> Application[Any, Any]:
    made: Application[Any, Any] = Application("/made")

    @made.session_new
    async def answer(session: Session) -> Any:
        return reply

    return made


def answering(answer: Any, name: str = "music") -> Any:
    """A hook with no annotations, which answers so."""

    @action_hook(name=name)
    async def hook(asked: VerbEnded) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    return hook


async def test_a_wait_hook_is_told_of_the_queue_and_may_leave(call: Dial) -> None:
    heard: list[QueueWait] = []

    @action_hook(name="music")
    async def music(wait: QueueWait) -> list[Verb]:
        heard.append(wait)
        return [play("https://example.com/music.mp3"), leave()]

    line = call(application_with(enqueue("support", wait_hook=music)))
    await line.open()
    ack = await line.hook("/music", **WAITING, call_sid=CALL_SID)

    assert [verb["verb"] for verb in ack["data"]] == ["play", "leave"]
    assert (heard[0].queue_position, heard[0].queue_size, heard[0].queue_time) == (1, 2, 3)


@pytest.mark.parametrize(
    ("answer", "verbs", "came"),
    [
        (None, SILENCE, "nothing"),
        ([], SILENCE, "nothing"),
        (gather(input=["digits"]), SILENCE, "gather"),
        ([say("Soon."), hangup()], [{"verb": "say", "text": "Soon."}], "hangup"),
        (Agent(**AGENT), SILENCE, "agent"),
    ],
)
async def test_a_wait_hook_that_answers_wrongly_keeps_the_caller_waiting_in_silence(
    call: Dial, answer: Any, verbs: Any, came: str
) -> None:
    line = call(application_with(enqueue("support", wait_hook=answering(answer))))
    await line.open()
    with structlog.testing.capture_logs() as logs:
        ack = await line.hook("/music", **WAITING)

    assert ack["data"] == verbs
    (entry,) = [one for one in logs if one["event"] == "answer_not_allowed"]
    assert entry["hook"] == "/music"
    assert f"leave, pause, play, say; came: {came}" in entry["reason"]
    assert line.session.agent is None


@pytest.mark.parametrize(
    ("verb", "data", "verbs"),
    [
        (enqueue("q", wait_hook="/music"), WAITING, SILENCE),
        (conference("c", wait_hook="/music"), {"conference_sid": "c"}, SILENCE),
        (
            conference("c", enter_hook="/music"),
            {"conference_sid": "c"},
            [{"verb": "pause", "length": 1}],
        ),
        (dial("+15085551212", on_hold_hook="/music"), {"hold_detail": {}}, SILENCE),
        (dial("+15085551212", confirm_hook="/music"), {}, None),
    ],
)
@pytest.mark.parametrize("is_late", [False, True])
async def test_a_hook_that_fails_or_takes_too_long_gets_the_default_that_is_right_for_it(
    call: Dial, verb: Verb, data: dict[str, Any], verbs: Any, is_late: bool
) -> None:
    application, gate = application_with(verb), asyncio.Event()

    @application.on("/music")
    async def music(session: Session, event: VerbEnded) -> list[Verb]:
        if not is_late:
            raise RuntimeError("no music")
        await gate.wait()
        return [play("https://example.com/late.mp3")]

    line = call(application)
    await line.open()
    if verbs is None:
        verbs = [{"verb": "hangup"}]  # who is not confirmed is refused
        msgid = line.send("dial:confirm", {"call_sid": CHILD}, hook="/music")
    else:
        msgid = line.send("verb:hook", data, hook="/music")

    assert (await line.ack(msgid))["data"] == verbs
    gate.set()
    await line.settled()
    assert line.commands("redirect") == [], "late music must not take the caller away"


async def test_who_is_dialed_is_refused_where_nothing_answers_their_confirm_hook(
    call: Dial,
) -> None:
    line = call(application_with(say("Hello.")))
    await line.open()
    ack = await line.ack(line.send("dial:confirm", {"call_sid": CHILD}, hook="/of-another-process"))

    assert ack["data"] == [{"verb": "hangup"}]


async def test_the_log_names_the_hook_that_took_too_long(call: Dial) -> None:
    application, gate = application_with(gather(action_hook="/slow")), asyncio.Event()

    @application.on("/slow")
    async def slow(session: Session, data: dict[str, Any]) -> None:
        await gate.wait()

    line = call(application)
    await line.open()
    with structlog.testing.capture_logs() as logs:
        await line.hook("/slow", digits="1")
    gate.set()

    assert [one["hook"] for one in logs if one["event"] == "ack_let_go"] == ["/slow"]


async def test_a_verb_of_another_process_finds_its_hook_by_the_label(call: Dial) -> None:
    application = application_with(say("Hello."))
    choose = answering([say("Chosen.")], name="choose")
    application.found = Found(hooks={choose.label: choose})
    line = call(application)
    await line.ack(line.send("session:reconnect", CALL))

    assert (await line.hook(choose.label, digits="1"))["data"] == [
        {"verb": "say", "text": "Chosen."}
    ]


async def test_the_option_decides_between_two_hooks_with_alike_payloads(call: Dial) -> None:
    told: list[type] = []

    @action_hook(name="enter")
    async def enter(asked: ConferenceEnter) -> list[Verb]:
        told.append(type(asked))
        return [say("Welcome.")]

    @event_hook(name="status")
    async def status(event: ConferenceEvent) -> None:
        told.append(type(event))

    line = call(application_with(conference("c", enter_hook=enter, status_hook=status)))
    await line.open()
    assert (await line.hook("/enter", conference_sid="c"))["data"][0]["text"] == "Welcome."
    assert "data" not in await line.hook("/status", conference_sid="c", event="join", members=2)
    assert told == [ConferenceEnter, ConferenceEvent]


async def test_one_function_may_serve_several_options(call: Dial) -> None:
    told: list[type] = []

    @action_hook(name="all")
    async def everything(event: VerbEnded) -> list[Verb]:
        told.append(type(event))
        return [pause(2)]

    verb = enqueue("support", wait_hook=everything, action_hook=everything)
    line = call(application_with(verb))
    await line.open()
    await line.hook("/all", **WAITING)
    await line.hook("/all", queue_sid="support", queue_result="bridged")

    assert told == [QueueWait, EnqueueEnded]


async def test_verbs_of_a_hook_that_only_hears_go_nowhere_and_the_log_says_so(call: Dial) -> None:
    @action_hook(name="heard")
    async def heard(said: TranscriptHeard) -> list[Verb]:
        return [say("I hear you.")]

    line = call(application_with(gather(partial_result_hook=heard, action_hook="/done")))

    @line.application.on("/done")
    async def done(session: Session, ended: GatherEnded) -> None: ...

    await line.open()
    with structlog.testing.capture_logs() as logs:
        ack = await line.hook("/heard", speech={"alternatives": [{"transcript": "hel"}]})

    assert "data" not in ack
    assert [one["event"] for one in logs if one["log_level"] == "error"] == ["answer_not_allowed"]


async def test_a_dtmf_hook_does_not_disturb_the_agent_that_runs(call: Dial) -> None:
    pressed: list[str] = []

    @action_hook(name="keys")
    async def keys(event: DtmfPressed) -> None:
        pressed.append(event.dtmf)

    line = call(application_with([Agent(**AGENT), dial("+15085551212", dtmf_hook=keys)]))
    await line.open()
    await line.hook("/keys", dtmf="*1")

    assert pressed == ["*1"]
    assert line.session.agent is not None


async def test_hold_music_leaves_the_agent_and_the_redirect_table_alone(call: Dial) -> None:
    @action_hook(name="hold")
    async def hold(started: HoldStarted) -> list[Verb]:
        return [play(f"https://example.com/{len(started.from_)}.mp3")]

    line = call(application_with([Agent(**AGENT), dial("+15085551212", on_hold_hook=hold)]))
    await line.open()
    ack = await line.hook("/hold", hold_detail={"from": "abc", "to": "b"})

    assert ack["data"] == [{"verb": "play", "url": "https://example.com/3.mp3"}]
    assert line.session.agent is not None


async def test_who_was_dialed_is_asked_on_their_own_leg(call: Dial) -> None:
    asked: list[DialConfirm] = []

    @action_hook(name="confirm")
    async def confirm(session: Session, event: DialConfirm) -> list[Verb]:
        asked.append(event)
        return [gather(input=["digits"], num_digits=1, action_hook=pressed)]

    @action_hook(name="pressed")
    async def pressed(session: Session, heard: GatherEnded) -> list[Verb]:
        return [] if heard.digits == "1" else [hangup()]

    line = call(application_with([Agent(**AGENT), dial("+15085551212", confirm_hook=confirm)]))
    await line.open()
    data = {"call_sid": CHILD, "parent_call_sid": CALL_SID, "direction": "outbound"}
    ack = await line.ack(line.send("dial:confirm", data, hook="/confirm"))
    assert ack["data"][0]["verb"] == "gather"
    assert (asked[0].call_sid, asked[0].parent_call_sid) == (CHILD, CALL_SID)

    assert (await line.hook("/pressed", **data, digits="2"))["data"] == [{"verb": "hangup"}]
    assert "data" not in await line.hook("/pressed", **data, digits="1")
    assert line.session.agent is not None


@pytest.mark.parametrize(("asking", "referred"), [(CHILD, CALL_SID), (CALL_SID, CHILD)])
async def test_the_verbs_of_a_refer_are_for_the_leg_that_is_transferred(
    call: Dial, calls: Calls, asking: str, referred: str
) -> None:
    @action_hook(name="refer")
    async def transfer(session: Session, asked: Referred) -> list[Verb]:
        return [dial(f"+1508{asked.refer_to_user}")]

    line = call(application_with([Agent(**AGENT), dial("+15085551212", refer_hook=transfer)]))
    await line.open()
    details = {"refer_to_user": "5551213", "referred_call_sid": referred}
    ack = await line.hook("/refer", call_sid=asking, refer_details=details)

    assert ack["data"][0]["target"][0]["number"] == "+15085551213"
    is_ours = referred == CALL_SID
    assert (line.session.agent is None) == is_ours, "only what runs on our leg is replaced"
    assert list(calls.runtime.handed_over) == ([] if is_ours else [CHILD])


async def test_late_verbs_of_another_leg_go_to_that_leg(call: Dial) -> None:
    application, gate = application_with(Agent(**AGENT)), asyncio.Event()

    @application.on("/child")
    async def child(session: Session, data: dict[str, Any]) -> Verb:
        await gate.wait()
        return say("at last")

    line = call(application)
    await line.open()
    await line.hook("/child", call_sid=CHILD, parent_call_sid=CALL_SID)
    gate.set()
    await line.command("redirect")

    (frame,) = [one for one in line.socket.frames if one.get("command") == "redirect"]
    assert frame["callSid"] == CHILD
    assert line.session.agent is not None, "the parent's agent runs on"


async def test_a_wait_hook_of_a_command_is_known_by_its_payload(call: Dial) -> None:
    application = application_with(conference("c"))

    @application.on("/music")
    async def music(session: Session, data: dict[str, Any]) -> None: ...

    line = call(application)
    await line.open()

    assert (await line.hook("/music", conference_sid="c", friendly_name="c"))["data"] == SILENCE
    assert (await line.hook("/nobody", **WAITING))["data"] == SILENCE
