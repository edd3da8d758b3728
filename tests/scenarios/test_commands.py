"""Commands reach a platform that takes them: from code and over REST, on both legs of a dial."""

from typing import Any

import aiohttp
import pytest

from app import (
    Application,
    CallStatus,
    Session,
    Verb,
    answer,
    conference,
    config,
    dial,
    pause,
    say,
)
from app.testing import Cordboard
from app.twin import Twin, TwinCall

switchboard = Application("/switchboard")
room = Application("/room")
desk = Application("/desk")
closed = Application("/closed")


@switchboard.session_new
async def connect(session: Session) -> list[Verb]:
    transcribe = {"enable": True, "transcription_hook": "/heard"}
    return [answer(), config(transcribe=transcribe), dial("+15085559999")]


@switchboard.call_status
async def greet_callee(session: Session, status: CallStatus) -> None:
    if status.call_sid == session.child_call_sid and status.call_status == "in-progress":
        await session.whisper(say("A patient is calling."), call_sid=session.child_call_sid)


@switchboard.on("/heard")
async def note_transcript(session: Session, data: dict[str, Any]) -> None:
    session.state["heard"] = data


@room.session_new
async def join(session: Session) -> list[Verb]:
    return [answer(), conference("support")]


@desk.session_new
async def wait(session: Session) -> list[Verb]:
    return [
        answer(),
        config(listen={"enable": True, "url": "wss://a.example/audio"}),
        say("Hello."),
        pause(length=600),
    ]


@closed.session_new
async def refuse(session: Session) -> list[Verb]:
    await session.refuse()
    return [pause(length=1)]


@pytest.fixture
def cordboard_applications() -> list[Application[Any, Any]]:
    return [switchboard, room, desk, closed]


