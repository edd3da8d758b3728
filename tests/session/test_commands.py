"""Commands from code: every method and the escape hatch, as frames; and what is refused."""

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import pytest
from structlog.testing import capture_logs

from app import (
    Agent,
    Application,
    BadUpdate,
    LocalError,
    Receipt,
    Session,
    Verb,
    VerbError,
    action_hook,
    gather,
    hangup,
    pause,
    play,
    say,
    tool,
)
from app.application import UnansweredHook
from tests.command.examples import EXAMPLES, Example
from tests.session.conftest import CALL, CALL_SID, Line
from tests.session.test_opening import AGENT, application_with

Dial = Callable[[Application[Any, Any]], Line]
Order = Callable[[Session], Awaitable[Receipt]]
CHILD = "9a7e1c2d-6c1f-4c55-8d55-000000000002"


@action_hook
async def music(session: Session, data: dict[str, Any]) -> list[Verb]:
    return [play("https://cdn.example.com/hold.mp3")]


async def waiting(call: Dial, *verbs: Verb) -> Line:
    application = application_with(list(verbs) or pause(length=600))
    for name in ("/hold-music", "/child-done"):
        application.on(name)(music.function)
    line = call(application)
    await line.open()
    return line


def sent(line: Line) -> list[dict[str, Any]]:
    return [frame for frame in line.socket.frames if frame["type"] == "command"]


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
async def test_a_command_given_as_on_the_wire_is_sent_so(call: Dial, example: Example) -> None:
    line = await waiting(call)
    frame = example.frame
    receipt = await line.session.command(
        example.name,
        example.data,
        call_sid=frame.get("callSid"),
        queue=frame.get("queueCommand"),
    )

    assert sent(line) == [example.expected]
    assert receipt.sent == [example.expected]
    assert orjson.dumps(sent(line)[0].get("data")) == orjson.dumps(example.wire)
    assert receipt.warnings == ()


