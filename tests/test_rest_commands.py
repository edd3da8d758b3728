"""Commands over REST: what is checked before anything is sent, in our form and in jambonz'."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.rest_server import ACCOUNT, AUTH, CALL, FakeSession, Rest, serving
from tests.test_rest import COMMANDS, PLATFORM, SAY, fields, post, problem

INFO = {"method": "INFO", "content_type": "text/plain", "content": "x"}
TRACK = {"action": "addTrack", "track": "music"}
TARGET = [{"type": "phone", "number": "+15085551212"}]
TRANSFER = {"mode": "blind", "target": TARGET}


@pytest.fixture
async def rest() -> AsyncIterator[Rest]:
    async with serving() as server:
        yield server


@pytest.mark.parametrize(
    ("body", "field", "says"),
    [
        ({"command": "dub", "data": {"action": "addTrak"}}, "data.action", "mean 'addTrack'?"),
        ({"command": "dub", "data": {"action": "addTrack"}}, "data.track", "required"),
        ({"command": "dtmf", "data": {"dtmf": {"digit": 1}}}, "data.dtmf.digit", "got 1"),
        ({"command": "mute:status", "data": "mut"}, "data.mute_status", "mean 'mute'?"),
        ({"command": "media:path", "data": "no"}, "data", "'no-media'"),
        (
            {"command": "redirect", "data": [{"verb": "say", "txt": "x"}]},
            "data[0].say.txt",
            "mean 'text'?",
        ),
        ({"command": "dub", "data": {}, "queueCommand": True}, "queueCommand", "redirect"),
        ({"command": "newer", "data": " "}, "data", "expected an object"),
        ({"command": "newer", "data": True}, "data", "got true"),
    ],
)
async def test_a_wrong_command_names_the_field(
    rest: Rest, body: dict[str, Any], field: str, says: str
) -> None:
    document = await problem(await post(rest, COMMANDS, body), 422)

    assert says in fields(document)[field]
    assert rest.calls.sent == []


async def test_verbs_may_be_queued(rest: Rest) -> None:
    body = {"command": "redirect", "data": [SAY], "queueCommand": True}
    assert (await post(rest, COMMANDS, body)).status == 202

    assert rest.calls.sent == [{"type": "command", **body}]


@pytest.mark.parametrize(
    ("body", "command", "data"),
    [
        ({"call_status": "completed"}, "call:status", {"call_status": "completed"}),
        ({"call_hook": "/next"}, "redirect", {"call_hook": "/next"}),
        ({"mute_status": "mute"}, "mute:status", {"mute_status": "mute"}),
        ({"listen_status": "pause"}, "listen:status", {"listen_status": "pause"}),
        ({"whisper": [SAY]}, "whisper", {"whisper": [SAY]}),
        ({"dtmf": {"digit": "1"}}, "dtmf", {"digit": "1", "dtmf": {"digit": "1"}}),
        ({"sip_request": INFO}, "sip:request", {**INFO, "sip_request": INFO}),
        (
            {"call_hook": "/a", "child_call_hook": "/b"},
            "redirect",
            {"call_hook": "/a", "child_call_hook": "/b"},
        ),
        ({"child_call_hook": "/b"}, "redirect", {"child_call_hook": "/b"}),
        ({"stream_status": "resume"}, "stream:status", {"stream_status": "resume"}),
        ({"transcribe_status": "pause"}, "transcribe:status", {"transcribe_status": "pause"}),
        ({"conf_mute_status": "mute"}, "conf:mute-status", {"conf_mute_status": "mute"}),
        (
            {"conferenceParticipantAction": {"action": "kick"}},
            "conf:participant-action",
            {"action": "kick"},
        ),
        ({"dub": TRACK}, "dub", TRACK),
        ({"room_say": {"text": "Hi."}}, "room:say", {"text": "Hi."}),
        ({"room_play": {"url": "https://x.org/a"}}, "room:play", {"url": "https://x.org/a"}),
        ({"llm_update": {"type": "response.cancel"}}, "llm:update", {"type": "response.cancel"}),
        ({"transfer": TRANSFER}, "redirect", [{"verb": "transfer", **TRANSFER}]),
        ({"tag": {"case": "88"}}, "tag", {"case": "88"}),
        ({"record": {"action": "stopCallRecording"}}, "record", {"action": "stopCallRecording"}),
        ({"boostAudioSignal": "6 dB"}, "boostAudioSignal", "6 dB"),
        ({"media_path": "no-media"}, "media:path", "no-media"),
        (
            {"conf_hold_status": "hold", "wait_hook": "/music"},
            "conf:hold-status",
            {"conf_hold_status": "hold", "wait_hook": "/music"},
        ),
        (
            {"noise_isolation_status": "enable", "level": 80},
            "noiseIsolation:status",
            {"noise_isolation_status": "enable", "level": 80},
        ),
    ],
)
async def test_keys_of_jambonz_rest_api_become_commands(
    rest: Rest, body: dict[str, Any], command: str, data: object
) -> None:
    response = await rest.client.put(PLATFORM, json=body, headers=AUTH)

    assert response.status == 202
    assert rest.calls.sent == [{"type": "command", "command": command, "data": data}]


async def test_a_key_that_is_not_supported_names_those_that_are(rest: Rest) -> None:
    document = await problem(await post(rest, PLATFORM, {"llm_status": "stop"}), 422)

    assert "agent_update, call_status" in document["detail"]


async def test_two_keys_at_once_are_refused(rest: Rest) -> None:
    body = {"call_status": "completed", "mute_status": "mute"}
    document = await problem(await post(rest, PLATFORM, body), 422)

    assert "cannot stand beside call_status" in fields(document)["mute_status"]
    assert rest.calls.sent == []


async def test_a_whisper_may_stand_beside_another_key(rest: Rest) -> None:
    body = {"mute_status": "mute", "whisper": SAY}
    response = await post(rest, PLATFORM, body)

    assert response.status == 202
    sent = [(frame["command"], frame["data"]) for frame in rest.calls.sent]
    assert sent == [("whisper", {"whisper": [SAY]}), ("mute:status", {"mute_status": "mute"})]
    assert (await response.json())["sent"] == rest.calls.sent


async def test_nothing_is_sent_where_one_of_two_is_wrong(rest: Rest) -> None:
    body = {"mute_status": "mut", "whisper": SAY}
    document = await problem(await post(rest, PLATFORM, body), 422)

    assert "did you mean 'mute'?" in fields(document)["mute_status"]
    assert rest.calls.sent == []


@pytest.mark.parametrize(
    ("body", "field", "says"),
    [
        ({"mute_status": "mut"}, "mute_status", "did you mean 'mute'?"),
        ({"dtmf": {"digt": "1"}}, "dtmf.digt", "did you mean 'digit'?"),
        ({"dtmf": {"digit": 1}}, "dtmf.digit", "got 1"),
        ({"sip_request": {"method": "INFO", "content": "x"}}, "sip_request.content_type", "requ"),
        ({"record": {"action": "startCallRecording"}}, "record.siprecServerURL", "required"),
        ({"dub": {"action": "addTrak", "track": "m"}}, "dub.action", "did you mean 'addTrack'?"),
        ({"whisper": {"verb": "hangup"}}, "whisper[0]", "expected say or play"),
        ({"media_path": "none"}, "media_path", "'no-media'"),
        ({"tag": "x"}, "tag", "expected an object"),
        ({"conf_hold_status": "hold", "waithook": "/x"}, "waithook", "did you mean 'wait_hook'?"),
        ({"mute_statu": "mute"}, "mute_statu", "did you mean 'mute_status'?"),
        ({"transfer": {"mode": "blnd", "target": TARGET}}, "transfer.mode", "'blind'"),
        ({"transfer": "x"}, "transfer", "expected an object"),
        ({"transfer": [{"verb": "hangup"}]}, "transfer", "expected an object"),
    ],
)
async def test_a_wrong_body_in_the_form_of_jambonz_names_the_field(
    rest: Rest, body: dict[str, Any], field: str, says: str
) -> None:
    document = await problem(await post(rest, PLATFORM, body), 422)

    assert says in fields(document)[field]
    assert rest.calls.sent == []


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"mute_status": "mut"}, "mute:status.mute_status: expected 'mute' or 'unmute'; got 'mut'; "
         "did you mean 'mute'?"),
        ({"dtmf": {"digit": 1}}, "dtmf.digit: expected keys out of 0-9, *, #, A-D, w for a pause; "
         "got 1."),
        ({"whisper": {"verb": "dial", "text": "x"}}, "whisper.whisper.dial: unknown option 'text'; "
         "did you mean 'target'?"),
    ],
)  # fmt: skip
async def test_the_detail_is_a_sentence_in_which_names_are_spelled_as_they_are(
    rest: Rest, body: dict[str, Any], detail: str
) -> None:
    document = await problem(await post(rest, PLATFORM, body), 422)

    assert str(document["detail"]).startswith(detail)
    assert not str(document["detail"]).endswith("?.")


LIST = f"/v1/Accounts/{ACCOUNT}/Calls"


async def get(rest: Rest, path: str, **query: str) -> Any:
    response = await rest.client.get(path, params=query, headers=AUTH)
    assert response.status == 200, await response.text()
    return await response.json()


async def test_the_calls_of_an_account_are_listed_in_the_words_of_jambonz(rest: Rest) -> None:
    rest.calls.add(FakeSession("elsewhere", account_sid="another"))
    (call,) = await get(rest, LIST)

    assert call == {
        "call_sid": CALL,
        "account_sid": ACCOUNT,
        "application_sid": "",
        "direction": "inbound",
        "from": "+15085551212",
        "to": "+16175550100",
        "caller_name": "",
        "call_status": "in-progress",
        "trace_id": "7c1d",
    }
    assert await get(rest, f"{LIST}/{CALL}") == call


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"direction": "inbound"}, [CALL]),
        ({"direction": "outbound"}, ["second"]),
        ({"from": "+15085551212"}, [CALL, "second"]),
        ({"from": "1"}, []),
        ({"to": "+16175550100", "callStatus": "in-progress"}, [CALL, "second"]),
        ({"callStatus": "ringing"}, []),
    ],
)
async def test_the_calls_of_an_account_are_filtered(
    rest: Rest, query: dict[str, str], found: list[str]
) -> None:
    rest.calls.add(FakeSession("second", direction="outbound"))

    assert [call["call_sid"] for call in await get(rest, LIST, **query)] == found


async def test_the_calls_of_an_account_are_counted(rest: Rest) -> None:
    rest.calls.add(FakeSession("second", direction="outbound"))
    rest.calls.add(FakeSession("third"))

    assert await get(rest, f"/v1/Accounts/{ACCOUNT}/CallCount") == {"inbound": 2, "outbound": 1}
    assert await get(rest, "/v1/Accounts/another/CallCount") == {"inbound": 0, "outbound": 0}


async def test_a_call_is_hung_up_as_jambonz_does_it(rest: Rest) -> None:
    response = await rest.client.delete(f"{LIST}/{CALL}", headers=AUTH)

    assert (response.status, await response.text()) == (204, "")
    data = {"call_status": "completed"}
    assert rest.calls.sent == [{"type": "command", "command": "call:status", "data": data}]


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_a_call_that_is_not_the_accounts_is_not_found(rest: Rest, method: str) -> None:
    for path in (f"{LIST}/nobody", f"/v1/Accounts/another/Calls/{CALL}"):
        await problem(await rest.client.request(method, path, headers=AUTH), 404)
    assert rest.calls.sent == []
