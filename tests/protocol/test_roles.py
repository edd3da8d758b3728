"""What a hook is told and how it may answer: by the option that named it, else by its payload."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import protocol
from app.protocol import (
    AgentEnded,
    AmdResult,
    ConferenceEnded,
    ConferenceEvent,
    ConferenceWait,
    DequeueEnded,
    DialConfirm,
    DialEnded,
    DtmfPressed,
    EnqueueEnded,
    GatherEnded,
    HoldStarted,
    ListenEnded,
    MessageSent,
    PlayEnded,
    QueueWait,
    ReferEnded,
    Referred,
    ReferStatus,
    SipRequestEnded,
    SipRequestReceived,
    TranscriptHeard,
    TransferEnded,
    TranslationHeard,
    VerbEnded,
    read_ended,
)
from app.protocol.roles import ANY, CONFIRM, DTMF, HOLD, QUEUE_WAIT, ROOM_ENTER, role_of_option

MESSAGES = [
    orjson.loads(line)["message"]
    for line in (Path(__file__).parent / "messages.jsonl").read_text().splitlines()
]
INFO = {"call_sid": "0b9d", "direction": "inbound", "from": "+1508", "call_status": "in-progress"}
SPEECH = {
    "language_code": "en-US",
    "channel_tag": 1,
    "is_final": True,
    "alternatives": [{"transcript": "billing please", "confidence": 0.97}],
}
# Payload (beside the call info) → what it is, and its fields.
PAYLOADS: list[tuple[dict[str, Any], type[VerbEnded], dict[str, Any]]] = [
    (
        {"dial_call_status": "no-answer", "dial_sip_status": 480, "dial_call_sid": "9a7e"},
        DialEnded,
        {"dial_call_status": "no-answer", "dial_sip_status": 480, "dial_call_sid": "9a7e"},
    ),
    (
        {"queue_sid": "support", "queue_time": 12, "queue_size": 3, "queue_position": 1},
        QueueWait,
        {"queue_sid": "support", "queue_time": 12, "queue_size": 3, "queue_position": 1},
    ),
    (
        {"queue_sid": "support", "queue_time": 31, "queue_result": "bridged"},
        EnqueueEnded,
        {"queue_sid": "support", "queue_time": 31, "queue_result": "bridged"},
    ),
    ({"dequeue_result": "timeout"}, DequeueEnded, {"dequeue_result": "timeout"}),
    (
        {"dial_call_duration": 17, "digits": "#"},
        ListenEnded,
        {"dial_call_duration": 17, "digits": "#"},
    ),
    (
        {
            "type": "amd_machine_detected",
            "reason": "long greeting",
            "greeting": "you have reached",
            "language": "en-US",
        },
        AmdResult,
        {
            "type": "amd_machine_detected",
            "reason": "long greeting",
            "greeting": "you have reached",
            "language": "en-US",
            "who": "machine",
        },
    ),
    ({"type": "amd_human_detected"}, AmdResult, {"who": "human"}),
    ({"type": "amd_decision_timeout"}, AmdResult, {"who": "unknown"}),
    ({"type": "amd_tone_timeout"}, AmdResult, {"who": "machine"}),
    (
        {"event": "transfer-status", "call_status": 200},
        ReferStatus,
        {"event": "transfer-status", "call_status": 200},
    ),
    (
        {"refer_status": 202, "final_referred_call_status": 200},
        ReferEnded,
        {"refer_status": 202, "final_referred_call_status": 200},
    ),
    (
        {"completion_reason": "server failure", "error": {"code": "invalid_api_key"}},
        AgentEnded,
        {"completion_reason": "server failure", "error": {"code": "invalid_api_key"}},
    ),
    (
        {"transfer_result": "returned", "transfer_reason": "no-answer", "sip_status": 480},
        TransferEnded,
        {"transfer_result": "returned", "transfer_reason": "no-answer", "sip_status": 480},
    ),
    (
        {"reason": "speechDetected", "speech": SPEECH, "verb_id": "menu"},
        GatherEnded,
        {
            "reason": "speechDetected",
            "transcript": "billing please",
            "confidence": 0.97,
            "language_code": "en-US",
            "verb_id": "menu",
        },
    ),
    ({"reason": "error", "details": "no STT"}, GatherEnded, {"details": "no STT"}),
    (
        {"reason": "playCompleted", "playback_seconds": 2, "playback_last_offset_pos": 16000},
        PlayEnded,
        {"playback_seconds": 2, "playback_last_offset_pos": 16000},
    ),
    ({"hold_detail": {"from": "<sip:a>", "to": "<sip:b>"}}, HoldStarted, {"from_": "<sip:a>"}),
    (
        {"refer_details": {"refer_to_user": "1002", "referring_call_sid": "9a7e"}},
        Referred,
        {"refer_to_user": "1002", "referring_call_sid": "9a7e"},
    ),
    (
        {"result": "failed", "err": "timeout"},
        SipRequestEnded,
        {"result": "failed", "err": "timeout", "sip_status": None},
    ),
    (
        {"sip_method": "INFO", "sip_body": "x", "sip_headers": {"x-a": "b"}},
        SipRequestReceived,
        {"sip_method": "INFO", "sip_body": "x"},
    ),
    ({"event": "hold", "on_hold": True}, SipRequestReceived, {"event": "hold", "on_hold": True}),
    (
        {"message_sid": "m", "message_status": "no carriers", "message_failure_reason": "none"},
        MessageSent,
        {"message_status": "no carriers", "message_failure_reason": "none"},
    ),
    (
        {"translation": {"channel": 1, "language": "es", "translation": "hola"}},
        TranslationHeard,
        {"translation": "hola", "language": "es", "channel": 1},
    ),
    ({"dtmf": "*1"}, DtmfPressed, {"dtmf": "*1"}),
    (
        {"conference_sid": "conf:1", "friendly_name": "room1"},
        ConferenceWait,
        {"conference_sid": "conf:1", "friendly_name": "room1"},
    ),
    (
        {"event": "join", "conference_sid": "conf:1", "duration": 12, "members": 2, "time": "t"},
        ConferenceEvent,
        {"event": "join", "duration": 12, "members": 2, "time": "t"},
    ),
    ({}, VerbEnded, {"verb_id": None}),
]


@pytest.mark.parametrize(("payload", "kind", "fields"), PAYLOADS)
def test_a_payload_tells_what_it_is_and_all_its_fields_can_be_read(
    payload: dict[str, Any], kind: type[VerbEnded], fields: dict[str, Any]
) -> None:
    data = {**({} if payload.get("event") == "transfer-status" else INFO), **payload}
    found = read_ended(data)

    assert type(found) is kind
    assert {name: getattr(found, name) for name in fields} == fields
    assert found.data == data


@pytest.mark.parametrize(
    ("owner", "option", "kind"),
    [
        ("gather", "action_hook", GatherEnded),
        ("gather", "partial_result_hook", TranscriptHeard),
        ("transcribe", "transcription_hook", TranscriptHeard),
        ("TranscribeOptions", "translation_hook", TranslationHeard),
        ("dial", "confirm_hook", DialConfirm),
        ("Target", "confirm_hook", DialConfirm),
        ("transfer", "on_hold_hook", HoldStarted),
        ("enqueue", "wait_hook", QueueWait),
        ("room", "wait_hook", ConferenceWait),
        ("conference", "enter_hook", protocol.ConferenceEnter),
        ("conference", "action_hook", ConferenceEnded),
        ("sip:refer", "event_hook", ReferStatus),
        ("redirect", "action_hook", protocol.Redirected),
        ("config", "refer_hook", Referred),
        ("brandNew", "action_hook", VerbEnded),
    ],
)
def test_an_option_tells_what_its_hook_will_hear(owner: str, option: str, kind: type) -> None:
    assert role_of_option(owner, option).event is kind


def test_where_payloads_are_alike_the_option_decides() -> None:
    data = {**INFO, "speech": {**SPEECH, "is_final": False}}
    heard = role_of_option("gather", "partial_result_hook").read(data)

    assert heard == TranscriptHeard(data, "billing please", False, 0.97, "en-US", 1)


@pytest.mark.parametrize("message", [one for one in MESSAGES if one.get("type") == "verb:hook"])
def test_every_example_of_a_hook_is_read(message: dict[str, Any]) -> None:
    assert type(read_ended(message["data"])) is not VerbEnded


def test_who_was_dialed_and_by_whom_is_told_to_a_confirm_hook() -> None:
    (message,) = [one for one in MESSAGES if one.get("type") == "dial:confirm"]
    confirm = CONFIRM.read(message["data"])

    assert isinstance(confirm, DialConfirm)
    assert (confirm.call_sid, confirm.parent_call_sid) == (
        "9a7e1c2d-77aa-4c1f-8a55-0f2f6e3d4b02",
        "0b9d9c1e-2d7b-4f1a-a1f5-4a3c9f7cf001",
    )


@pytest.mark.parametrize("role", [QUEUE_WAIT, HOLD, ROOM_ENTER])
def test_what_must_answer_with_sound_gets_silence_in_place_of_nothing(role: Any) -> None:
    verbs, complaint = role.fit([])

    assert [verb["verb"] for verb in verbs] == ["pause"]
    assert role.name in complaint
    assert "came: nothing" in complaint


def test_verbs_that_are_not_allowed_are_left_out_and_named() -> None:
    play, gather, leave = {"verb": "play"}, {"verb": "gather"}, {"verb": "leave"}

    assert QUEUE_WAIT.fit([play, leave]) == ([play, leave], "")
    verbs, complaint = HOLD.fit([play, gather, leave])
    assert verbs == [play]
    assert "pause, play, say; came: gather, leave" in complaint


def test_verbs_of_a_hook_that_only_hears_are_left_out() -> None:
    verbs, complaint = DTMF.fit([{"verb": "say"}])

    assert verbs == []
    assert "session.redirect" in complaint
    assert DTMF.fit([]) == ([], "")


def test_other_hooks_may_answer_as_they_like() -> None:
    for verbs in ([], [{"verb": "dial"}]):
        assert ANY.fit(verbs) == (verbs, "")
        assert CONFIRM.fit(verbs) == (verbs, "")


NAMES = st.sampled_from(sorted({key for data, *_ in PAYLOADS for key in data} | {"from", "type"}))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(NAMES, JSON, max_size=6))
def test_no_payload_makes_a_reader_fail(data: dict[str, Any]) -> None:
    assert read_ended(data).data is data
    for option in ("confirm_hook", "on_hold_hook", "refer_hook", "transcription_hook"):
        role_of_option("dial", option).read(data)
