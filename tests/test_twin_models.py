"""Which model plays an agent, what it is asked, and what happens where it fails."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer

from app.llm import (
    ChatRequest,
    End,
    ErrorKind,
    FakeModel,
    ModelError,
    ToolCall,
    close_clients,
)
from app.llm.fallback import FallbackModel
from app.twin import Twin, TwinCall
from app.twin.agent.reply import ANSWER_NOW
from app.twin.agent.turn import MAX_ROUNDS
from tests.llm.servers.base import Answer, Call
from tests.llm.servers.openai_wire import OpenAiWire
from tests.twin_app import App, Message, agent, serving

TOOL = {"name": "find", "description": "Find", "parameters": {"type": "object"}}
BYE = [{"verb": "say", "text": "Goodbye."}, {"verb": "hangup"}]


@pytest_asyncio.fixture
async def vendor() -> AsyncIterator[OpenAiWire]:
    server = await OpenAiWire().start()
    yield server
    await close_clients()
    await server.stop()


def asking(llm: Message, **options: Any) -> Message:
    """An agent that waits for the caller, and names its model."""
    known = {"vendor": "openai", "model": "gpt-4.1-mini", **llm}
    return agent(greeting=False, llm=known, **options)


def notes(call: TwinCall) -> list[str]:
    return [entry.data["text"] for entry in call.log if entry.kind == "note"]


# ---------------------------------------------------------------- who plays


async def test_the_vendor_of_the_verb_plays_with_the_key_of_the_verb(vendor: OpenAiWire) -> None:
    options = {"maxTokens": 77, "temperature": 0.5, "systemPrompt": "Be kind.", "tools": [TOOL]}
    llm = {"auth": vendor.auth(), "connectOptions": vendor.options(), "llmOptions": options}
    vendor.answer(
        Answer(("One moment. ", Call("find", {"x": 1}, "id1"))), Answer(("Found", " it."))
    )
    async with serving(new=[asking(llm)], tools={"find": {"n": 3}}) as app, Twin(app.url) as twin:
        call = await twin.call()

        assert await call.say("Find it.") == "One moment. Found it."
        assert not [note for note in notes(call) if "offline" in note]
    first, second = (asked.body for asked in vendor.requests)
    assert (first["model"], first["max_tokens"], first["temperature"]) == ("gpt-4.1-mini", 77, 0.5)
    assert [m["role"] for m in second["messages"]] == ["system", "user", "assistant", "tool"]
    assert second["messages"][3]["content"] == '{"n": 3}'
    assert second["messages"][2]["content"] == "One moment."


async def test_the_key_of_the_twin_serves_verbs_without_one(vendor: OpenAiWire) -> None:
    keys = {"openai": vendor.auth()}
    verb = asking({"connectOptions": vendor.options()})
    async with serving(new=[verb]) as app, Twin(app.url, keys=keys) as twin:
        call = await twin.call()

        assert await call.say("Hi.") == "Hello there"
        assert vendor.requests[0].headers["Authorization"] == "Bearer key-of-the-test"


async def test_without_a_key_the_offline_model_plays_and_says_so_once() -> None:
    async with serving(new=[asking({})]) as app, Twin(app.url) as twin:
        call = await twin.call()
        await call.say("Hi.")
        await call.say("Hi.")

        said = [note for note in notes(call) if "offline" in note]
        assert said == ["the offline model plays the agent: there is no key for openai"]


async def test_a_model_that_the_twin_was_given_plays_whatever_the_verb_names() -> None:
    verb = asking({"vendor": "nobody", "auth": {"apiKey": "x"}})
    async with serving(new=[verb]) as app, Twin(app.url, model=FakeModel(["Me."])) as twin:
        call = await twin.call()

        assert await call.say("Who?") == "Me."


@pytest.mark.parametrize(
    ("llm", "problem"),
    [
        ({"vendor": "opnai"}, "no model vendor 'opnai' in 'opnai:gpt-4.1-mini'; did you mean"),
        ({"auth": {"apikey": "x"}}, "apiKey"),
        ({"auth": "sk-1"}, "llm.auth: expected an object"),
        ({"auth": {"apiKey": "x"}, "llmOptions": {"maxTokens": "many"}}, "maxTokens"),
        ({"auth": {"apiKey": "x"}, "connectOptions": {"timout": 1}}, "did you mean 'timeout'"),
    ],
)
async def test_an_llm_that_cannot_be_ends_the_agent_and_the_call_goes_on(
    llm: Message, problem: str
) -> None:
    async with serving(new=[asking(llm)], hooks={"/done": BYE}) as app, Twin(app.url) as twin:
        call = await twin.call()
        await call.ended()

        data = (await app.seen("verb:hook"))["data"]
        assert data["completion_reason"] == "server error"
        assert problem in data["error"]["message"]
        assert f"the model failed: {data['error']['message']}" in notes(call)
        assert call.spoken == ["Goodbye."]


async def test_a_note_says_why_the_next_model_was_asked() -> None:
    error = ModelError("out of quota", kind="rate_limit", vendor="one")
    model = FallbackModel([FakeModel([error]), FakeModel(["I am the second."])])
    async with serving(new=[asking({})]) as app, Twin(app.url, model=model) as twin:
        call = await twin.call()

        assert await call.say("Who?") == "I am the second."
    assert "the next model was asked: out of quota" in notes(call)


class Warmed(FakeModel):
    """Tells when it got ready, and for whom."""

    def __init__(self) -> None:
        super().__init__(["Hello."])
        self.is_warm = asyncio.Event()

    async def prewarm(self) -> None:
        assert not self.is_warm.is_set()
        self.is_warm.set()


async def test_a_model_gets_ready_once_before_the_application_has_answered() -> None:
    model = Warmed()

    async def slow(app: App, ws: web.WebSocketResponse, message: Message) -> bool:
        await model.is_warm.wait()
        return False

    async with (
        serving(new=[agent()], answer=slow) as app,
        Twin(app.url, model=model) as twin,
    ):
        call = await twin.call()

        assert await call.heard() == "Hello."


# ---------------------------------------------------------------- how it fails


async def test_a_wrong_key_ends_the_agent_with_the_words_of_the_vendor(vendor: OpenAiWire) -> None:
    vendor.answer(Answer(status=401, message="this key is bad: key-of-the-test"))
    verb = asking({"auth": vendor.auth(), "connectOptions": vendor.options()})
    async with serving(new=[verb], hooks={"/done": BYE}) as app, Twin(app.url) as twin:
        call = await twin.call()
        await call.say("Hi.")
        await call.ended()

        data = (await app.seen("verb:hook"))["data"]
        assert (data["completion_reason"], data["error"]["code"]) == ("server error", "auth")
        assert "this key is bad" in data["error"]["message"]
        assert "key-of-the-test" not in str(notes(call))


async def test_a_host_that_is_not_there_is_a_connection_failure(unused_tcp_port: int) -> None:
    options = {"baseURL": f"http://127.0.0.1:{unused_tcp_port}/v1", "maxRetries": 0}
    verb = asking({"auth": {"apiKey": "key-of-the-test"}, "connectOptions": options})
    async with serving(new=[verb], hooks={"/done": BYE}) as app, Twin(app.url) as twin:
        call = await twin.call()
        await call.say("Hi.")
        await call.ended()

        data = (await app.seen("verb:hook"))["data"]
        assert data["completion_reason"] == "connection failure"
    await close_clients()


async def test_a_request_that_would_leave_the_machine_is_refused_in_a_test() -> None:
    verb = asking({"auth": {"apiKey": "key-of-the-test"}})
    async with serving(new=[verb], hooks={"/done": BYE}) as app, Twin(app.url) as twin:
        call = await twin.call()
        await call.say("Hi.")
        await call.ended()

        assert "forbidden" in (await app.seen("verb:hook"))["data"]["error"]["message"]


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("timeout", "connection failure"),
        ("overloaded", "server failure"),
        ("truncated", "server failure"),
        ("rate_limit", "server error"),
    ],
)
async def test_each_kind_of_failure_has_its_reason(kind: ErrorKind, reason: str) -> None:
    model = FakeModel([["Half of ", End("error", error=ModelError("broken", kind=kind))]])
    async with (
        serving(new=[agent()], hooks={"/done": BYE}) as app,
        Twin(app.url, model=model) as twin,
    ):
        call = await twin.call()
        await call.ended()

        assert (await app.seen("verb:hook"))["data"]["completion_reason"] == reason
        assert call.spoken == ["Half of", "Goodbye."]


# ---------------------------------------------------------------- what it writes


async def test_what_the_vendor_wants_to_see_again_is_kept_unless_the_reply_was_cut() -> None:
    native = {"signature": "s1"}
    model = FakeModel(
        [
            ["A b.", End("stop", native=native)],
            [ToolCall("t", "find", {}), End("tool", native={"signature": "s2"})],
            ["One two three four.", End("stop", native={"signature": "s3"})],
            "Short.",
        ]
    )
    verb = asking({"llmOptions": {"tools": [TOOL]}})
    async with (
        serving(new=[verb], tools={"find": {}}) as app,
        Twin(app.url, model=model) as twin,
    ):
        call = await twin.call()
        await call.say("First.")
        call.interrupt_after(2, "Stop.")
        await call.say("Second.")

    history = model.requests[-1].messages
    told = [(m.content, m.native) for m in history if m.role == "assistant"]
    assert told == [("A b.", native), ("", {"signature": "s2"}), ("One two", None)]


async def test_a_tool_call_with_unreadable_arguments_is_told_to_the_model_only() -> None:
    broken = ToolCall("t", "find", {}, problem="the arguments are no JSON object: '{x'")
    model = FakeModel([broken, "Sorry."])
    verb = asking({"llmOptions": {"tools": [TOOL]}})
    async with serving(new=[verb]) as app, Twin(app.url, model=model) as twin:
        call = await twin.call()

        assert await call.say("Go.") == "Sorry."
        assert "no JSON object" in model.requests[1].messages[-1].content
        assert app.of("agent:tool-call") == []
        assert "find is not called: the arguments are no JSON object: '{x'" in notes(call)


async def test_a_model_that_loops_on_tools_is_told_to_stop() -> None:
    def reply(request: ChatRequest) -> Any:
        if not request.tools:
            return ["That is all I know.", ToolCall("last", "find", {})]
        return ToolCall(f"t{len(model.requests)}", "find", {})

    model = FakeModel([reply] * (MAX_ROUNDS + 1))
    verb = asking({"llmOptions": {"tools": [TOOL], "systemPrompt": "Be kind."}})
    async with (
        serving(new=[verb], tools={"find": {}}) as app,
        Twin(app.url, model=model) as twin,
    ):
        call = await twin.call()

        assert await call.say("Go.") == "That is all I know."
        assert model.requests[-1].system == f"Be kind.\n\n{ANSWER_NOW}"
        assert len(app.of("agent:tool-call")) == MAX_ROUNDS
        assert any(f"for tools {MAX_ROUNDS} times" in note for note in notes(call))


async def test_a_reply_that_reaches_its_limit_is_noted() -> None:
    model = FakeModel([["One two", End("length")], ["", End("filtered")]])
    verb = asking({"llmOptions": {"maxTokens": 2}})
    async with serving(new=[verb]) as app, Twin(app.url, model=model) as twin:
        call = await twin.call()

        assert await call.say("Count.") == "One two"
        assert "the reply was cut at its limit (2 tokens)" in notes(call)
        await call.say("Count.")
        assert any("withheld" in note for note in notes(call))


async def test_a_tool_that_was_not_offered_is_sent_and_noted() -> None:
    model = FakeModel([ToolCall("t", "secret", {}), "Done."])
    async with (
        serving(new=[asking({})], tools={"secret": {"a": 1}}) as app,
        Twin(app.url, model=model) as twin,
    ):
        call = await twin.call()

        assert await call.say("Go.") == "Done."
        assert app.of("agent:tool-call")[0]["data"]["name"] == "secret"
        assert "the model calls secret, which it was not offered" in notes(call)


# ---------------------------------------------------------------- what of it is spoken


async def test_directions_and_thoughts_are_not_spoken_but_kept() -> None:
    raw = "<think>Who is it?</think>*smiles* Hello, **dear** caller."
    model = FakeModel([raw, "Yes."])
    async with serving(new=[asking({})]) as app, Twin(app.url, model=model) as twin:
        call = await twin.call()

        assert await call.say("Hi.") == "Hello, dear caller."
        await call.say("So?")
        told = [e["response"] for e in call.events if e["type"] == "llm_response"]
        ends = [e["response"] for e in call.events if e["type"] == "turn_end"]
        assert told == [raw, "Yes."]
        assert ends == [raw, "Yes."]
        assert model.requests[1].messages[1].content == raw


async def test_speech_cleanup_can_be_switched_off() -> None:
    verb = asking({}, speechCleanup=False)
    async with serving(new=[verb]) as app, Twin(app.url, model=FakeModel(["*hm* Yes."])) as twin:
        call = await twin.call()

        assert await call.say("Hi.") == "*hm* Yes."


# ---------------------------------------------------------------- what tools give back


@pytest.mark.parametrize(
    ("body", "content_type", "told"),
    [
        ('{"n": 3}', "application/json", '{"n": 3}'),
        ("{n: 3", "application/json", "expected JSON"),
        ("three", "text/plain", "expected JSON; text/plain came: 'three'"),
    ],
)
async def test_an_output_over_http_must_be_json(body: str, content_type: str, told: str) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=body, content_type=content_type)

    tools = web.Application()
    tools.router.add_post("/tools", answer)
    model = FakeModel([ToolCall("t", "find", {}), "Done."])
    async with TestServer(tools) as server:
        verb = asking({}, toolHook=f"http://127.0.0.1:{server.port}/tools")
        async with serving(new=[verb]) as app, Twin(app.url, model=model) as twin:
            call = await twin.call()

            assert await call.say("Go.") == "Done."
            assert told in model.requests[1].messages[-1].content
            failed = [note for note in notes(call) if note.startswith("the tool failed: POST http")]
            assert len(failed) == ("expected" in told)


async def test_an_output_without_data_is_noted() -> None:
    model = FakeModel([ToolCall("t", "find", {}), "Done."])
    async with (
        serving(new=[asking({})], tools={"find": None}) as app,
        Twin(app.url, model=model) as twin,
    ):
        call = await twin.call()
        await call.say("Go.")

        assert model.requests[1].messages[-1].content == "null"
        assert "the tool output has no data: the model reads null" in notes(call)
