"""What the twin does with commands and verbs that act on the sound of a leg."""

from typing import Any

import pytest

from app.twin import Pace, Twin, TwinCall
from tests.twin_app import App, Message, serving

NEXT = {"verb": "say", "text": "Next."}
DIAL = {"verb": "dial", "target": [{"type": "phone", "number": "1"}]}
URL = "sip:rec@192.0.2.10"


def notes(call: TwinCall) -> list[str]:
    return [entry.data["text"] for entry in call.log if entry.kind == "note"]


async def carried_out(app: App, call: TwinCall, command: str, data: Any, **more: Any) -> str:
    """Send a command; return the last that the twin noted of it."""
    await app.command(command, data, **more)
    await call.command(command)
    return next(note for note in reversed(notes(call)) if note.startswith(command))


def action(name: str, **more: Any) -> Message:
    return {"action": f"{name}CallRecording", **more}


async def test_a_recording_is_started_paused_resumed_and_stopped() -> None:
    async with serving(new=[NEXT]) as app, Twin(app.url) as twin:
        call = await twin.call()
        await call.heard()
        states = []
        for name in ("start", "pause", "resume", "stop"):
            await carried_out(app, call, "record", action(name, siprecServerURL=URL))
            states.append(call.effects["recording"])

        assert states == ["on", "paused", "on", "off"]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("start", "is dropped: action must be one of startCallRecording"),
        ({"action": "start"}, "is dropped: action must be one of startCallRecording"),
        (action("start"), "siprecServerURL is needed"),
        (action("pause"), "the recording is off"),
        (action("stop"), "the recording is off"),
    ],
)
async def test_a_recording_that_cannot_be_is_noted(data: Any, why: str) -> None:
    async with serving(new=[NEXT]) as app, Twin(app.url) as twin:
        call = await twin.call()
        await call.heard()

        assert why in await carried_out(app, call, "record", data)
        assert "recording" not in call.effects
        assert call.errors == []


async def test_a_recording_in_the_cloud_needs_no_address_and_config_starts_one_too() -> None:
    verbs = [{"verb": "answer"}, {"verb": "config", "record": action("start", type="cloud")}]
    async with serving(new=[*verbs, NEXT]) as app, Twin(app.url) as twin:
        call = await twin.call()
        await call.heard()

        assert call.effects["recording"] == "on"


async def test_a_recording_that_config_starts_too_early_begins_with_the_answer() -> None:
    early = {"verb": "config", "record": action("start", siprecServerURL=URL)}
    async with serving(new=[early, NEXT]) as app, Twin(app.url) as twin:
        call = await twin.call()
        await call.heard()

        assert call.effects["recording"] == "on"
        assert "record takes effect" in notes(call)


async def test_tracks_are_added_heard_silenced_and_removed() -> None:
    async with serving(new=[NEXT]) as app, Twin(app.url) as twin:
        call = await twin.call()
        await call.heard()
        for data, tracks in [
            ({"action": "addTrack", "track": "t"}, {"t": ""}),
            ({"action": "playOnTrack", "track": "t", "play": "u"}, {"t": "[audio: u]"}),
            ({"action": "sayOnTrack", "track": "t", "say": "One minute."}, {"t": "One minute."}),
            ({"action": "sayOnTrack", "track": "t", "say": {"text": "Bye."}}, {"t": "Bye."}),
            ({"action": "silenceTrack", "track": "t"}, {"t": ""}),
            ({"action": "removeTrack", "track": "t"}, {}),
        ]:
            assert "takes effect" in await carried_out(app, call, "dub", data)
            assert call.effects["tracks"] == tracks

        assert call.spoken == ["Next.", "[audio: u]", "One minute.", "Bye."]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({"action": "addTrack"}, "addTrack needs track"),
        ({"action": "playOnTrack", "track": "t"}, "playOnTrack needs play"),
        ({"action": "remove", "track": "t"}, "action must be one of addTrack"),
        ({"action": "silenceTrack", "track": "t"}, "there is no track t"),
    ],
)
async def test_a_track_that_cannot_be_is_noted(data: Any, why: str) -> None:
    async with serving() as app, Twin(app.url) as twin:
        call = await twin.call()

        assert why in await carried_out(app, call, "dub", data)


