"""A person takes over, briefed; or nobody does, and the agent goes on."""

from app.twin import Twin


async def test_the_person_is_briefed_and_then_talks_to_the_caller(jambonz: Twin) -> None:
    call = await jambonz.call("/handoff", far_end=["stays"])
    await call.say("I want to speak to a lawyer about my contract.")
    person = await call.child()
    assert "about my contract" in await person.heard()
    assert "Press 1" in await person.heard()
    await person.dtmf("1")
    await call.bridged()
    await person.say("This is Kim.")
    assert call.spoken[-1] == "This is Kim."
    await call.far_hangup()

    assert await call.ended() == "the application hung up"
    assert call.spoken[-1] == "Thank you for calling. Goodbye."


async def test_there_is_music_until_the_person_takes_the_call(jambonz: Twin) -> None:
    call = await jambonz.call("/handoff", far_end=["stays"])
    await call.say("I want to speak to a person.")
    while not any("hold-music" in heard for heard in call.spoken):
        await call.heard()


async def test_a_busy_person_leaves_the_caller_with_the_agent(jambonz: Twin) -> None:
    async with await jambonz.call("/handoff", far_end=["busy"]) as call:
        assert "busy" in await call.say("I want to speak to a person.")
        assert await call.updates() == ["inject_context"]

        assert "passed on" in await call.say("Take a message: please call me back.")


async def test_the_portal_says_who_takes_over(jambonz: Twin) -> None:
    async with await jambonz.call("/handoff", env={"PERSON": "+15085559999"}) as call:
        handoff = call.acks[0]["data"][0]["handoff"]

        assert handoff["target"] == [{"type": "phone", "number": "+15085559999"}]
        assert handoff["mode"] == "warm"
