"""A call is recorded with consent only, and no card number is."""

from app.twin import Twin

CARD = "My card number is 4242 4242 4242 4242."


async def test_the_recording_pauses_while_a_card_number_is_said(jambonz: Twin) -> None:
    async with await jambonz.call("/recording") as call:
        assert "We record calls" in await call.heard()
        assert "is recorded" in await call.dtmf("1")
        assert call.effects["recording"] == "on"

        assert "card number" in await call.say("I want to pay by card.")
        assert call.effects["recording"] == "paused"
        assert "4242 is charged" in await call.say(CARD)
        assert call.effects["recording"] == "on"

        await call.say("Please stop the recording.")
        assert call.effects["recording"] == "off"


async def test_a_card_number_is_taken_by_no_tool_before_the_pause(jambonz: Twin) -> None:
    async with await jambonz.call("/recording") as call:
        await call.say("Yes, I agree.")
        offered = call.acks[-1]["data"][-1]["llm"]["llmOptions"]["tools"]

        assert [tool["name"] for tool in offered] == ["pay_by_card", "stop_recording"]


async def test_who_does_not_agree_is_served_unrecorded(jambonz: Twin) -> None:
    async with await jambonz.call("/recording") as call:
        assert "not recorded" in await call.say("I would rather not.")
        await call.say("I want to pay by card.")
        assert "charged" in await call.say(CARD)

        assert "recording" not in call.effects
        assert [one for one in call.commands if one["command"] == "record"] == []


async def test_the_recording_ends_before_the_goodbye(jambonz: Twin) -> None:
    async with await jambonz.call("/recording") as call:
        await call.dtmf("1")
        for _ in range(2):
            await call.silence()

        assert await call.ended() == "the application hung up"
        assert call.effects["recording"] == "off"


async def test_the_portal_names_the_recorder(jambonz: Twin) -> None:
    async with await jambonz.call("/recording", env={"RECORDER": "sip:r@192.0.2.99"}) as call:
        await call.dtmf("1")
        command = await call.command("record")

        assert command["data"]["siprecServerURL"] == "sip:r@192.0.2.99"
