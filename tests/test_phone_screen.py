"""What a person or a program sees of a call, character by character."""

import io
import json
from typing import Any

from app.phone.render import Line
from app.phone.screen import Screen
from app.twin import Entry, Kind


def entry(kind: Kind, **data: Any) -> Entry:
    return Entry(1.5, kind, data)


def test_a_person_sees_words_as_they_are_spoken() -> None:
    out = io.StringIO()
    screen = Screen(out, interactive=True)
    screen.prompt()
    for word in ("Hello", "there"):
        screen.show(entry("speaking", text=word, by="agent"))
    screen.show(entry("heard", text="Hello there", by="agent", interrupted=True))
    screen.show(entry("said", text="typed already"))

    assert out.getvalue() == ("\r\x1b[Kyou     \r\x1b[Kagent   Hello there —\n\r\x1b[Kyou     ")


def test_the_parts_of_a_word_are_shown_as_one() -> None:
    out = io.StringIO()
    screen = Screen(out, interactive=True)
    for word, more in (("In", {}), ("Port", {}), ("land", {"joins": True}), ("it", {})):
        screen.show(entry("speaking", text=word, by="agent", **more))

    assert out.getvalue() == "agent   In Portland it"


def test_a_prompt_waits_for_the_end_of_what_is_spoken() -> None:
    out = io.StringIO()
    screen = Screen(out, interactive=True)
    screen.show(entry("speaking", text="Hello", by="tts"))
    screen.prompt()
    screen.show(entry("heard", text="Hello", by="tts"))

    assert out.getvalue() == "tts     Hello\n\r\x1b[Kyou     "


def test_json_goes_out_alone_and_the_transcript_is_text() -> None:
    out, transcript = io.StringIO(), io.StringIO()
    screen = Screen(out, as_json=True, transcript=transcript)
    screen.begin({"url": "ws://x"})
    screen.tell(Line("", "advice"))
    screen.prompt()
    screen.show(entry("heard", text="Hi", by="agent"))
    screen.result({"exit_code": 0})

    assert [json.loads(line) for line in out.getvalue().splitlines()] == [
        {"kind": "call", "data": {"url": "ws://x"}},
        {"time": 1.5, "kind": "heard", "data": {"text": "Hi", "by": "agent"}},
        {"kind": "result", "data": {"exit_code": 0}},
    ]
    assert transcript.getvalue() == "        advice\nagent   Hi\n"


def test_a_reader_that_goes_away_does_not_end_the_call() -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    screen = Screen(Gone())
    screen.show(entry("note", text="one"))
    screen.show(entry("note", text="two"))


def test_long_answers_are_broken_between_words_and_what_is_copied_is_not() -> None:
    out = io.StringIO()
    screen = Screen(out, columns=24)
    screen.tell(Line("agent", "Hello from the weather", "agent"), Line("", "curl " * 9, "dim"))
    for word in ("Hello", "from", "the", "weather"):
        screen.show(entry("speaking", by="agent", text=word))

    copied = "curl " * 9
    assert out.getvalue() == (
        f"agent   Hello from the\n        weather\n        {copied.rstrip()}\n"
        "agent   Hello from the\n        weather"
    )