SAY = say("Hi.")
METHODS: list[tuple[str, Order, Any]] = [
    ("redirect", lambda s: s.redirect_to_hook("/next"), {"call_hook": "/next"}),
    (
        "redirect",
        lambda s: s.redirect_to_hook(child_call_hook={"url": "/child", "method": "POST"}),
        {"child_call_hook": {"url": "/child", "method": "POST"}},
    ),
    (
        "redirect",
        lambda s: s.redirect_legs(parent=SAY, child=[pause(length=5)]),
        {
            "parent_call": [{"verb": "say", "text": "Hi."}],
            "child_call": [{"verb": "pause", "length": 5}],
        },
    ),
    ("call:status", lambda s: s.refuse(), {"call_status": "no-answer"}),
    ("call:status", lambda s: s.hangup(), {"call_status": "completed"}),
    ("tag", lambda s: s.tag({"case_id": "88"}), {"case_id": "88"}),
    (
        "config",
        lambda s: s.config(synthesizer="google:en-US-Standard-C", notify_events=True),
        {
            "synthesizer": {"vendor": "google", "voice": "en-US-Standard-C"},
            "notifyEvents": True,
        },
    ),
    ("dtmf", lambda s: s.dtmf("5"), {"digit": "5", "dtmf": {"digit": "5"}}),
    (
        "sip:request",
        lambda s: s.sip_request("INFO", "x", content_type="a/b", headers={"X-Id": 9}),
        {
            **(info := {"method": "INFO", "content_type": "a/b", "content": "x"}),
            "headers": {"X-Id": 9},
            "sip_request": {**info, "headers": {"X-Id": 9}},
        },
    ),
    (
        "dial",
        lambda s: s.dial("+15085551212", from_="+16175550100", application_sid="a", time_limit=60),
        {
            "from": "+16175550100",
            "to": {"type": "phone", "number": "+15085551212"},
            "application_sid": "a",
            "timeLimit": 60,
        },
    ),
    ("whisper", lambda s: s.whisper(SAY), {"whisper": [{"verb": "say", "text": "Hi."}]}),
    (
        "whisper",
        lambda s: s.whisper([SAY, play("https://x.org/a.wav")]),
        {
            "whisper": [
                {"verb": "say", "text": "Hi."},
                {"verb": "play", "url": "https://x.org/a.wav"},
            ]
        },
    ),
    ("mute:status", lambda s: s.mute(), {"mute_status": "mute"}),
    ("mute:status", lambda s: s.unmute(), {"mute_status": "unmute"}),
    (
        "record",
        lambda s: s.record(
            "start", siprec_server_url="sip:r@x.org", recording_id="c", headers={"X-A": "b"}
        ),
        {
            "action": "startCallRecording",
            "siprecServerURL": "sip:r@x.org",
            "recordingID": "c",
            "headers": {"X-A": "b"},
        },
    ),
    (
        "record",
        lambda s: s.record("pause", silence=True),
        {"action": "pauseCallRecording", "silence": True},
    ),
    (
        "dub",
        lambda s: s.dub("playOnTrack", "m", play="https://x.org/a.mp3", loop=True, gain=-3),
        {
            "action": "playOnTrack",
            "track": "m",
            "play": "https://x.org/a.mp3",
            "loop": True,
            "gain": -3,
        },
    ),
    (
        "dub",
        lambda s: s.dub("sayOnTrack", "m", say="Hi."),
        {"action": "sayOnTrack", "track": "m", "say": "Hi."},
    ),
    ("listen:status", lambda s: s.pause_listen(), {"listen_status": "pause"}),
    ("listen:status", lambda s: s.resume_listen(), {"listen_status": "resume"}),
    ("stream:status", lambda s: s.pause_stream(), {"stream_status": "pause"}),
    ("stream:status", lambda s: s.resume_stream(), {"stream_status": "resume"}),
    ("transcribe:status", lambda s: s.pause_transcribe(), {"transcribe_status": "pause"}),
    ("transcribe:status", lambda s: s.resume_transcribe(), {"transcribe_status": "resume"}),
    ("boostAudioSignal", lambda s: s.boost_audio_signal(-6), -6),
    ("boostAudioSignal", lambda s: s.boost_audio_signal("6 dB"), "6 dB"),
    ("media:path", lambda s: s.media_path("full-media"), "full-media"),
    (
        "noiseIsolation:status",
        lambda s: s.noise_isolation("enable", vendor="krisp", level=80, model="m"),
        {"noise_isolation_status": "enable", "vendor": "krisp", "level": 80, "model": "m"},
    ),
    ("stt:reconfigure", lambda s: s.reconfigure_stt(("en", "es")), {"languageHints": ["en", "es"]}),
    ("stt:reconfigure", lambda s: s.reconfigure_stt([]), {"languageHints": []}),
    (
        "conf:participant-action",
        lambda s: s.participant("coach", tag="agent"),
        {"action": "coach", "tag": "agent"},
    ),
    (
        "conf:participant-action",
        lambda s: s.participant("hold", wait_hook=music),
        {"action": "hold", "wait_hook": music.label},
    ),
    ("conf:mute-status", lambda s: s.mute_conference(), {"conf_mute_status": "mute"}),
    ("conf:mute-status", lambda s: s.unmute_conference(), {"conf_mute_status": "unmute"}),
    (
        "conf:hold-status",
        lambda s: s.hold_conference(wait_hook="/hold-music"),
        {"conf_hold_status": "hold", "wait_hook": "/hold-music"},
    ),
    ("conf:hold-status", lambda s: s.unhold_conference(), {"conf_hold_status": "unhold"}),
    (
        "room:say",
        lambda s: s.room_say("Hi.", synthesizer="google:x", loop=2, id="n", replace=True),
        {
            "text": "Hi.",
            "synthesizer": {"vendor": "google", "voice": "x"},
            "loop": 2,
            "id": "n",
            "replace": True,
        },
    ),
    (
        "room:play",
        lambda s: s.room_play("https://x.org/a.mp3", id="n", replace=False),
        {"url": "https://x.org/a.mp3", "id": "n", "replace": False},
    ),
]


@pytest.mark.parametrize(("name", "order", "data"), METHODS)
async def test_every_method_sends_its_command(
    call: Dial, name: str, order: Order, data: Any
) -> None:
    line = await waiting(call)
    receipt = await order(line.session)

    assert sent(line) == [{"type": "command", "command": name, "data": data}]
    assert orjson.dumps(sent(line)[0]["data"]) == orjson.dumps(data)
    assert receipt.type == name


