"""Text on its way to the voice: in order, once, and never more than jambonz' buffer takes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.protocol import (
    TextFeed,
    TtsSpoken,
    TtsStreamEvent,
    TtsTokensResult,
    read_tokens_result,
    read_tts_event,
)
from app.protocol.streaming import PIECE, ROOM

HIGH, LOW = 1000, 200


def ok(number: int) -> TtsTokensResult:
    return TtsTokensResult(number, "ok")


def full(number: int) -> TtsTokensResult:
    return TtsTokensResult(number, "failed", "full")


@pytest.mark.parametrize(
    ("data", "event"),
    [
        ({"event_type": "stream_open"}, TtsStreamEvent("stream_open")),
        ({"event_type": "user_interruption"}, TtsStreamEvent("user_interruption")),
        (
            {"event_type": "tts_spoken", "text": "Hello", "bargein": True, "new": 1},
            TtsSpoken("Hello", True, {"new": 1}),
        ),
        ({"event_type": 7}, TtsStreamEvent("", {})),
    ],
)
def test_an_event_of_the_stream_is_read_into_its_type(data: Any, event: Any) -> None:
    read = read_tts_event(data)

    assert type(read) is type(event)
    assert read == event or data["event_type"] == 7


def test_a_result_is_read_into_its_type() -> None:
    data = {"id": 8, "status": "failed", "reason": "full"}

    assert read_tokens_result(data) == TtsTokensResult(8, "failed", "full")
    assert read_tokens_result({"id": "x"}).id is None


def test_the_first_token_goes_at_once_and_what_comes_meanwhile_goes_as_one() -> None:
    feed = TextFeed()
    feed.put("H")
    assert feed.take(0) == ("tts:tokens", {"id": 1, "tokens": "H"})
    for letter in "ello.":
        feed.put(letter)
    assert feed.take(0) is None

    feed.answered(ok(1), 0)

    assert feed.take(0) == ("tts:tokens", {"id": 2, "tokens": "ello."})


def test_a_flush_goes_behind_its_text_and_only_when_that_was_taken() -> None:
    feed = TextFeed()
    feed.put("one")
    feed.put_flush()
    feed.put("two")
    feed.take(0)
    assert feed.take(0) is None

    feed.answered(ok(1), 0)

    assert feed.take(0) == ("tts:flush", None)
    assert feed.take(0) == ("tts:tokens", {"id": 2, "tokens": "two"})


def test_what_was_refused_goes_again_by_its_id_when_the_stream_resumes() -> None:
    feed = TextFeed()
    feed.put("one")
    feed.take(0)
    assert feed.answered(full(1), 0) is None
    feed.put("two")
    assert feed.take(0.1) is None
    assert feed.is_full

    feed.told("stream_resumed", 0.2)

    assert feed.take(0.2) == ("tts:tokens", {"id": 1, "tokens": "one"})
    assert feed.take(0.2) is None


def test_a_lost_stream_resumed_does_not_stop_it_for_ever() -> None:
    feed = TextFeed()
    feed.put("one")
    feed.take(0)
    feed.answered(full(1), 0)

    assert feed.take(4.9) is None
    assert feed.take(5.1) == ("tts:tokens", {"id": 1, "tokens": "one"})


def test_an_answer_that_says_nothing_waits_for_the_stream_to_open() -> None:
    feed = TextFeed()
    feed.put("one")
    feed.take(0)
    assert feed.answered(TtsTokensResult(1), 0) is None
    assert feed.take(0.5) is None

    feed.told("stream_open", 0.6)

    assert feed.take(0.6) == ("tts:tokens", {"id": 1, "tokens": "one"})


def test_a_stream_that_never_opens_is_told() -> None:
    feed = TextFeed()
    feed.put("one")
    for second in range(11):
        if feed.take(float(second)) is not None:
            feed.answered(TtsTokensResult(1, "failed", "no stream"), float(second))

    assert "tts_stream" in (feed.overdue(11) or "")


@pytest.mark.parametrize("reason", ["connection to elevenlabs failed", "missing tokens"])
def test_a_failure_that_no_waiting_mends_is_told(reason: str) -> None:
    feed = TextFeed()
    feed.put("one")
    feed.take(0)

    assert feed.answered(TtsTokensResult(1, "failed", reason), 0) == reason


def test_an_answer_that_does_not_come_is_told() -> None:
    feed = TextFeed()
    feed.put("one")
    feed.take(0)

    assert feed.overdue(4) is None
    assert "did not answer" in (feed.overdue(5) or "")


def test_after_a_reconnect_a_piece_without_an_answer_goes_again() -> None:
    feed = TextFeed()
    feed.put("one")
    feed.take(0)
    feed.doubt(3)

    assert feed.take(3.5) is None
    assert feed.take(4) == ("tts:tokens", {"id": 1, "tokens": "one"})


def test_after_a_reconnect_an_answer_that_was_under_way_counts() -> None:
    feed = TextFeed()
    feed.put("one")
    feed.take(0)
    feed.doubt(3)
    feed.answered(ok(1), 3.5)

    assert feed.take(5) is None
    assert feed.accepted == 3


def test_a_late_answer_to_what_was_dropped_means_nothing() -> None:
    feed = TextFeed()
    feed.put("one")
    feed.take(0)
    feed.drop()
    feed.put("two")
    assert feed.take(0) == ("tts:tokens", {"id": 2, "tokens": "two"})

    feed.answered(ok(1), 0)

    assert feed.accepted == 0
    assert feed.take(0) is None


def test_a_long_text_is_cut_into_pieces_that_the_buffer_can_hold() -> None:
    feed, sent = TextFeed(), ""
    feed.put("x" * 3 * ROOM)
    assert feed.is_full
    while (command := feed.take(0)) is not None:
        assert command[1]
        assert len(command[1]["tokens"]) <= PIECE
        sent += command[1]["tokens"]
        feed.answered(ok(command[1]["id"]), 0)

    assert sent == "x" * 3 * ROOM


class Buffer:
    """jambonz' side: a buffer with a high and a low mark, which the voice empties."""

    def __init__(self) -> None:
        self.held = ""
        self.spoken = ""
        self.is_paused = False

    def take(self, tokens: str) -> bool:
        if len(self.held) + len(tokens) > HIGH:
            self.is_paused = True
            return False
        self.held += tokens
        return True

    def speak(self, count: int) -> bool:
        """Whether stream_resumed has to be told."""
        self.spoken += self.held[:count]
        self.held = self.held[count:]
        if self.is_paused and len(self.held) < LOW:
            self.is_paused = False
            return True
        return False