async def test_keys_go_to_the_leg_that_is_named() -> None:
    async with serving(new=[DIAL]) as app, Twin(app.url) as twin:
        call = await twin.call(far_end=["stays"])
        child = await call.child()
        await call.bridged()
        keys = {"dtmf": {"digit": "5"}}
        await carried_out(app, call, "dtmf", keys)
        await carried_out(app, call, "dtmf", keys, callSid=child.call_sid)

        assert (call.spoken, child.spoken) == (["[keys: 5]"], ["[keys: 5]"])


async def test_call_sid_instead_of_callsid_is_ignored() -> None:
    async with serving(new=[DIAL]) as app, Twin(app.url) as twin:
        call = await twin.call(far_end=["stays"])
        child = await call.child()
        await call.bridged()
        await carried_out(app, call, "dub", {"action": "addTrack", "track": "t"})
        data = {"action": "sayOnTrack", "track": "t", "say": "Hello."}
        await carried_out(app, call, "dub", data, call_sid=child.call_sid)

        assert (call.spoken, child.spoken) == (["Hello."], [])


async def test_a_callsid_that_is_not_on_the_call_reaches_nobody() -> None:
    async with serving(new=[NEXT]) as app, Twin(app.url) as twin:
        call = await twin.call()
        await call.heard()

        told = await carried_out(app, call, "dtmf", {"dtmf": {"digit": "5"}}, callSid="other")
        assert "there is no such leg" in told


@pytest.mark.parametrize("data", [{"mute_status": "mute"}, "mute"])
async def test_a_muted_leg_is_not_heard(data: Any) -> None:
    async with serving(new=[DIAL]) as app, Twin(app.url) as twin:
        call = await twin.call(far_end=["stays"])
        child = await call.child()
        await call.bridged()
        await carried_out(app, call, "mute:status", data, callSid=child.call_sid)
        await child.say("Can you hear me?")
        await carried_out(app, call, "mute:status", "unmute", callSid=child.call_sid)
        await child.say("And now?")

        assert call.spoken == ["And now?"]


@pytest.mark.parametrize(
    ("command", "data", "why"),
    [
        ("boostAudioSignal", "loud", "a number or a text such as"),
        ("media:path", "some-media", "must be one of no-media, partial-media, full-media"),
        ("mute:status", {"mute": True}, "must be one of mute, unmute"),
        ("noiseIsolation:status", {"noiseIsolation_status": "enable"}, "must be one of enable"),
        ("stt:reconfigure", {"languageHints": "en"}, "must be a list"),
        ("dtmf", {"dtmf": "1"}, "must be nested below 'dtmf'"),
        ("sip:request", {"sip_request": {"content": "x"}}, "sip_request needs method"),
        ("listen:status", "pause", "must be one of pause, resume"),
        ("transcribe:status", {"transcribe_status": "silence"}, "must be one of pause, resume"),
    ],
)
async def test_a_command_in_a_shape_that_jambonz_does_not_read_is_dropped(
    command: str, data: Any, why: str
) -> None:
    async with serving(new=[NEXT]) as app, Twin(app.url) as twin:
        call = await twin.call()
        await call.heard()

        told = await carried_out(app, call, command, data)
        assert why in told
        assert command not in call.effects
        assert call.errors == []


@pytest.mark.parametrize("data", [6, -3.5, "6 dB", "-3dB"])
async def test_a_boost_is_a_number_of_decibels(data: Any) -> None:
    async with serving(new=[NEXT]) as app, Twin(app.url) as twin:
        call = await twin.call()
        await call.heard()

        await carried_out(app, call, "boostAudioSignal", data)
        assert call.effects["boostAudioSignal"] == data


