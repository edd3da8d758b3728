"""A persona is instructions and tools; a tool changes both."""

from app.twin import Twin


async def test_instructions_and_tools_change_together(jambonz: Twin) -> None:
    async with await jambonz.call("/personas") as call:
        assert "receptionist" in await call.heard()
        assert "sales desk" in await call.say("Connect me to sales please.")

        assert await call.updates(2) == ["update_tools", "update_instructions"]
        assert "45 dollars" in await call.say("What does a lamp cost?")


async def test_what_the_last_persona_could_do_is_gone(jambonz: Twin) -> None:
    async with await jambonz.call("/personas") as call:
        await call.say("I need sales.")
        assert "support desk" in await call.say("Connect me to support.")
        assert "spare part" in await call.say("What about ticket 1001?")

        assert "45" not in await call.say("What does a lamp cost?")
        updates = [one["data"] for one in call.commands if one["command"] == "agent:update"]
        tools = [[tool["name"] for tool in one["tools"]] for one in updates if "tools" in one]
        assert tools[-1] == ["get_ticket", "connect_to"]


async def test_an_unknown_ticket_leads_to_a_question(jambonz: Twin) -> None:
    async with await jambonz.call("/personas") as call:
        await call.say("I need support.")

        assert "no ticket 9999" in await call.say("What about ticket 9999?")
