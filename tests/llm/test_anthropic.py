"""Claude through the real SDK."""

import logging
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
import pytest_asyncio

from app.llm import ModelError, close_clients, connect
from app.llm.running import VendorModel
from tests.llm.asking import HI, ask, used
from tests.llm.hearing import WEATHER, hear
from tests.llm.servers.anthropic import AnthropicServer, event
from tests.llm.servers.base import Answer, Call


@pytest_asyncio.fixture
async def claude() -> AsyncIterator[AnthropicServer]:
    server = await AnthropicServer().start()
    yield server
    await close_clients()
    await server.stop()


async def test_the_key_goes_out_as_a_bearer_token_with_the_apis_version(
    claude: AnthropicServer,
) -> None:
    await hear(claude.connect(), ask())

    (asked,) = claude.requests
    assert asked.headers["Authorization"] == "Bearer key-of-the-test"
    assert asked.headers["anthropic-version"] == "2026-10-21"
    assert asked.body["stream"] is True


async def test_a_base_url_may_end_with_the_version(claude: AnthropicServer) -> None:
    heard = await hear(claude.connect(baseURL=f"{claude.url}/v1/"), ask())

    assert heard.end.finish == "stop"


async def test_thoughts_are_never_spoken_and_go_back_as_they_came(claude: AnthropicServer) -> None:
    call = Call("get_weather", {"city": "Paris"})
    claude.answer(Answer(("Let me see.", call), reasoning="The caller wants the weather."))
    model = claude.connect()
    heard = await hear(model, ask(HI, tools=(WEATHER,)))

    history = (HI, heard.turn(), *(used(one) for one in heard.calls))
    await hear(model, ask(*history, tools=(WEATHER,)))

    assert heard.text == "Let me see."
    assert [block["type"] for block in claude.requests[1].body["messages"][1]["content"]] == [
        "thinking",
        "text",
        "tool_use",
    ]
    thought = claude.requests[1].body["messages"][1]["content"][0]
    assert thought["signature"] == claude.signature


async def test_an_old_model_may_be_used_where_warnings_are_errors(claude: AnthropicServer) -> None:
    heard = await hear(claude.connect("claude-sonnet-4-5"), ask())

    assert heard.end.finish == "stop"


async def test_a_temperature_reaches_an_older_model(claude: AnthropicServer) -> None:
    await hear(claude.connect(), ask(HI, temperature=0.2))

    (asked,) = claude.requests
    assert asked.headers["anthropic-version"] == "2023-06-01"
    assert asked.body["temperature"] == 0.2


async def test_a_temperature_that_cannot_be_had_is_said_once(
    claude: AnthropicServer, caplog: pytest.LogCaptureFixture
) -> None:
    model = claude.connect("claude-haiku-5-5")

    with caplog.at_level(logging.WARNING, logger="cordboard.llm"):
        ends = [(await hear(model, ask(HI, temperature=0.2))).end for _ in range(2)]

    assert [record.getMessage() for record in caplog.records] == [
        "anthropic:claude-haiku-5-5 takes no temperature: it is left out"
    ]
    assert [end.diagnostics["ignored"] for end in ends] == ["temperature", "temperature"]


async def test_an_error_inside_the_stream_has_the_kind_it_would_have_outside(
    claude: AnthropicServer,
) -> None:
    claude.answer(Answer(error_inside=True, message="Overloaded"))

    error = (await hear(claude.connect(), ask())).end.error

    assert error is not None
    assert (error.kind, error.status, error.retryable) == ("overloaded", 529, True)
    assert "Overloaded" in str(error)


async def test_blocks_may_interleave(
    claude: AnthropicServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def delta(index: int, text: str) -> bytes:
        piece = {"type": "input_json_delta", "partial_json": text}
        return event("content_block_delta", index=index, delta=piece)

    def begin(index: int) -> bytes:
        block = {"type": "tool_use", "id": f"t{index}", "name": "get_weather", "input": {}}
        return event("content_block_start", index=index, content_block=block)

    def part(*_: Any) -> list[bytes]:
        pieces = [begin(0), begin(1), delta(0, '{"city": '), delta(1, "{"), delta(1, "}")]
        return [*pieces, delta(0, '"Rome"}')]

    monkeypatch.setattr(claude, "part", part)
    claude.answer(Answer((Call("get_weather"),)))

    heard = await hear(claude.connect(), ask())

    assert [(call.id, call.arguments) for call in heard.calls] == [
        ("t0", {"city": "Rome"}),
        ("t1", {}),
    ]


async def test_models_are_listed_and_a_credential_is_tested(claude: AnthropicServer) -> None:
    model = cast("VendorModel", claude.connect())
    bad = connect(
        "anthropic", auth={"apiKey": "wrong-key"}, connect_options={"baseURL": claude.url}
    )

    await model.test_credential()
    with pytest.raises(ModelError) as refused:
        await cast("VendorModel", bad).test_credential()

    assert [facts.id for facts in await model.list_models()] == [claude.model, "claude-sonnet-4-6"]
    assert refused.value.kind == "auth"
    assert "invalid bearer token" in str(refused.value)


async def test_a_warm_up_opens_the_connection_that_the_first_request_uses(
    claude: AnthropicServer,
) -> None:
    await claude.connect().prewarm()

    assert [asked.path for asked in claude.others] == ["/v1/models"]
