"""The six vendors that speak chat completions, through the real SDKs."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio

from app.llm import (
    ChatMessage,
    ChatRequest,
    End,
    Event,
    Token,
    ToolCall,
    ToolCallStart,
    ToolDefinition,
    close_clients,
)
from app.llm.running import reading
from tests.llm.servers.base import Answer, Call, LoopbackVendor
from tests.llm.servers.openai_wire import AzureWire, OpenAiWire, VertexWire

VENDORS: dict[str, Callable[[], LoopbackVendor]] = {
    "openai": OpenAiWire,
    "azure-openai": AzureWire,
    "deepseek": lambda: OpenAiWire("deepseek", "deepseek-v4-flash"),
    "groq": lambda: OpenAiWire("groq", "llama-3.3-70b-versatile"),
    "huggingface": lambda: OpenAiWire("huggingface", "meta-llama/Llama-3.3-70B-Instruct:fastest"),
    "vertex-openai": VertexWire,
}
WEATHER = ToolDefinition("get_weather", "Current weather.", {"type": "object", "properties": {}})


@pytest_asyncio.fixture(params=VENDORS)
async def vendor(request: pytest.FixtureRequest) -> AsyncIterator[LoopbackVendor]:
    server = await VENDORS[request.param]().start()
    yield server
    await close_clients()
    await server.stop()


def ask(*messages: ChatMessage, tools: tuple[ToolDefinition, ...] = ()) -> ChatRequest:
    return ChatRequest("Be brief.", messages or (ChatMessage("user", "Hi"),), tools)


async def events_of(server: LoopbackVendor, request: ChatRequest) -> list[Event]:
    return [event async for event in server.connect().stream(request)]


async def test_text_and_parallel_calls_come_in_order(vendor: LoopbackVendor) -> None:
    calls = (Call("get_weather", {"city": "Orléans"}, "a"), Call("get_weather", {}, "b"))
    vendor.answer(Answer(("Let", " me see… ", *calls), split=True))

    events = await events_of(vendor, ask(tools=(WEATHER,)))

    assert list(events[:-1]) == [
        Token("Let"),
        Token(" me see… "),
        ToolCallStart("a", "get_weather"),
        ToolCallStart("b", "get_weather"),
        ToolCall("a", "get_weather", {"city": "Orléans"}),
        ToolCall("b", "get_weather", {}),
    ]
    end = events[-1]
    assert isinstance(end, End)
    assert (end.finish, end.error, end.diagnostics["request_id"]) == ("tool", None, "req_1")
    assert end.usage is not None
    assert (end.usage.input_tokens, end.usage.output_tokens) == (20, 5)


async def test_a_wrong_key_is_an_error_of_kind_auth_that_does_not_show_it(
    vendor: LoopbackVendor,
) -> None:
    key = vendor.auth().get("apiKey", "no key at all")
    vendor.answer(Answer(status=401, message=f"this key is bad: {key}"))

    (end,) = await events_of(vendor, ask())

    assert isinstance(end, End)
    assert end.error is not None
    assert (end.error.kind, end.error.status, end.error.retryable) == ("auth", 401, False)
    assert "this key is bad" in str(end.error)
    assert "key-of-the-test" not in str(end.error)


async def test_a_barge_in_closes_the_connection(vendor: LoopbackVendor) -> None:
    vendor.answer(Answer(stall="middle"))
    stream = vendor.connect().stream(ask())
    assert isinstance(await anext(stream), Token)

    await stream.aclose()  # type: ignore[attr-defined]

    await vendor.someone_left()
    async with asyncio.timeout(2):
        while reading():  # noqa: ASYNC110  (a test looks; nothing tells it)
            await asyncio.sleep(0.01)
