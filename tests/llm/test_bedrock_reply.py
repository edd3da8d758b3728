"""What Bedrock streams, put together."""

from collections.abc import Mapping
from typing import Any

import pytest
from botocore.eventstream import EventStreamBuffer

from app.llm import End, Event, ModelError, Token, ToolCall, ToolCallStart, Usage
from app.llm.bedrock.reply import Reply
from app.llm.bedrock.request import NativeTurn
from tests.llm.servers import eventstream

MODEL = "amazon.nova-micro-v1:0"


def delta(index: int, **delta: object) -> Mapping[str, Any]:
    return {"contentBlockDelta": {"contentBlockIndex": index, "delta": delta}}


def start(index: int, id_: str, name: str) -> Mapping[str, Any]:
    use = {"toolUseId": id_, "name": name}
    return {"contentBlockStart": {"contentBlockIndex": index, "start": {"toolUse": use}}}


def stop(reason: str) -> Mapping[str, Any]:
    return {"messageStop": {"stopReason": reason}}


def events(*streamed: Mapping[str, Any]) -> list[Event]:
    reply = Reply(MODEL)
    found = [event for one in streamed if (event := reply.take(one)) is not None]
    end = reply.end()
    return [*found, *reply.calls, end]


def end(*streamed: Mapping[str, Any]) -> End:
    last = events(*streamed)[-1]
    assert isinstance(last, End)
    return last


def test_text_has_no_start_and_usage_comes_after_the_stop() -> None:
    usage = {"inputTokens": 9, "outputTokens": 2, "totalTokens": 11, "cacheReadInputTokens": 4}

    found = events(
        {"messageStart": {"role": "assistant"}},
        delta(0, text="Hi "),
        delta(0, text="there"),
        {"contentBlockStop": {"contentBlockIndex": 0}},
        stop("end_turn"),
        {"metadata": {"usage": usage, "metrics": {"latencyMs": 3}}},
    )

    native = NativeTurn(MODEL, ({"text": "Hi there"},))
    assert found == [
        Token("Hi "),
        Token("there"),
        End("stop", Usage(9, 2, 4, 0), native=native),
    ]


def test_parallel_calls_may_interleave() -> None:
    found = events(
        start(1, "a", "get_weather"),
        start(2, "b", "get_weather"),
        delta(2, toolUse={"input": '{"city": '}),
        delta(1, toolUse={"input": '{"city": "Port'}),
        delta(2, toolUse={"input": '"Paris"}'}),
        delta(1, toolUse={"input": 'land"}'}),
        stop("tool_use"),
    )

    assert found[:4] == [
        ToolCallStart("a", "get_weather"),
        ToolCallStart("b", "get_weather"),
        ToolCall("a", "get_weather", {"city": "Portland"}),
        ToolCall("b", "get_weather", {"city": "Paris"}),
    ]


def test_a_call_without_arguments_has_none() -> None:
    _, call, _ = events(start(0, "a", "ping"), stop("tool_use"))

    assert call == ToolCall("a", "ping", {})


@pytest.mark.parametrize("text", ['{"city": ', "[1]", "nope"])
def test_arguments_that_are_no_object_are_a_problem_and_not_an_empty_call(text: str) -> None:
    _, call, last = events(start(0, "a", "ping"), delta(0, toolUse={"input": text}), stop("x"))

    assert isinstance(call, ToolCall)
    assert "JSON" in call.problem
    assert isinstance(last, End)
    assert last.finish == "tool"


def test_thoughts_are_kept_with_their_signature_and_never_spoken() -> None:
    found = events(
        delta(0, reasoningContent={"text": "Hm"}),
        delta(0, reasoningContent={"text": "m."}),
        delta(0, reasoningContent={"signature": "sig"}),
        delta(1, reasoningContent={"redactedContent": b"\x00\x01"}),
        delta(2, text="Yes."),
        stop("end_turn"),
    )

    assert [event.text for event in found if isinstance(event, Token)] == ["Yes."]
    assert isinstance(found[-1], End)
    assert isinstance(found[-1].native, NativeTurn)
    assert found[-1].native.content == (
        {"reasoningContent": {"reasoningText": {"text": "Hmm.", "signature": "sig"}}},
        {"reasoningContent": {"redactedContent": b"\x00\x01"}},
        {"text": "Yes."},
    )


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("content_filtered", "filtered"),
        ("guardrail_intervened", "filtered"),
        ("something_new", "stop"),
    ],
)
def test_every_reason_to_stop_has_its_finish(reason: str, finish: str) -> None:
    assert end(delta(0, text="Hi"), stop(reason)).finish == finish


def test_a_call_is_made_even_if_the_model_says_that_its_turn_ended() -> None:
    assert end(start(0, "a", "ping"), stop("end_turn")).finish == "tool"


@pytest.mark.parametrize(
    ("streamed", "kind"),
    [
        ([delta(0, text="Hi")], "truncated"),
        ([], "truncated"),
        ([delta(0, text="Hi"), stop("malformed_tool_use")], "protocol"),
        ([{"contentBlockDelta": {}}], "protocol"),  # botocore's reading of what is no JSON
    ],
)
def test_a_stream_that_makes_no_sense_is_an_error(
    streamed: list[Mapping[str, Any]], kind: str
) -> None:
    with pytest.raises(ModelError) as failed:
        events(*streamed)

    assert failed.value.kind == kind


def test_our_frames_are_read_by_botocore() -> None:
    buffer = EventStreamBuffer()
    buffer.add_data(eventstream.event("contentBlockDelta", {"delta": {"text": "Grüße"}}))
    buffer.add_data(eventstream.exception("throttlingException", "slow down"))

    told, failed = buffer.next(), buffer.next()

    assert told.payload == '{"delta": {"text": "Grüße"}}'.encode()
    assert failed.to_response_dict()["status_code"] == 400
    assert failed.to_response_dict()["headers"][":exception-type"] == "throttlingException"
