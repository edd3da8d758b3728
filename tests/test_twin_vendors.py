"""Every vendor plays an agent from its greeting to the end of the call, through its own SDK."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from app.llm import close_clients
from app.twin import Twin
from tests.llm.seen import find_fault, see
from tests.llm.servers.base import Answer, Call, LoopbackVendor
from tests.llm.vendors import SERVERS
from tests.twin_app import Message, agent, serving

TOOL = {"name": "find", "description": "Find a slot", "parameters": {"type": "object"}}
BYE = [{"verb": "say", "text": "Goodbye."}, {"verb": "hangup"}]


@pytest_asyncio.fixture(params=SERVERS)
async def vendor(request: pytest.FixtureRequest) -> AsyncIterator[LoopbackVendor]:
    server = await SERVERS[request.param]().start()
    yield server
    await close_clients()
    await server.stop()
    assert {find_fault(server.vendor, see(server.vendor, asked)) for asked in server.requests} == {
        ""
    }


def played_by(vendor: LoopbackVendor, **options: Any) -> Message:
    llm = {
        "vendor": vendor.vendor,
        "model": vendor.model,
        "auth": vendor.auth(),
        "connectOptions": vendor.options(),
        "llmOptions": {"systemPrompt": "Be kind.", "maxTokens": 200, "tools": [TOOL]},
    }
    return agent(llm=llm, **options)


def roles(body: Any) -> list[str]:
    """Who speaks in a request, behind its system prompt."""
    entries = body.get("messages") or body.get("contents")
    return [entry["role"] for entry in entries[entries[0]["role"] == "system" :]]


async def test_a_whole_call(vendor: LoopbackVendor) -> None:
    vendor.answer(
        Answer(("Hello", " caller.")),
        Answer(("One moment. ", Call("find", {"day": "friday"}, "id_1"))),
        Answer(("Half", " past nine.")),
        Answer(("One", " two", " three", " four", " five.")),
        Answer(("Gold", " it is.")),
    )
    async with (
        serving(new=[played_by(vendor)], tools={"find": {"slot": "09:30"}}) as app,
        Twin(app.url) as twin,
    ):
        call = await twin.call()
        await call.settled()
        assert await call.say("When?") == "One moment. Half past nine."
        await app.update(type="update_instructions", instructions="Be brief.")
        crm = {"role": "system", "content": "CRM: gold tier."}
        await app.update(type="inject_context", messages=[crm])
        await call.updates(2)
        call.interrupt_after(3, "Stop. Which tier?")
        assert await call.say("Count.") == "One two three Gold it is."

        assert call.spoken[0] == "Hello caller."
        assert app.of("agent:tool-call")[0]["data"]["arguments"] == {"day": "friday"}
    told = json.dumps(vendor.requests[2].body)
    assert "09:30" in told
    assert "Be kind." in told
    last = vendor.requests[-1].body
    text = json.dumps(last)
    assert text.index("Be brief.") < text.index("CRM: gold tier.")
    assert "Be kind." not in text
    assert "One two three" in text
    assert "four" not in text
    assert "system" not in roles(last)
    assert roles(last)[0] == "user"


async def test_a_model_that_loops_on_tools_and_a_history_that_is_summed_up(
    vendor: LoopbackVendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.twin.agent.turn.MAX_ROUNDS", 2)
    vendor.answer(
        *(Answer((Call("find", {"round": number}, f"id_{number}"),)) for number in range(2)),
        Answer(("Enough.",)),
        *(Answer((f"Answer {number}.",)) for number in range(2)),
        Answer(("They looked twice.",)),
        Answer(("Still here.",)),
    )
    async with (
        serving(new=[played_by(vendor, greeting=False)], tools={"find": {}}) as app,
        Twin(app.url, summarize_turns=3) as twin,
    ):
        call = await twin.call()
        assert await call.say("Find it.") == "Enough."
        assert await call.say("And?") == "Answer 0."
        assert await call.say("And now?") == "Answer 1."
        assert await call.say("Are you there?") == "Still here."

        assert call.events[-1]["type"] == "turn_end"
    last = json.dumps(vendor.requests[-1].body)
    assert "They looked twice." in last
    assert "Find it." not in last


async def test_a_wrong_key_ends_the_agent_and_not_the_call(vendor: LoopbackVendor) -> None:
    vendor.answer(Answer(status=401, message="no such key"), Answer(status=401))
    async with (
        serving(new=[played_by(vendor)], hooks={"/done": BYE}) as app,
        Twin(app.url) as twin,
    ):
        call = await twin.call()
        await call.ended()

        data = (await app.seen("verb:hook"))["data"]
        assert (data["completion_reason"], data["error"]["code"]) == ("server error", "auth")
        assert call.spoken == ["Goodbye."]
