"""An agent is steered while it runs: from code, over REST, through a lost socket."""

from typing import Any

import aiohttp
import pytest

from app import Agent, Application, Session, TurnEnd, Verb, event_hook, hangup, say, tool
from app.testing import API_KEY, Cordboard
from app.twin import Twin

BASE: dict[str, Any] = {
    "llm": "openai:gpt-4.1-mini",
    "stt": "deepgram:nova-3-general",
    "tts": "cartesia:sonic-english",
}


@tool
async def get_weather(city: str) -> str:
    """Current weather in a city.

    Args:
        city: City name.
    """
    return f"It is sunny in {city}."


@tool
async def transfer_call(department: str) -> str:
    """Transfer the caller to a specialist in a department.

    Args:
        department: Department, for example billing.
    """
    return f"Transferred to {department}."


desk = Application("/desk")


@desk.session_new
async def answer(session: Session) -> Agent:
    return Agent(**BASE, instructions="You are a friendly weather assistant.", tools=[get_weather])


@pytest.fixture
def cordboard_applications() -> list[Application[Any, Any]]:
    return [desk]


async def post(server: Cordboard, path: str, body: object, method: str = "POST") -> Any:
    headers = {"Authorization": f"Bearer {API_KEY}"}
    async with (
        aiohttp.ClientSession() as client,
        client.request(method, f"{server.url}{path}", json=body, headers=headers) as response,
    ):
        text = await response.text()
        return response.status, (await response.json() if text else None)


async def test_each_of_the_four_updates_shows_in_what_the_agent_says(
    jambonz: Twin, cordboard: Cordboard
) -> None:
    async with await jambonz.call("/desk") as call:
        path = f"/v1/calls/{call.call_sid}/agent"
        assert "weather assistant" in await call.heard()

        instructions = "You are now a billing support agent. Answer in one short sentence."
        body: dict[str, Any] = {"type": "update_instructions", "instructions": instructions}
        status, receipt = await post(cordboard, path, body)
        assert (status, receipt["type"], receipt["queued"]) == (202, "update_instructions", False)
        assert "billing" in await call.say("Who are you?")

        message = {"role": "system", "content": "The caller's name is Sarah Mitchell, gold tier."}
        await post(cordboard, path, {"type": "inject_context", "messages": [message]})
        assert "Sarah" in await call.say("What is my name?")

        tools = [dict(transfer_call.definition)]
        status, receipt = await post(cordboard, path, {"type": "update_tools", "tools": tools})
        assert status == 202
        assert "transfer_call" in receipt["warnings"][0]

        sale = "URGENT: Tell the customer about the flash sale."
        reply = {"type": "generate_reply", "interrupt": True, "user_input": sale}
        await post(cordboard, path, reply)
        assert "about the flash sale" in await call.heard()


async def test_the_shape_of_the_platforms_rest_clients_works(
    jambonz: Twin, cordboard: Cordboard
) -> None:
    async with await jambonz.call("/desk") as call:
        await call.heard()
        body = {"agent_update": {"type": "generate_reply", "user_input": "Say exactly: hello you"}}
        path = f"/v1/Accounts/{call.account_sid}/Calls/{call.call_sid}"
        assert (await post(cordboard, path, body, "PUT"))[0] == 202
        assert "hello you" in (await call.heard()).lower()
        elsewhere = f"/v1/Accounts/somebody-else/Calls/{call.call_sid}"
        assert (await post(cordboard, elsewhere, body, "PUT"))[0] == 404


async def test_an_update_in_the_gap_of_a_lost_socket_waits_for_its_end(
    jambonz: Twin, cordboard: Cordboard
) -> None:
    async with await jambonz.call("/desk") as call:
        await call.heard()
        session = cordboard.calls.get(call.call_sid)
        assert session is not None
        await call.drop()
        body = {"type": "update_instructions", "instructions": "You are a billing support agent."}
        status, _ = await post(cordboard, f"/v1/calls/{call.call_sid}/agent", body)
        await call.reconnected()

        assert status == 202
        assert "billing" in await call.say("Who are you?")


async def test_tools_offered_from_code_are_called(jambonz: Twin, cordboard: Cordboard) -> None:
    async with await jambonz.call("/desk") as call:
        await call.heard()
        session = cordboard.calls.get(call.call_sid)
        assert session is not None
        await session.update_tools([transfer_call])
        assert "Transferred to billing" in await call.say("Transfer me to the billing department")


