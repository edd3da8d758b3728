"""Typed events: both dialects, missing and unknown fields."""

import copy
import dataclasses
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.protocol import (
    AgentEnded,
    AgentResponse,
    DialEnded,
    GatherEnded,
    HistorySummarized,
    Latency,
    ListenEnded,
    OtherEvent,
    PlayEnded,
    Preflight,
    ToolTiming,
    TransferEnded,
    TurnEnd,
    UserInterruption,
    UserTranscript,
    VerbEnded,
    read_ended,
    read_error,
    read_event,
    read_status,
    read_verb_status,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
DOCS = {
    "stt_ms": 320,
    "eot_ms": 180,
    "llm_ms": 890,
    "tool_ms": 420,
    "tts_ms": 210,
    "preflight": {"result": "hit", "tokens": 12},
}
SCHEMA = {
    "transcriber_latency": 320,
    "turn_detection_latency": 180,
    "model_latency": 890,
    "tool_latency": 420,
    "voice_latency": 210,
    "preflight": {"result": "hit", "tokens": 12},
}


@pytest.mark.parametrize("latency", [DOCS, SCHEMA], ids=["documentation", "schema"])
def test_a_turn_reads_the_same_in_both_dialects(latency: dict[str, Any]) -> None:
    turn = read_event(
        {
            "type": "turn_end",
            "transcript": "hi",
            "response": "hello",
            "interrupted": True,
            "confidence": 0.9,
            "latency": latency,
            "tool_calls": [{"name": "f", "rtt_ms": 420}],
        }
    )

    assert turn == TurnEnd(
        "hi",
        "hello",
        True,
        0.9,
        Latency(320, 180, 890, 420, 210, Preflight("hit", 12)),
        (ToolTiming("f", 420),),
    )


@pytest.mark.parametrize("name", ["agent_response", "llm_response"])
def test_a_reply_reads_the_same_in_both_dialects(name: str) -> None:
    assert read_event({"type": name, "response": "yes"}) == AgentResponse("yes")


def test_the_other_events_are_read() -> None:
    summary = {"turn": 8, "messages_dropped": 5, "messages_kept": 6, "summary": "s"}
    assert read_event({"type": "user_transcript", "transcript": "a"}) == UserTranscript("a")
    assert read_event({"type": "user_interruption"}) == UserInterruption()
    assert read_event({"type": "history_summarized", **summary}) == HistorySummarized(8, 5, 6, "s")


def test_unknown_events_and_fields_are_kept() -> None:
    assert read_event({"type": "mood", "x": 1}) == OtherEvent("mood", {"type": "mood", "x": 1})
    turn = read_event({"type": "turn_end", "usage": {"tokens": 3}, "latency": {"new_ms": 1}})

    assert isinstance(turn, TurnEnd)
    assert turn.extra == {"usage": {"tokens": 3}}
    assert turn.latency.extra == {"new_ms": 1}


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ({"completion_reason": "no_response"}, AgentEnded),
        ({"completionReason": "no_response"}, AgentEnded),
        ({"reason": "speechDetected", "speech": {}}, GatherEnded),
        ({"digits": "1", "reason": "dtmfDetected"}, GatherEnded),
        ({"dial_call_status": "busy"}, DialEnded),
        ({"transfer_result": "bridged"}, TransferEnded),
        ({"dial_call_duration": 17, "digits": "#"}, ListenEnded),
        ({"reason": "playCompleted", "playback_seconds": 2}, PlayEnded),
        ({"queue_length": 3}, VerbEnded),
    ],
)
def test_the_end_of_a_verb_is_told_by_its_fields(data: dict[str, Any], kind: type) -> None:
    ended = read_ended(data)

    assert type(ended) is kind
    assert ended.data == data


def test_the_best_words_of_a_gather_are_at_hand() -> None:
    speech = {"alternatives": [{"transcript": "billing", "confidence": 0.97}, {"transcript": "b"}]}
    heard = read_ended({"reason": "speechDetected", "speech": speech})

    assert isinstance(heard, GatherEnded)
    assert (heard.transcript, heard.confidence) == ("billing", 0.97)


@pytest.mark.parametrize("status", ["completed", "failed", "busy", "no-answer", "ringing"])
def test_final_statuses_are_known(status: str) -> None:
    found = read_status({"call_sid": "c", "call_status": status})

    assert found.is_final is (status != "ringing")


@given(
    st.dictionaries(
        st.sampled_from(
            [
                "type",
                "transcript",
                "response",
                "interrupted",
                "confidence",
                "latency",
                "tool_calls",
                "turn",
                "speech",
                "digits",
                "reason",
                "completion_reason",
                "error",
                "call_sid",
                "call_status",
                "event",
                "sip_status",
                "duration",
                "msg",
                "details",
                "id",
                "name",
            ]
        ),
        JSON,
    )
)
def test_no_payload_breaks_a_reader(data: dict[str, Any]) -> None:
    readers: list[Any] = [read_event, read_ended, read_status, read_verb_status, read_error]
    for name in ("turn_end", "user_transcript", "history_summarized", "llm_response"):
        assert dataclasses.is_dataclass(read_event({**data, "type": name}))
    for reader in readers:
        assert dataclasses.is_dataclass(reader(data))


def test_a_turn_is_read_when_somebody_looks_and_is_then_as_any_other() -> None:
    data = {"type": "turn_end", "transcript": "hi", "interrupted": True, "new_field": 1}
    turn, again = read_event(data), read_event(data)
    assert isinstance(turn, TurnEnd)
    assert isinstance(again, TurnEnd)
    built = TurnEnd(transcript="hi", interrupted=True, extra={"new_field": 1})

    assert turn == built
    assert hash(str(turn)) == hash(str(built))
    assert again.interrupted
    assert copy.deepcopy(read_event(data)) == built
    assert pickle.loads(pickle.dumps(read_event(data))) == built
    assert dataclasses.replace(turn, transcript="ho").transcript == "ho"
    with pytest.raises(AttributeError, match="has no 'transcrpit'"):
        getattr(turn, "transcrpit")  # noqa: B009
    match read_event(data):
        case TurnEnd(interrupted=True, transcript=words):
            assert words == "hi"
        case _:
            pytest.fail("no match")