@given(
    st.lists(
        st.one_of(
            st.text("ab ", max_size=1200),
            st.sampled_from(["answer", "speak", "flush"]),
            st.integers(1, 900),
        ),
        max_size=60,
    )
)
def test_whatever_the_order_of_things_all_text_is_spoken_once_and_in_order(
    steps: list[str | int],
) -> None:
    feed, buffer, given_text = TextFeed(), Buffer(), ""
    pending: list[dict[str, Any]] = []

    def answer() -> None:
        data = pending.pop(0)
        result = ok if buffer.take(data["tokens"]) else full
        feed.answered(result(data["id"]), 0)

    def pump() -> None:
        while (command := feed.take(0)) is not None:
            if command[1] is not None:
                pending.append(command[1])

    def speak(count: int) -> None:
        if buffer.speak(count):
            feed.told("stream_resumed", 0)

    for step in steps:
        if isinstance(step, int):
            speak(step)
        elif step == "answer" and pending:
            answer()
        elif step == "flush":
            feed.put_flush()
        elif step not in ("answer", "speak"):
            feed.put(step)
            given_text += step
        pump()
        assert len(pending) <= 1
    while not feed.is_empty:
        if pending:
            answer()
        speak(900)
        pump()
    speak(HIGH)

    assert buffer.spoken == given_text
    assert feed.accepted == len(given_text)