class Rest:
    """A client of the server's REST API."""

    def __init__(self, server: Cordboard) -> None:
        self.server = server

    async def request(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        async with (
            aiohttp.ClientSession(headers=self.server.headers) as client,
            client.request(method, f"{self.server.url}{path}", json=body) as response,
        ):
            text = await response.text()
            return response.status, (await response.json(content_type=None) if text else None)

    async def command(self, call: TwinCall, name: str, data: Any, **more: Any) -> str:
        """Send a command; gives what the platform made of it."""
        body = {"command": name, "data": data, **more}
        status, receipt = await self.request("POST", f"/v1/calls/{call.call_sid}/commands", body)
        assert status == 202, receipt
        return await outcome(call, name)

    async def update(self, call: TwinCall, name: str, **body: Any) -> str:
        """Update a call as jambonz' own REST API does; gives what became of the command."""
        path = f"/v1/Accounts/{call.account_sid}/Calls/{call.call_sid}"
        status, receipt = await self.request("PUT", path, body)
        assert status == 202, receipt
        return await outcome(call, name)


async def outcome(call: TwinCall, name: str) -> str:
    await call.command(name)
    notes = [entry.data["text"] for entry in call.log if entry.kind == "note"]
    return next((note for note in reversed(notes) if note.startswith(name)), "")


@pytest.fixture
def rest(cordboard: Cordboard) -> Rest:
    return Rest(cordboard)


async def test_the_callee_alone_hears_a_whisper(jambonz: Twin) -> None:
    call = await jambonz.call("/switchboard", far_end=["stays"])
    child = await call.child()

    assert await child.heard() == "A patient is calling."
    assert call.spoken == []


ON_A_DIAL: list[tuple[str, Any]] = [
    ("dtmf", {"digit": "5"}),
    ("sip:request", {"method": "INFO", "content_type": "text/plain", "content": "x"}),
    ("mute:status", "mute"),
    ("mute:status", {"mute_status": "unmute"}),
    ("dub", {"action": "addTrack", "track": "music"}),
    ("dub", {"action": "sayOnTrack", "track": "music", "say": "One minute left."}),
    ("media:path", "full-media"),
    ("boostAudioSignal", 0),
    ("boostAudioSignal", "6 dB"),
    ("noiseIsolation:status", {"noise_isolation_status": "enable", "level": 80}),
    ("stt:reconfigure", {"languageHints": ["en", "es"]}),
    ("transcribe:status", {"transcribe_status": "pause"}),
    ("record", {"action": "startCallRecording", "siprecServerURL": "sip:rec@192.0.2.10"}),
    ("record", {"action": "stopCallRecording"}),
]


async def test_commands_over_rest_take_effect(jambonz: Twin, rest: Rest) -> None:
    call = await jambonz.call("/switchboard", far_end=["stays"])
    await (await call.child()).heard()

    for name, data in ON_A_DIAL:
        assert await rest.command(call, name, data) == f"{name} takes effect", data
    assert call.errors == []


UPDATES: list[tuple[str, dict[str, Any]]] = [
    ("dtmf", {"dtmf": {"digit": "5", "duration": 100}}),
    (
        "sip:request",
        {"sip_request": {"method": "INFO", "content_type": "text/plain", "content": "x"}},
    ),
    ("mute:status", {"mute_status": "mute"}),
    ("dub", {"dub": {"action": "addTrack", "track": "music"}}),
    ("media:path", {"media_path": "no-media"}),
    ("boostAudioSignal", {"boostAudioSignal": 6}),
    ("noiseIsolation:status", {"noise_isolation_status": "disable"}),
    ("transcribe:status", {"transcribe_status": "pause"}),
    ("record", {"record": {"action": "startCallRecording", "type": "cloud"}}),
]


async def test_the_bodies_of_jambonz_rest_clients_take_effect(jambonz: Twin, rest: Rest) -> None:
    call = await jambonz.call("/switchboard", far_end=["stays"])
    await (await call.child()).heard()

    for name, body in UPDATES:
        assert await rest.update(call, name, **body) == f"{name} takes effect", body
    await rest.update(call, "tag", tag={"case_id": "88"})
    await rest.update(call, "whisper", whisper={"verb": "say", "text": "To you."})

    assert call.leg.info.customer_data == {"case_id": "88"}
    assert call.spoken[-1] == "To you."
    assert call.errors == []


async def test_a_dialed_leg_is_updated_under_its_own_address(jambonz: Twin, rest: Rest) -> None:
    call = await jambonz.call("/switchboard", far_end=["stays"])
    child = await call.child()
    await child.heard()
    path = f"/v1/Accounts/{call.account_sid}/Calls/{child.call_sid}"
    body = {"mute_status": "mute", "whisper": {"verb": "say", "text": "You are muted."}}
    status, receipt = await rest.request("PUT", path, body)

    assert status == 202
    assert [frame["callSid"] for frame in receipt["sent"]] == [child.call_sid] * 2
    assert await child.heard() == "You are muted."


async def test_a_leg_is_muted_by_its_own_id(jambonz: Twin, rest: Rest) -> None:
    call = await jambonz.call("/switchboard", far_end=["stays"])
    child = await call.child()
    await child.heard()
    await rest.command(call, "mute:status", "mute", callSid=child.call_sid)

    assert "mute:status" in child.leg.effects
    assert "mute:status" not in call.leg.effects


async def test_each_leg_of_a_dial_goes_its_own_way(jambonz: Twin, rest: Rest) -> None:
    call = await jambonz.call("/switchboard", far_end=["stays"])
    await (await call.child()).heard()
    verbs = {"verb": "say", "text": "Back with me."}
    await rest.command(call, "redirect", {"parent_call": [verbs]})

    assert await call.heard() == "Back with me."


IN_A_ROOM: list[tuple[str, Any]] = [
    ("conf:participant-action", {"action": "tag", "tag": "supervisor"}),
    ("conf:participant-action", {"action": "coach", "tag": "agent"}),
    ("conf:participant-action", {"action": "uncoach"}),
    ("conf:participant-action", {"action": "mute"}),
    ("conf:participant-action", {"action": "unmute"}),
    ("conf:mute-status", {"conf_mute_status": "mute"}),
    ("conf:mute-status", {"conf_mute_status": "unmute"}),
    ("conf:hold-status", {"conf_hold_status": "hold"}),
    ("conf:hold-status", {"conf_hold_status": "unhold"}),
    ("room:say", {"text": "The meeting ends in five minutes."}),
    ("room:play", {"url": "https://cdn.example.com/bell.mp3"}),
    ("conf:participant-action", {"action": "kick"}),
]


async def test_commands_of_a_conference_take_effect(jambonz: Twin, rest: Rest) -> None:
    call = await jambonz.call("/room")
    await call.bridged()

    for name, data in IN_A_ROOM:
        assert await rest.command(call, name, data) == f"{name} takes effect", data


async def test_an_audio_fork_is_paused_and_resumed(jambonz: Twin, rest: Rest) -> None:
    call = await jambonz.call("/desk")
    await call.heard()

    for status in ("pause", "resume"):
        told = await rest.command(call, "listen:status", {"listen_status": status})
        assert told == "listen:status takes effect"


async def test_verbs_over_rest_are_heard(jambonz: Twin, rest: Rest) -> None:
    call = await jambonz.call("/desk")
    await call.heard()
    await rest.command(call, "redirect", [{"verb": "say", "text": "A person takes over."}])

    assert await call.heard() == "A person takes over."


async def test_a_second_call_is_placed(jambonz: Twin, rest: Rest) -> None:
    call = await jambonz.call("/desk")
    await call.heard()
    body = {"from": "+16175550100", "to": "+15085559999", "tag": {"order_id": "A17"}}
    hook = {"url": jambonz.url.replace("http", "ws") + "/desk", "method": "WS"}
    await rest.command(call, "dial", {**body, "call_hook": hook})
    placed = await jambonz.placed()

    assert await placed.heard() == "Hello."
    session = rest.server.calls.get(placed.call_sid)
    assert session is not None
    assert session.customer_data == {"order_id": "A17"}


async def test_a_call_is_refused_before_it_is_answered(jambonz: Twin) -> None:
    call = await jambonz.call("/closed")

    assert await call.ended() == "the application refused the call"


async def test_clients_of_jambonz_rest_api_see_count_and_end_calls(
    jambonz: Twin, rest: Rest
) -> None:
    call = await jambonz.call("/desk")
    await call.heard()
    account = f"/v1/Accounts/{call.account_sid}"
    status, calls = await rest.request("GET", f"{account}/Calls?direction=inbound")
    assert (status, [one["call_sid"] for one in calls]) == (200, [call.call_sid])
    assert await rest.request("GET", f"{account}/CallCount") == (
        200,
        {"inbound": 1, "outbound": 0},
    )
    assert await rest.request("DELETE", f"{account}/Calls/{call.call_sid}") == (204, None)

    assert await call.ended() == "the application hung up"


async def test_a_wrong_command_over_rest_reaches_nobody(jambonz: Twin, rest: Rest) -> None:
    call = await jambonz.call("/desk")
    await call.heard()
    body = {"command": "dub", "data": {"action": "addTrak", "track": "music"}}
    status, document = await rest.request("POST", f"/v1/calls/{call.call_sid}/commands", body)

    assert status == 422
    assert document["errors"][0]["field"] == "data.action"
    assert "did you mean 'addTrack'?" in document["errors"][0]["message"]
    assert call.commands == []