ON_ANOTHER_LEG: list[Order] = [
    lambda s: s.whisper(SAY, call_sid=CHILD),
    lambda s: s.mute(call_sid=CHILD),
    lambda s: s.unmute(call_sid=CHILD),
    lambda s: s.dub("addTrack", "music", call_sid=CHILD),
    lambda s: s.dtmf("1", call_sid=CHILD),
    lambda s: s.sip_request("INFO", "x", call_sid=CHILD),
    lambda s: s.command("redirect", [{"verb": "hangup"}], call_sid=CHILD),
]


@pytest.mark.parametrize("order", ON_ANOTHER_LEG)
async def test_another_leg_is_named_as_the_wire_wants_it(call: Dial, order: Order) -> None:
    line = await waiting(call)
    await order(line.session)

    assert [frame["callSid"] for frame in sent(line)] == [CHILD]
    assert "call_sid" not in sent(line)[0]


REFUSED: list[tuple[Order, str]] = [
    (lambda s: s.whisper([hangup()]), "whisper.whisper[0]: expected say or play; got 'hangup'"),
    (lambda s: s.dub("playTrack", "m"), "did you mean 'playOnTrack'?"),  # type: ignore[arg-type]
    (lambda s: s.record("start"), "'siprec_server_url' is required"),
    (lambda s: s.record("begin"), "record.action"),  # type: ignore[arg-type]
    (lambda s: s.config(notify_event=True), "did you mean 'notify_events'?"),
    (lambda s: s.dtmf("one"), "dtmf.digit"),
    (lambda s: s.dial("+15085551212", from_="1"), "'application_sid' or 'call_hook' is required"),
    (lambda s: s.dial("x", from_="1", call_hook="wss://a.b"), "dial.to: expected a phone number"),
    (lambda s: s.redirect_to_hook(), "got neither"),
    (lambda s: s.participant("coach"), "'tag' is required for 'coach'"),
    (lambda s: s.media_path("no-medi"), "did you mean 'no-media'?"),  # type: ignore[arg-type]
    (lambda s: s.command("dub", {"action": "addTrak", "track": "m"}), "did you mean 'addTrack'?"),
    (lambda s: s.command("redirect", {"verb": "say"}), "redirect: unknown option 'verb'"),
    (lambda s: s.command("redirect", [{"verb": "say", "txt": "x"}]), "did you mean 'text'?"),
    (lambda s: s.command("mute:status"), "expected an object; got nothing"),
    (lambda s: s.command("dtmf", {"digit": "1"}, queue=True), "only a redirect"),
    (lambda s: s.command("llm:tool-output", {"a": 1}), "send_tool_output"),
    (lambda s: s.participant("hold", wait_hook="/nobody"), "nothing answers the hook '/nobody'"),
]


@pytest.mark.parametrize(("order", "says"), REFUSED)
async def test_a_wrong_command_is_refused_and_nothing_is_sent(
    call: Dial, order: Order, says: str
) -> None:
    line = await waiting(call)
    with pytest.raises(LocalError) as caught:
        await order(line.session)

    assert says in str(caught.value)
    assert isinstance(caught.value, VerbError | UnansweredHook) or type(caught.value) is LocalError
    assert sent(line) == []


async def test_an_unknown_command_passes_with_a_warning_that_is_logged_once(call: Dial) -> None:
    line = await waiting(call)
    with capture_logs() as lines:
        receipts = [await line.session.command("mute-status", {"a": 1}) for _ in range(2)]

    assert line.commands("mute-status") == [{"a": 1}] * 2
    assert all("did you mean 'mute:status'?" in receipt.warnings[0] for receipt in receipts)
    (warning,) = [one for one in lines if one["event"] == "unknown_command"]
    assert "'mute:status'" in warning["advice"]


