"""Two callers wait, a person takes them, one by one."""

from app.twin import Twin


async def test_callers_hear_their_position_and_music(jambonz: Twin) -> None:
    first = await jambonz.call("/queue")
    second = await jambonz.call("/queue")
    await jambonz.queue("support").holds(2)
    for call in (first, second):
        await call.settled()

    assert first.spoken[1:3] == ["You are number 1 in the queue.", second.spoken[2]]
    assert second.spoken[1] == "You are number 2 in the queue."
    assert "hold-music" in second.spoken[2]


async def test_the_position_is_told_again_as_the_queue_moves(jambonz: Twin) -> None:
    first = await jambonz.call("/queue")
    second = await jambonz.call("/queue")
    await jambonz.queue("support").holds(2)
    await first.hangup()

    assert "You are number 1" in await second.silence()


async def test_a_person_takes_the_callers_in_turn(jambonz: Twin) -> None:
    first = await jambonz.call("/queue", from_="+15085550001")
    second = await jambonz.call("/queue", from_="+15085550002")
    await jambonz.queue("support").holds(2)
    agent = await jambonz.call("/queue/agent")
    for caller in (first, second):
        await caller.bridged()
        await agent.say("How can I help?")
        assert caller.spoken[-1] == "How can I help?"
        await caller.hangup()

    assert await agent.silence() == "Nobody waits. Goodbye."
    assert await agent.ended() == "the application hung up"


async def test_who_was_served_is_thanked_when_the_agent_rings_off(jambonz: Twin) -> None:
    caller = await jambonz.call("/queue")
    await jambonz.queue("support").holds(1)
    agent = await jambonz.call("/queue/agent")
    await caller.bridged()
    await agent.hangup()

    assert await caller.ended() == "the application hung up"
    assert "Thank you" in caller.spoken[-1]


async def test_nobody_waits_for_longer_than_ten_minutes(jambonz: Twin) -> None:
    async with await jambonz.call("/queue") as call:
        await call.settled()
        verbs = await call.hook("/hooks.queue.tell_position", queue_time=601, queue_position=0)
        assert verbs == [{"verb": "leave"}]
        verbs = await call.hook("/hooks.queue.after_waiting", queue_result="leave")

        assert [verb["verb"] for verb in verbs] == ["say", "hangup"]
        assert "nobody was free" in verbs[0]["text"]
