"""What goes wrong with vendors of OpenAI's wire, and what is done about it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
import pytest_asyncio

from app.llm import ModelError, Token, close_clients, connect
from app.llm.vendor import ModelFacts
from app.llm.vendors import VENDORS, openai_wire
from tests.llm.asking import HI, ask
from tests.llm.hearing import Heard, hear
from tests.llm.servers.base import Answer, Call
from tests.llm.servers.openai_wire import OpenAiWire, VertexWire

Start = Callable[[OpenAiWire], Any]
CALLED = Call("get_weather", {"city": "Portland"}, "a")


@pytest_asyncio.fixture
async def start() -> AsyncIterator[Start]:
    """Starts servers that stop by themselves."""
    started: list[OpenAiWire] = []

    async def go(server: OpenAiWire) -> OpenAiWire:
        started.append(server)
        return await server.start()

    yield go
    await close_clients()
    await asyncio.gather(*(server.stop() for server in started))


async def heard_of(server: OpenAiWire, **options: Any) -> Heard:
    return await hear(server.connect(**options), ask())


def error_of(heard: Heard) -> ModelError:
    assert heard.end.error is not None
    return heard.end.error


async def test_calls_that_end_with_stop_are_calls(start: Start) -> None:
    server = await start(OpenAiWire("huggingface", "m"))
    server.answer(Answer((CALLED,), finish="stop"))

    heard = await heard_of(server)

    assert [call.arguments for call in heard.calls] == [{"city": "Portland"}]
    assert heard.end.finish == "tool"


async def test_an_error_inside_a_200_is_an_error(start: Start) -> None:
    server = await start(OpenAiWire())
    server.answer(Answer(error_inside=True, message="the engine fell over"))

    heard = await heard_of(server)

    assert (heard.end.finish, error_of(heard).retryable) == ("error", True)
    assert "the engine fell over" in str(error_of(heard))


class Silent(OpenAiWire):
    """Answers as a page that is no API: a 200 with a stream of nothing."""

    def _pieces(self, answer: Answer) -> Iterator[bytes | None]:
        del answer
        yield b": nothing here\n\n"


async def test_a_stream_of_nothing_is_a_wrong_base_url_and_no_silence(start: Start) -> None:
    error = error_of(await heard_of(await start(Silent())))

    assert error.kind == "protocol"
    assert str(error) == "openai sent an empty stream; is the base URL right?"


class Coded(OpenAiWire):
    """Refuses with a code of the vendor's own."""

    code = ""

    def error_body(self, answer: Answer) -> Any:
        return {"error": {**super().error_body(answer)["error"], "code": self.code}}


async def test_an_account_without_credit_is_not_asked_again(start: Start) -> None:
    server = await start(Coded())
    server.code = "insufficient_quota"
    server.answer(Answer(status=429, retry_after="0.1", message="You exceeded your quota"))

    error = error_of(await heard_of(server))

    assert (error.kind, error.retryable, len(server.requests)) == ("auth", False, 1)


async def test_a_call_that_groq_could_not_read_is_written_again(start: Start) -> None:
    server = await start(Coded("groq", "llama-3.3-70b-versatile"))
    server.code = "tool_use_failed"
    server.answer(Answer(status=400, message="Failed to call a function"), Answer((CALLED,)))

    heard = await heard_of(server)

    assert (len(heard.calls), len(server.requests)) == (1, 2)


class Vertex(VertexWire):
    """Sometimes gives no reason."""

    def error_body(self, answer: Answer) -> Any:
        error = {"code": 400, "message": answer.message, "status": "INVALID_ARGUMENT"}
        return [{"error": error}]


async def test_a_400_without_a_reason_is_noise_at_vertex_only(start: Start) -> None:
    vertex, openai = await start(Vertex()), await start(OpenAiWire())
    bare = Answer(status=400, message="INVALID_ARGUMENT")
    vertex.answer(bare)
    openai.answer(bare)

    assert (await heard_of(vertex)).text == "Hello there"
    assert error_of(await heard_of(openai)).kind == "bad_request"
    assert (len(vertex.requests), len(openai.requests)) == (2, 1)


async def test_a_400_of_vertex_with_a_reason_is_told_by_its_words(start: Start) -> None:
    server = await start(Vertex())
    server.answer(Answer(status=400, message="the model takes no pictures"))

    error = error_of(await heard_of(server))

    assert str(error) == "vertex-openai answered 400: the model takes no pictures"


