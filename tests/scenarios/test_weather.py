"""The sample of the README, as calls."""

from app.twin import Twin


async def test_the_agent_greets_and_answers_from_its_tool(jambonz: Twin) -> None:
    async with await jambonz.call("/weather") as call:
        assert "weather assistant" in await call.heard()
        assert "11 celsius" in await call.say("What's the weather in Portland?")
        assert "52 fahrenheit" in await call.say("What's the weather in Portland in fahrenheit?")


async def test_an_unknown_city_leads_to_a_question_not_a_guess(jambonz: Twin) -> None:
    async with await jambonz.call("/weather") as call:
        answer = await call.say("What's the weather in Atlantis?")

        assert "nearby city" in answer


async def test_third_interruption_shortens_the_answers(jambonz: Twin) -> None:
    async with await jambonz.call("/weather") as call:
        for _ in range(3):
            await call.event("turn_end", interrupted=True)

        assert await call.updates(2) == ["update_instructions", "generate_reply"]


async def test_uninterrupted_turns_change_nothing(jambonz: Twin) -> None:
    async with await jambonz.call("/weather") as call:
        for interrupted in (True, False, True, False, False):
            await call.event("turn_end", interrupted=interrupted)
        await call.tool_call("get_weather", {"city": "Paris"})

        assert [one for one in call.commands if one["command"] == "agent:update"] == []


async def test_an_agent_that_ends_by_itself_says_goodbye(jambonz: Twin) -> None:
    async with await jambonz.call("/weather") as call:
        verbs = await call.hook("/hooks.weather.say_goodbye", completion_reason="no_response")

        assert [verb["verb"] for verb in verbs] == ["say", "hangup"]


async def test_the_portal_chooses_model_and_voice(jambonz: Twin) -> None:
    env = {"LLM_MODEL": "anthropic:claude-haiku-4-5", "VOICE": "elevenlabs:rachel"}
    async with await jambonz.call("/weather", env=env) as call:
        verb = call.acks[0]["data"][0]

        assert verb["llm"]["vendor"] == "anthropic"
        assert verb["tts"] == {"vendor": "elevenlabs", "voice": "rachel"}


async def test_a_lost_socket_loses_nothing(jambonz: Twin) -> None:
    async with await jambonz.call("/weather") as call:
        for _ in range(2):
            await call.event("turn_end", interrupted=True)
        await call.drop()
        await call.reconnected()
        await call.event("turn_end", interrupted=True)

        assert await call.updates(2) == ["update_instructions", "generate_reply"]
        assert "foggy" in await call.say("What's the weather in Paris?")