async def test_a_redirect_replaces_the_agent(jambonz: Twin, cordboard: Cordboard) -> None:
    async with await jambonz.call("/desk") as call:
        await call.heard()
        session = cordboard.calls.get(call.call_sid)
        assert session is not None
        await session.redirect([say("Here is a person."), hangup()])
        assert await call.heard() == "Here is a person."
        assert await call.ended()


async def test_a_delete_hangs_up(jambonz: Twin, cordboard: Cordboard) -> None:
    async with await jambonz.call("/desk") as call:
        await call.heard()
        status, _ = await post(cordboard, f"/v1/calls/{call.call_sid}", None, "DELETE")
        assert status == 202
        assert await call.ended()


class TestPortedFromTheSessionSdk:
    """An application that binds by name, as one from the session SDK does."""

    @pytest.fixture
    def cordboard_applications(self) -> list[Application[Any, Any]]:
        clinic = Application("/clinic")
        slot = {
            "name": "find_slot",
            "description": "Find a free appointment on a day",
            "parameters": {
                "type": "object",
                "properties": {"day": {"type": "string", "description": "Day of the week"}},
                "required": ["day"],
            },
        }

        @clinic.session_new
        async def answer(session: Session) -> list[dict[str, Any]]:
            prompt = {"role": "system", "content": "You are the front desk of a clinic."}
            llm = {
                "vendor": "openai",
                "model": "gpt-4.1-mini",
                "llmOptions": {"messages": [prompt], "tools": [slot]},
            }
            hooks = {"toolHook": "/tool-call", "eventHook": "/agent-event", "actionHook": "/done"}
            return [{"verb": "agent", "llm": llm, **hooks}]

        @clinic.on("/tool-call")
        async def on_tool_call(session: Session, event: dict[str, Any]) -> None:
            slots = {"slots": ["09:30", "11:00"], "day": event["arguments"]["day"]}
            await session.send_tool_output(event["tool_call_id"], slots)

        @clinic.on("/agent-event")
        async def on_event(session: Session, event: dict[str, Any]) -> None:
            session.state.setdefault("events", []).append(event["type"])

        @clinic.on("/done")
        async def on_done(session: Session, event: dict[str, Any]) -> list[Verb]:
            return [say("Goodbye."), hangup()]

        return [clinic]

    @pytest.mark.parametrize("dialect", ["agent", "docs", "llm", "hook"])
    async def test_it_works_in_every_dialect(
        self, jambonz: Twin, cordboard: Cordboard, dialect: Any
    ) -> None:
        async with (
            Twin(cordboard.url, dialect=dialect) as twin,
            await twin.call("/clinic") as call,
        ):
            await call.heard()
            assert "09:30" in await call.say("Find a free appointment on Friday")
            session = cordboard.calls.get(call.call_sid)
            assert session is not None
            assert await call.hook("/done", completion_reason="no_response")
            events = session.state["events"]
            assert {"user_transcript", "turn_end"} <= set(events)
            assert {"agent_response", "llm_response"} & set(events)


class TestLargePrompts:
    """A prompt of 100 KB on a platform that takes frames of 24 KiB."""

    @pytest.fixture
    def cordboard_applications(self) -> list[Application[Any, Any]]:
        large = Application("/large")
        rules = "\n\n".join(f"Rule {n}: the code word of room {n} is W{n}." for n in range(2500))

        @large.session_new
        async def answer(session: Session) -> Agent:
            prompt = f"You are a friendly guard.\n\n{rules}\n\nThe cellar is locked at midnight."
            return Agent(**BASE, instructions=prompt)

        return [large]

    async def test_it_arrives_whole_and_the_greeting_comes_last(self, jambonz: Twin) -> None:
        async with await jambonz.call("/large") as call:
            assert "guard" in await call.heard()
            assert call.errors == []
            assert call.commands[-1]["data"]["type"] == "generate_reply"
            assert "midnight" in await call.say("When is the cellar locked?")


class TestHooksInCode:
    """An event hook that steers its own call."""

    @pytest.fixture
    def cordboard_applications(self) -> list[Application[Any, Any]]:
        shy = Application("/shy")

        @event_hook
        async def apologise(session: Session, turn: TurnEnd) -> None:
            if turn.interrupted:
                await session.generate_reply(user_input="Say exactly: sorry, go on", interrupt=True)

        @shy.session_new
        async def answer(session: Session) -> Agent:
            return Agent(**BASE, instructions="You are a shy agent.", event_hooks=[apologise])

        return [shy]

    async def test_an_interruption_is_answered_by_an_apology(self, jambonz: Twin) -> None:
        async with await jambonz.call("/shy") as call:
            await call.heard()
            await call.event("turn_end", interrupted=True)
            assert "sorry, go on" in (await call.heard()).lower()
