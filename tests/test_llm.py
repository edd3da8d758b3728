"""The port of the chat models: what a request may hold, who is connected, the double."""

import subprocess
import sys
from collections.abc import Sequence

import pytest

from app.llm import (
    ChatMessage,
    ChatModel,
    ChatRequest,
    End,
    Event,
    FakeModel,
    ModelError,
    Token,
    ToolCall,
    ToolCallStart,
    connect,
    vendors,
)
from app.llm.vendors import VENDORS


def ask(text: str = "Hello") -> ChatRequest:
    return ChatRequest("", (ChatMessage("user", text),))


async def events_of(model: ChatModel, request: ChatRequest | None = None) -> list[Event]:
    return [event async for event in model.stream(request or ask())]


def text_of(events: Sequence[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Token))


def test_the_offline_model_connects_by_its_name_alone() -> None:
    assert type(connect("offline")).__name__ == "OfflineModel"


def test_what_follows_the_first_colon_is_the_models_name() -> None:
    assert type(connect("offline:any:thing")).__name__ == "OfflineModel"


def test_an_unknown_vendor_is_an_error_that_lists_the_known_ones() -> None:
    with pytest.raises(ModelError, match=r"no model vendor 'acme'.*known: .*offline") as caught:
        connect("acme:large")

    assert (caught.value.kind, caught.value.retryable) == ("bad_request", False)


def test_a_credential_that_is_a_bare_text_is_an_error_that_shows_its_fields_only() -> None:
    for given in ({"auth": "sk-hunter2"}, {"keys": {"openai": "sk-hunter2"}}):
        with pytest.raises(
            ModelError, match=r"needs a mapping, \{'apiKey': …\}; got a str"
        ) as caught:
            connect("openai:gpt-4.1-mini", **given)

        assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("vendor", vendors())
def test_every_vendor_has_a_lower_case_id_and_an_adapter(vendor: str) -> None:
    assert vendor == vendor.lower()
    assert vendor == "offline" or VENDORS[vendor].id == vendor


def test_an_adapter_is_not_imported_before_it_is_used() -> None:
    code = "import sys, app.llm; print([m for m in sys.modules if m.startswith('app.llm.off')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_an_empty_history_is_rejected_by_name() -> None:
    with pytest.raises(ValueError, match="messages is empty"):
        ChatRequest("You are helpful.", ())


def test_a_system_role_in_the_history_is_rejected() -> None:
    with pytest.raises(ValueError, match="messages hold role 'system'"):
        ChatRequest("", (ChatMessage("system", "Be kind."),))  # type: ignore[arg-type]


async def test_a_scripted_string_is_streamed_word_by_word_and_stops() -> None:
    events = await events_of(FakeModel(["Hello  there, you. "]))

    assert [event for event in events if isinstance(event, Token)] == [
        Token("Hello"),
        Token("  there,"),
        Token(" you. "),
    ]
    assert events[-1] == End("stop")


async def test_a_scripted_tool_call_is_announced_and_ends_the_turn_as_tool() -> None:
    call = ToolCall("c1", "get_weather", {"city": "Portland"})

    assert await events_of(FakeModel([call])) == [
        ToolCallStart("c1", "get_weather"),
        call,
        End("tool"),
    ]


async def test_a_scripted_list_may_mix_text_and_calls_and_set_its_end() -> None:
    call = ToolCall("c1", "look", {})

    events = await events_of(FakeModel([["Let me look.", call, End("length")]]))

    assert text_of(events) == "Let me look."
    assert events[-3:] == [ToolCallStart("c1", "look"), call, End("length")]


async def test_a_scripted_function_sees_the_request_and_may_be_async() -> None:
    async def later(request: ChatRequest) -> str:
        return f"later {request.messages[-1].content}"

    model = FakeModel([lambda request: f"now {request.messages[-1].content}", later])

    assert text_of(await events_of(model, ask("one"))) == "now one"
    assert text_of(await events_of(model, ask("two"))) == "later two"
    assert [request.messages[-1].content for request in model.requests] == ["one", "two"]


async def test_a_scripted_model_error_ends_the_stream_with_it() -> None:
    error = ModelError("too many", kind="rate_limit", retryable=True, vendor="acme", status=429)

    assert await events_of(FakeModel([error])) == [End("error", error=error)]


async def test_another_scripted_exception_is_raised() -> None:
    with pytest.raises(RuntimeError, match="broken"):
        await events_of(FakeModel([RuntimeError("broken")]))


async def test_a_script_that_ran_out_says_what_was_asked() -> None:
    model = FakeModel(["one"])
    await events_of(model)
    model.add("two")
    await events_of(model)
    assert model.remaining == 0

    with pytest.raises(AssertionError, match=r"no reply for request 3 \(last message: user 'Hi'\)"):
        await events_of(model, ask("Hi"))
