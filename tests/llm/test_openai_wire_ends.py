"""Ends without a reason, refusals without one, and connections that are opened ahead."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from app.llm import Usage, close_clients
from tests.llm.hearing import CALL, HELLO, PORTLAND, hear
from tests.llm.servers.base import Answer, LoopbackVendor
from tests.llm.servers.openai_wire import AzureWire, OpenAiWire, VertexWire, event


@asynccontextmanager
async def played(server: LoopbackVendor) -> AsyncIterator[LoopbackVendor]:
    await server.start()
    yield server
    await close_clients()
    await server.stop()


class Unreasoned(OpenAiWire):
    """A compatible server that ends with its count of tokens and gives no reason."""

    def closing(self, answer: Answer) -> Iterator[bytes]:
        del answer
        usage = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}
        yield event({**self._chunk(None), "choices": [], "usage": usage})
        yield b"data: [DONE]\n\n"


async def test_calls_are_made_although_no_reason_is_given_for_the_end() -> None:
    async with played(Unreasoned()) as server:
        server.answer(Answer((CALL,)))

        heard = await hear(server.connect(), PORTLAND)

        assert [call.name for call in heard.calls] == ["get_weather"]
        assert (heard.end.finish, heard.end.usage) == ("tool", Usage(9, 2))


class Moody(VertexWire):
    """Vertex, in the words that it uses where it gives no reason."""

    def error_body(self, answer: Answer) -> Any:
        error = {"code": answer.status, "message": "Request contains an invalid argument."}
        return [{"error": {**error, "status": "INVALID_ARGUMENT"}}]


async def test_a_refusal_of_vertex_in_its_usual_words_is_tried_once_more() -> None:
    async with played(Moody()) as server:
        server.answer(Answer(status=400), Answer(("Rain.",)))

        heard = await hear(server.connect(), HELLO)

        assert (heard.text, heard.end.error, len(server.requests)) == ("Rain.", None, 2)


@pytest.mark.parametrize("make", [AzureWire, VertexWire])
async def test_a_connection_is_opened_ahead_even_where_no_models_are_listed(
    make: type[LoopbackVendor],
) -> None:
    async with played(make()) as server:
        model = server.connect()
        await model.prewarm()
        before = set(server.connections)

        await hear(model, HELLO)

        assert before
        assert server.connections == before
