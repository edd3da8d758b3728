"""Histories that no vendor would take, mended."""

from app.llm import CALL_CONNECTED, ChatMessage, ToolCall
from app.llm.history import INTERRUPTED, mend

PORTLAND = ToolCall("1", "get_weather", {"city": "Portland"})
PARIS = ToolCall("2", "get_weather", {"city": "Paris"})


def user(text: str) -> ChatMessage:
    return ChatMessage("user", text)


def agent(text: str, *calls: ToolCall) -> ChatMessage:
    return ChatMessage("assistant", text, calls)


def output(call: ToolCall, text: str) -> ChatMessage:
    return ChatMessage("tool", text, tool_call_id=call.id)


def test_a_sound_history_stays_as_it_is() -> None:
    history = (
        user("Portland and Paris?"),
        agent("Moment.", PORTLAND, PARIS),
        output(PORTLAND, "52"),
        output(PARIS, "64"),
        agent("52 and 64."),
    )

    assert mend(history) == history


def test_a_call_without_an_output_was_interrupted() -> None:
    called = agent("", PORTLAND)

    assert mend((user("Portland?"), called, user("Never mind."))) == (
        user("Portland?"),
        called,
        output(PORTLAND, INTERRUPTED),
        user("Never mind."),
    )


def test_an_output_that_came_late_stands_behind_its_call() -> None:
    called = agent("", PORTLAND, PARIS)

    mended = mend((called, output(PARIS, "64"), user("Hello?"), output(PORTLAND, "52")))

    assert mended == (called, output(PORTLAND, "52"), output(PARIS, "64"), user("Hello?"))


def test_an_output_whose_call_was_summarised_goes_with_it() -> None:
    summary = user("(so far: asked for Portland)")

    assert mend((summary, output(PORTLAND, "52"), agent("52."))) == (summary, agent("52."))


def test_turns_without_content_are_left_out_and_something_is_always_there() -> None:
    assert mend((user("Hi"), agent(" "), user(""))) == (user("Hi"),)
    assert mend((output(PORTLAND, "52"),)) == (user(CALL_CONNECTED),)
