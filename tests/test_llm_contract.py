"""The contract that every vendor's adapter passes, for the offline model.

Numbers name the points of the contract.
"""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.llm import (
    CALL_CONNECTED,
    ChatMessage,
    ChatRequest,
    End,
    Event,
    Token,
    ToolCall,
    ToolCallStart,
    ToolDefinition,
)
from app.llm.offline import OfflineModel
from tests.llm_phone import ASSISTANT, WEATHER, Phone, text_of


def request(text: str, *tools: ToolDefinition, system: str = ASSISTANT) -> ChatRequest:
    return ChatRequest(system, (ChatMessage("user", text),), tools)


async def test_5_6_7_a_stream_has_one_end_and_it_is_last_with_its_reason() -> None:
    for asked, finish in (("Hello", "stop"), ("Weather in Portland?", "tool")):
        events = [e async for e in OfflineModel().stream(request(asked, WEATHER))]

        ends = [event for event in events if isinstance(event, End)]
        assert ends == [events[-1]]
        assert (ends[0].finish, ends[0].error) == (finish, None)


async def test_8_text_arrives_in_several_pieces_with_its_blanks() -> None:
    events = [e async for e in OfflineModel().stream(request("Hello"))]

    tokens = [event.text for event in events if isinstance(event, Token)]
    assert tokens[:3] == ["Hello!", " I", " am"]


async def test_9_a_reader_cancelled_before_the_start_gets_no_token() -> None:
    seen: list[Event] = []

    async def read() -> None:
        async for event in OfflineModel().stream(request("Hello")):
            seen.append(event)  # noqa: PERF401  (what came before the cancellation is looked at)

    task = asyncio.create_task(read())
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert seen == []


async def test_10_nothing_comes_after_the_stream_is_closed() -> None:
    phone = Phone("You are helpful.", ToolDefinition("hangup", "End the call."))
    phone.history.append(ChatMessage("user", "goodbye"))
    ask = ChatRequest(phone.system, tuple(phone.history), phone.tools)
    assert any(isinstance(event, ToolCall) for event in await phone.events())

    stream = phone.model.stream(ask)
    first = await anext(stream)
    await stream.aclose()  # type: ignore[attr-defined]

    assert isinstance(first, Token)
    assert [event async for event in stream] == []


async def test_11_12_a_call_has_an_id_and_parsed_arguments_and_is_announced() -> None:
    events = [e async for e in OfflineModel().stream(request("Weather in Portland?", WEATHER))]

    start, call = events[:2]
    assert isinstance(call, ToolCall)
    assert start == ToolCallStart(call.id, "get_weather")
    assert call.id
    assert call.arguments == {"city": "Portland"}


async def test_ids_of_calls_never_repeat_even_if_the_history_was_cut() -> None:
    model = OfflineModel()
    ids = {
        event.id
        for _ in range(3)
        async for event in model.stream(request("Weather in Portland?", WEATHER))
        if isinstance(event, ToolCall)
    }

    assert len(ids) == 3


async def test_13_14_a_tools_result_can_be_streamed_again_and_changes_no_history() -> None:
    phone = Phone(ASSISTANT, WEATHER)
    await phone.say("Weather in Portland?")
    before = list(phone.history)
    phone.history.append(ChatMessage("user", "And in Paris?"))

    events = await phone.events()

    assert phone.history[:-1] == before
    assert [e.arguments for e in events if isinstance(e, ToolCall)] == [{"city": "Paris"}]


async def test_17_the_system_prompt_is_obeyed() -> None:
    assert "clinic" in await Phone("You are the front desk of a clinic.").say(CALL_CONNECTED)


async def test_a_limit_on_tokens_cuts_the_reply_and_says_so() -> None:
    phone = Phone()
    phone.history.append(ChatMessage("user", CALL_CONNECTED))

    events = await phone.events(max_tokens=3)

    assert text_of(events) == "Hello! I am"
    assert isinstance(events[-1], End)
    assert events[-1].finish == "length"
    assert events[-1].usage is not None
    assert events[-1].usage.output_tokens == 3


async def test_equal_requests_get_equal_replies() -> None:
    asked = request("Weather in Paris and London", WEATHER)

    assert [e async for e in OfflineModel().stream(asked)] == [
        e async for e in OfflineModel().stream(asked)
    ]


@given(
    st.text(max_size=80),
    st.lists(st.text(max_size=60), min_size=1, max_size=4),
    st.dictionaries(st.text(max_size=8), st.text(max_size=8) | st.integers() | st.none()),
)
async def test_no_words_and_no_schema_bring_it_down(
    system: str, said: list[str], odd: dict[str, object]
) -> None:
    tool = ToolDefinition(said[0], system, {"type": "object", "properties": {"x": odd}})
    roles = ("user", "assistant", "tool")
    history = tuple(
        ChatMessage(roles[index % 3], text)  # type: ignore[arg-type]
        for index, text in enumerate(said)
    )

    events = [e async for e in OfflineModel().stream(ChatRequest(system, history, (tool, WEATHER)))]

    assert isinstance(events[-1], End)