async def test_an_update_sent_as_a_command_is_checked_as_an_update(call: Dial) -> None:
    line = await waiting(call, Agent(**AGENT, instructions="Help."))
    receipt = await line.session.command("agent:update", {"type": "generate_reply"})
    assert receipt.type == "generate_reply"

    with pytest.raises(BadUpdate):
        await line.session.command("agent:update", {"type": "generate_repl"})
    with pytest.raises(BadUpdate):
        await line.session.command("agent:update", None)
    with pytest.raises(BadUpdate, match="call_sid"):
        await line.session.command("agent:update", {"type": "generate_reply"}, call_sid=CHILD)


async def test_a_function_that_a_command_names_answers_its_hook(call: Dial) -> None:
    line = await waiting(call)
    await line.session.hold_conference(wait_hook=music)
    ack = await line.hook(music.label, conference_sid="c")

    assert ack["data"] == [{"verb": "play", "url": "https://cdn.example.com/hold.mp3"}]


async def test_a_function_answers_the_redirect_that_names_it(call: Dial) -> None:
    line = await waiting(call)
    await line.session.redirect_to_hook(music)
    assert line.commands("redirect") == [{"call_hook": music.label}]
    ack = await line.ack(line.send("session:redirect", dict(CALL), hook=music.label))

    assert ack["data"] == [{"verb": "play", "url": "https://cdn.example.com/hold.mp3"}]


async def test_verbs_for_the_parent_leg_replace_its_agent(call: Dial) -> None:
    @tool
    async def ping() -> str:
        """Ping."""
        return "pong"

    line = await waiting(call, Agent(**AGENT, instructions="First."))
    parent = [say("Back."), Agent(**AGENT, instructions="Second, for {{from}}.", tools=[ping])]
    child = gather(action_hook="/child-done")
    await line.session.redirect_legs(parent=parent, child=child)
    (data,) = line.commands("redirect")

    assert "for +15085551212." in str(data["parent_call"][1]["llm"])
    assert data["child_call"] == [{"verb": "gather", "actionHook": "/child-done"}]
    assert line.session.agent is not None
    assert line.session.agent.instructions == "Second, for +15085551212."
    assert await line.tool_call("ping") == {"result": "pong"}


async def test_verbs_for_another_leg_leave_the_agent_of_this_one(call: Dial) -> None:
    line = await waiting(call, Agent(**AGENT, instructions="First."))
    await line.session.command("redirect", [say("Hi.")], call_sid=CHILD)
    await line.session.redirect_legs(child=say("Hi."))

    assert line.session.agent is not None
    assert line.session.agent.instructions == "First."


async def test_hanging_up_before_the_answer_warns(call: Dial) -> None:
    line = await waiting(call)
    assert "refuse()" in (await line.session.hangup()).warnings[0]

    line.send("call:status", {**CALL, "call_status": "in-progress"})
    assert (await line.session.hangup()).warnings == ()


def child_status(line: Line, call_sid: str, status: str) -> None:
    data = {"call_sid": call_sid, "parent_call_sid": CALL_SID, "direction": "outbound"}
    line.send("call:status", {**data, "call_status": status})


async def test_the_dialed_leg_is_known_from_its_statuses(call: Dial) -> None:
    line = await waiting(call)
    session = line.session
    seen = [session.child_call_sid]
    child_status(line, CHILD, "trying")
    seen.append(session.child_call_sid)
    await session.whisper(SAY, call_sid=session.child_call_sid)
    assert sent(line)[0]["callSid"] == CHILD

    child_status(line, CHILD, "completed")
    assert [*seen, session.child_call_sid] == [None, CHILD, None]
    assert session.is_open


async def test_of_several_legs_that_ring_the_one_that_answers_is_meant(call: Dial) -> None:
    line = await waiting(call)
    for name in ("first", "second"):
        child_status(line, name, "ringing")
    assert line.session.child_call_sid == "second"

    child_status(line, "first", "in-progress")
    child_status(line, "second", "ringing")
    assert line.session.child_call_sid == "first"


async def test_only_so_many_legs_are_remembered(call: Dial) -> None:
    line = await waiting(call)
    for number in range(1000):
        child_status(line, f"leg-{number}", "ringing")

    assert len(line.session._children) == 16
    assert line.session.child_call_sid == "leg-999"