async def test_a_fork_is_paused_while_it_runs() -> None:
    verb = {"verb": "listen", "url": "wss://e.org/a", "finishOnKey": "#"}
    async with serving(new=[verb]) as app, Twin(app.url) as twin:
        call = await twin.call()
        await call.settled()
        for status, state in (("pause", "paused"), ("resume", "running")):
            await carried_out(app, call, "listen:status", {"listen_status": status})
            assert call.effects["fork"] == state

        told = await carried_out(app, call, "listen:status", {"listen_status": "silence"})
        assert "does nothing" in told
        await call.dtmf("#")
        told = await carried_out(app, call, "stream:status", {"stream_status": "pause"})
        assert "no audio is forked" in told


async def test_a_whisper_needs_a_dial_or_a_fork_and_only_says_or_plays() -> None:
    verb = {"verb": "listen", "url": "wss://e.org/a", "finishOnKey": "#"}
    async with serving(new=[verb]) as app, Twin(app.url) as twin:
        call = await twin.call()
        await call.settled()
        told = await carried_out(app, call, "whisper", {"whisper": {"verb": "hangup"}})
        assert "only say and play; came hangup" in told
        say = {"verb": "say", "text": "Psst.", "loop": 3}
        await app.command("whisper", {"whisper": [say, {"verb": "play", "url": "u"}]})
        assert [await call.heard(), await call.heard()] == ["Psst.", "[audio: u]"]
        await call.command("whisper")
        await call.dtmf("#")

        assert "nobody is dialled" in await carried_out(app, call, "whisper", {"whisper": say})


async def test_what_the_caller_says_is_transcribed_until_it_is_paused() -> None:
    gather = {"verb": "gather", "input": ["speech"]}
    verbs = [{"verb": "transcribe", "transcriptionHook": "/t"}, gather, gather, gather]
    async with serving(new=verbs) as app, Twin(app.url) as twin:
        call = await twin.call()
        await call.say("one")
        await carried_out(app, call, "transcribe:status", {"transcribe_status": "pause"})
        await call.say("two")
        await carried_out(app, call, "transcribe:status", {"transcribe_status": "resume"})
        await call.say("three")
        await app.seen("verb:hook", 2)

        said = [m["data"]["speech"]["alternatives"][0]["transcript"] for m in app.of("verb:hook")]
        assert said == ["one", "three"]


@pytest.mark.parametrize(
    ("verb", "result"),
    [
        ({"verb": "sip:request", "method": "INFO"}, {"result": "success", "sip_status": 200}),
        (
            {"verb": "sip:refer", "referTo": "+1"},
            {"refer_status": 202, "final_referred_call_status": 200},
        ),
        ({"verb": "message", "from": "1", "to": "2", "text": "Hi"}, {"message_status": "success"}),
    ],
)
async def test_what_goes_out_is_told_of(verb: Message, result: Message) -> None:
    async with serving(new=[verb | {"actionHook": "/a"}, NEXT]) as app, Twin(app.url) as twin:
        call = await twin.call()

        assert await call.heard() == "Next."
        assert app.of("verb:hook", **result)


async def test_the_events_of_a_refer_carry_no_call_info() -> None:
    verb = {"verb": "sip:refer", "referTo": "+1", "eventHook": "/e"}
    async with serving(new=[verb]) as app, Twin(app.url) as twin:
        await twin.call()
        told = await app.seen("verb:hook")

        assert told["data"] == {"event": "transfer-status", "call_status": 200}


async def test_the_verbs_dtmf_and_dub_are_heard() -> None:
    verbs = [
        {"verb": "dtmf", "dtmf": "12"},
        {"verb": "dub", "action": "addTrack", "track": "t"},
        {"verb": "dub", "action": "sayOnTrack", "track": "t", "say": "Hi."},
        {"verb": "dub", "action": "sayOnTrack", "track": "other", "say": "Hi."},
    ]
    async with serving(new=verbs) as app, Twin(app.url, pace=Pace(scale=0.001)) as twin:
        call = await twin.call()

        assert [await call.heard(), await call.heard()] == ["[keys: 12]", "Hi."]
        await call.settled()
        assert "dub has no effect: there is no track other" in notes(call)
