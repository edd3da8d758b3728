"""A call's entries, read as a story."""

from collections.abc import Iterator
from typing import Any

import pytest

from app.feed import Entry
from app.records import Story, tell


def story(*told: tuple[str, dict[str, Any]], is_over: bool = True) -> Story:
    """What some entries tell, one a second."""

    def entries() -> Iterator[Entry]:
        for number, (kind, data) in enumerate(told, 1):
            yield Entry(number, 1_762_000_000.0 + number, kind, data)

    return tell(entries(), is_over=is_over)


def event(type_: str, **fields: Any) -> tuple[str, dict[str, Any]]:
    return "event", {"type": type_, **fields}


def spoken(found: Story) -> list[tuple[str, str]]:
    return [(turn.caller, turn.agent) for turn in found.transcript]


def test_a_greeting_is_a_turn_of_its_own() -> None:
    found = story(
        event("llm_response", response="Good morning."),
        event("user_transcript", transcript="Hello."),
        event("llm_response", response="How can I help?"),
        event("turn_end", transcript="Hello.", response="How can I help?"),
    )

    assert spoken(found) == [("", "Good morning."), ("Hello.", "How can I help?")]


def test_words_that_no_turn_end_follows_are_kept() -> None:
    found = story(event("user_transcript", transcript="Hello?"))

    assert spoken(found) == [("Hello?", "")]


def test_a_turn_keeps_latency_in_either_dialect() -> None:
    latency = {"transcriber_latency": 310, "model_latency": 640, "preflight": {"result": "hit"}}
    [turn] = story(event("turn_end", transcript="Hi.", latency=latency, confidence=0.9)).transcript

    assert turn.latency == {"stt_ms": 310, "llm_ms": 640, "preflight": "hit"}
    assert turn.confidence == 0.9


def test_an_interrupted_turn_tells_what_was_spoken_and_what_was_meant() -> None:
    [turn] = story(
        event("llm_response", response="One, two, three."),
        event("user_interruption"),
        event("turn_end", transcript="Count.", response="One,", interrupted=True),
    ).transcript

    assert (turn.agent, turn.intended, turn.interrupted) == ("One,", "One, two, three.", True)


REALTIME = (
    event("conversation.item.input_audio_transcription.completed", transcript="Hello."),
    event("response.audio_transcript.done", transcript="Hi there."),
    event("response.done", response={"status": "completed"}),
)
GOOGLE = (
    event("", server_content={"input_transcription": {"text": "Hel"}}),
    event("", server_content={"input_transcription": {"text": "lo."}}),
    event("", server_content={"output_transcription": {"text": "Hi "}}),
    event("", server_content={"output_transcription": {"text": "there."}, "turn_complete": True}),
)
ULTRAVOX = (
    event("transcript", role="user", text="Hello.", final=True),
    event("transcript", role="agent", text="Hi th", final=False),
    event("transcript", role="agent", text="Hi there.", final=True),
)
DEEPGRAM = (
    event("ConversationText", role="user", content="Hello."),
    event("ConversationText", role="assistant", content="Hi there."),
    event("AgentAudioDone"),
)
ELEVENLABS = (
    event("user_transcript", user_transcription_event={"user_transcript": "Hello."}),
    event("agent_response", agent_response_event={"agent_response": "Hi there."}),
)


@pytest.mark.parametrize("told", [REALTIME, GOOGLE, ULTRAVOX, DEEPGRAM, ELEVENLABS])
def test_a_speech_to_speech_model_is_heard_in_its_vendor_s_words(
    told: tuple[tuple[str, dict[str, Any]], ...],
) -> None:
    assert spoken(story(*told, *told)) == [("Hello.", "Hi there.")] * 2


def test_a_response_that_was_cancelled_was_interrupted() -> None:
    [turn] = story(
        event("response.output_audio_transcript.done", transcript="One, two"),
        event("response.done", response={"status": "cancelled"}),
    ).transcript

    assert turn.interrupted


def test_a_tool_call_without_an_output_is_pending_and_in_the_end_cut() -> None:
    call = ("tool_call", {"tool_call_id": "t1", "name": "book", "arguments": {"day": 3}})

    assert story(call, is_over=False).tool_calls[0].outcome == "pending"
    assert story(call).tool_calls[0].outcome == "cut"


def test_a_tool_that_ran_late_has_its_result_in_the_end() -> None:
    output = {"tool_call_id": "t1", "name": "book"}
    [use] = story(
        ("tool_call", {**output, "args": {"day": 3}}),
        ("tool_output", {**output, "output": {"result": "…"}, "outcome": "late", "ms": 4000.0}),
        ("tool_output", {**output, "output": {"at": 9}, "outcome": "late_ok", "ms": 6000.0}),
    ).tool_calls

    assert (use.arguments, use.output, use.outcome) == ({"day": 3}, {"at": 9}, "late_ok")


def test_several_calls_in_one_message_find_their_outputs() -> None:
    calls = {"function_calls": [{"name": "book", "args": {"day": n}} for n in (1, 2)]}
    uses = story(
        ("tool_call", calls),
        *(
            (
                "tool_output",
                {"tool_call_id": f"m:{n}", "name": "book", "output": n, "outcome": "ok"},
            )
            for n in (1, 2)
        ),
    ).tool_calls

    assert [(use.arguments, use.output) for use in uses] == [({"day": 1}, 1), ({"day": 2}, 2)]


def test_an_answer_from_documents_keeps_its_sources() -> None:
    named = {"tool_call_id": "t1", "name": "query_knowledge"}
    answer = {"answer": "At nine.", "sources": ["Opening hours"]}
    [asked] = story(
        ("tool_call", {**named, "arguments": {"query": "When do you open?"}}),
        ("tool_output", {**named, "output": answer, "outcome": "ok", "ms": 20.0}),
    ).knowledge

    assert asked["question"] == "When do you open?"
    assert (asked["answer"], asked["sources"]) == ("At nine.", ["Opening hours"])


def test_recordings_are_those_that_were_asked_for_and_those_that_are_reported() -> None:
    found = story(
        ("command", {"command": "record", "data": {"action": "startCallRecording"}, "by": "code"}),
        ("status", {"call_status": "in-progress", "recording_id": ""}),
        ("hook", {"hook": "/x", "data": {"recording_url": "https://media.example/1.mp3"}}),
    ).recordings

    assert [{**one, "at": None} for one in found] == [
        {"at": None, "action": "startCallRecording"},
        {"at": None, "recording_url": "https://media.example/1.mp3"},
    ]


def test_whatever_else_an_entry_holds_does_no_harm() -> None:
    found = story(
        event("turn_end", transcript=None, response=7, latency="x", confidence="high"),
        ("event", {"type": ["a"]}),
        ("event", {"server_content": 3}),
        ("tool_call", {}),
        ("tool_output", {"outcome": 5, "ms": "x"}),
        ("status", {}),
        ("hook", {"data": []}),
        ("update", {}),
        ("command", {"command": "record", "data": 1}),
        ("session", {"type": "ended"}),
        ("newer", {"x": 1}),
    )

    assert len(found.transcript) == 1
    assert len(found.updates) == 2