class Minting(VertexWire):
    """Gives tokens that are nearly over, and counts them."""

    seconds = 60
    minted = 0

    async def other(self, request: Any) -> Any:
        from aiohttp import web

        self.minted += 1
        token = f"token-{self.minted}"
        body = {"access_token": token, "expires_in": self.seconds, "token_type": "Bearer"}
        return web.json_response(body)


@pytest.mark.parametrize(("seconds", "minted"), [(3600, 1), (1, 2)])
async def test_a_token_is_minted_once_and_again_when_it_is_over(
    start: Start, seconds: int, minted: int
) -> None:
    server = await start(Minting())
    server.seconds = seconds
    model = server.connect()

    await hear(model, ask())
    await hear(model, ask())

    signs = [request.headers["Authorization"] for request in server.requests]
    assert (server.minted, signs[-1]) == (minted, f"Bearer token-{minted}")


async def test_with_no_retries_nothing_is_tried_again(start: Start) -> None:
    server = await start(OpenAiWire())
    server.answer(Answer(status=503))

    error = error_of(await heard_of(server, maxRetries=0))

    assert (error.kind, error.retryable, len(server.requests)) == ("overloaded", True, 1)


class Exact(OpenAiWire):
    """Says in milliseconds how long to wait, as Azure does, and rounds it up in seconds."""

    def error_headers(self, answer: Answer) -> dict[str, str]:
        del answer
        return {"retry-after-ms": "20", "retry-after": "30"}


async def test_the_wait_in_milliseconds_is_the_one_that_counts(start: Start) -> None:
    server = await start(Exact())
    server.answer(Answer(status=429))

    assert (await heard_of(server)).text == "Hello there"


async def test_a_host_that_is_not_there_is_told_and_not_waited_for(unused_tcp_port: int) -> None:
    url = f"http://127.0.0.1:{unused_tcp_port}/v1"
    model = connect("openai", auth={"apiKey": "k"}, connect_options={"baseURL": url})
    error = error_of(await hear(model, ask()))
    await close_clients()

    assert (error.kind, error.retryable) == ("connection", True)


@pytest.mark.parametrize("status", [401, 429, 503])
async def test_the_next_model_of_a_list_answers_for_one_that_cannot(
    start: Start, status: int
) -> None:
    first, second = await start(OpenAiWire()), await start(OpenAiWire("groq", "llama"))
    first.answer(*[Answer(status=status)] * 2)

    heard = await hear(both(first, second), ask())

    assert (heard.text, heard.end.error) == ("Hello there", None)
    assert heard.end.diagnostics["model"] == "groq:llama"


async def test_a_model_that_has_begun_is_not_replaced(start: Start) -> None:
    first, second = await start(OpenAiWire()), await start(OpenAiWire("groq", "llama"))
    first.answer(Answer(("Hello", " there"), cut="drop"))

    heard = await hear(both(first, second), ask())

    assert (heard.text, heard.end.finish, second.requests) == ("Hello", "error", [])


async def test_where_all_models_of_a_list_fail_the_last_one_tells_why(start: Start) -> None:
    first, second = await start(OpenAiWire()), await start(OpenAiWire("groq", "llama"))
    first.answer(Answer(status=401))
    second.answer(Answer(status=401))

    assert error_of(await hear(both(first, second), ask())).vendor == "groq"


def both(first: OpenAiWire, second: OpenAiWire) -> Any:
    servers = {each.vendor: each for each in (first, second)}
    keys = {
        vendor: {**each.auth(), "baseURL": f"{each.url}{each.prefix}"}
        for vendor, each in servers.items()
    }
    return connect([f"{id_}:{each.model}" for id_, each in servers.items()], keys=keys)


async def test_another_vendor_of_the_wire_is_an_entry_of_three_lines(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    moonshot = openai_wire(
        "moonshot", "Moonshot", "https://api.moonshot.example/v1", ModelFacts("kimi-k2")
    )
    monkeypatch.setitem(VENDORS, moonshot.id, moonshot)
    server = await start(OpenAiWire("moonshot", "kimi-k2"))
    server.answer(Answer(("Let me see.", CALLED)))
    model = connect(
        "moonshot", auth={"api_key": "key-of-the-test"}, connect_options=server.options()
    )

    heard = await hear(model, ask(HI))

    assert (heard.text, len(heard.calls), heard.end.finish) == ("Let me see.", 1, "tool")
    assert server.requests[0].body["model"] == "kimi-k2"
    assert any(isinstance(event, Token) for event in heard.events)
