"""Queues of the twin: who waits and hears what, who is bridged, and what the hooks are told."""

from typing import Any

import pytest

from app.twin import Pace, Twin, WaitFailed
from tests.twin_app import SILENCE, App, Message, serving

ENQUEUE = {"verb": "enqueue", "name": "support", "waitHook": "/wait", "actionHook": "/left"}
DEQUEUE = {"verb": "dequeue", "name": "support", "actionHook": "/taken"}
NEXT = {"verb": "say", "text": "Next."}
MUSIC = [{"verb": "say", "text": "Please hold."}, {"verb": "play", "url": "https://e.org/m.mp3"}]


async def two(app: App, message: Message) -> list[Message]:
    """Who dials 1 waits, who dials 2 takes a caller."""
    return [ENQUEUE if message["data"]["to"] == "1" else DEQUEUE, NEXT]


def desk(**hooks: Any) -> Any:
    async def answer(app: App, ws: Any, message: Message) -> bool:
        if message["type"] != "session:new":
            return False
        await app.ack(message, await two(app, message), ws)
        return True

    return serving(answer=answer, hooks={"/wait": MUSIC} | hooks)


async def test_a_caller_who_waits_hears_what_the_wait_hook_gives() -> None:
    async with serving(new=[ENQUEUE], hooks={"/wait": MUSIC}) as app, Twin(app.url) as twin:
        call = await twin.call()

        assert await call.heard() == "Please hold."
        assert await call.heard() == "[audio: https://e.org/m.mp3]"
        assert twin.queue("support").callers == [call.call_sid]


async def test_the_wait_hook_is_told_of_the_queue_and_of_nothing_else() -> None:
    async with serving(new=[ENQUEUE], hooks={"/wait": MUSIC}) as app, Twin(app.url) as twin:
        await twin.call()
        second = await twin.call()
        await app.seen("verb:hook", 2)

        assert app.of("verb:hook")[1]["data"] == {
            "queue_sid": "support",
            "queue_time": 0,
            "queue_size": 2,
            "queue_position": 1,
            "call_sid": second.call_sid,
            "call_id": second.leg.info.call_id,
        }


async def test_the_wait_hook_is_asked_again_while_the_caller_waits_on() -> None:
    async with serving(new=[ENQUEUE], hooks={"/wait": MUSIC}) as app, Twin(app.url) as twin:
        call = await twin.call()
        await call.settled()
        assert len(app.of("verb:hook")) == 1

        assert await call.silence() == "Please hold. [audio: https://e.org/m.mp3]"
        assert len(app.of("verb:hook")) == 2


async def test_with_a_clock_the_wait_hook_is_asked_whenever_its_verbs_end() -> None:
    pace = Pace(scale=0.001)
    async with (
        serving(new=[ENQUEUE], hooks={"/wait": MUSIC}) as app,
        Twin(app.url, pace=pace) as twin,
    ):
        await twin.call()

        await app.seen("verb:hook", 3)


async def test_an_empty_array_lets_the_caller_wait_in_silence() -> None:
    async with serving(new=[ENQUEUE], hooks={"/wait": []}) as app, Twin(app.url) as twin:
        call = await twin.call()
        await call.settled()
        await call.silence()

        assert len(app.of("verb:hook")) == 1
        assert len(twin.queue("support")) == 1


@pytest.mark.parametrize("answer", [None, {"verb": "say"}, [{"verb": "gather"}], SILENCE])
async def test_a_wait_hook_without_an_array_of_its_verbs_fails_the_enqueue(answer: Any) -> None:
    async with (
        serving(new=[ENQUEUE, NEXT], hooks={"/wait": answer}) as app,
        Twin(app.url, ack_timeout=0.1) as twin,
    ):
        call = await twin.call()

        assert await call.heard() == "Next."
        result = app.of("verb:hook")[1]["data"]
        assert (result["queue_sid"], result["queue_result"]) == ("support", "error")
        assert len(twin.queue("support")) == 0


async def test_leave_takes_the_caller_out_of_the_queue() -> None:
    hooks = {"/wait": [{"verb": "say", "text": "Sorry."}, {"verb": "leave"}, NEXT]}
    async with serving(new=[ENQUEUE, NEXT], hooks=hooks) as app, Twin(app.url) as twin:
        call = await twin.call()

        assert [await call.heard(), await call.heard()] == ["Sorry.", "Next."]
        assert app.of("verb:hook")[1]["data"]["queue_result"] == "leave"


async def test_a_caller_who_hangs_up_is_told_with_queue_result_hangup() -> None:
    async with serving(new=[ENQUEUE], hooks={"/wait": MUSIC}) as app, Twin(app.url) as twin:
        call = await twin.call()
        await call.settled()
        await call.hangup()

        told = app.of("verb:hook", queue_result="hangup")
        assert [message["hook"] for message in told] == ["/left"]
        assert len(twin.queue("support")) == 0


async def test_dequeue_bridges_two_calls_and_both_hear_each_other() -> None:
    async with desk() as app, Twin(app.url) as twin:
        caller = await twin.call(to="1")
        agent = await twin.call(to="2")
        await agent.bridged()
        await caller.say("My order is late.")
        assert await agent.heard() == "My order is late."
        await agent.say("I am sorry.")

        assert caller.spoken[-1] == "I am sorry."
        await agent.hangup()
        await app.seen("verb:hook", queue_result="bridged")
        await app.seen("verb:hook", dequeue_result="hangup")
        assert caller.spoken[-1] == "Next."


async def test_the_one_who_took_a_caller_goes_on_when_the_caller_hangs_up() -> None:
    async with desk() as app, Twin(app.url) as twin:
        caller = await twin.call(to="1")
        agent = await twin.call(to="2")
        await agent.bridged()
        await caller.hangup()

        assert await agent.heard() == "Next."
        assert app.of("verb:hook", dequeue_result="complete")


async def test_dequeue_waits_for_a_caller() -> None:
    async with desk() as app, Twin(app.url) as twin:
        agent = await twin.call(to="2")
        caller = await twin.call(to="1")
        await caller.bridged()
        await caller.say("At last.")

        assert await agent.heard() == "At last."
        assert len(app.of("verb:hook", queue_size=1)) <= 1


async def test_a_dequeue_with_a_timeout_gives_up() -> None:
    verbs = [DEQUEUE | {"timeout": 20}, NEXT]
    async with serving(new=verbs) as app, Twin(app.url) as twin:
        call = await twin.call()

        assert await call.silence() == "Next."
        assert app.of("verb:hook")[0]["data"]["dequeue_result"] == "timeout"


async def test_dequeue_takes_the_call_that_it_names_and_beeps() -> None:
    async with serving(new=[ENQUEUE], hooks={"/wait": MUSIC}) as app, Twin(app.url) as twin:
        first, second = await twin.call(), await twin.call()
        await twin.queue("support").holds(2)
        app.new = [DEQUEUE | {"callSid": second.call_sid, "beep": True}]
        agent = await twin.call()

        assert await agent.heard() == "[beep]"
        assert twin.queue("support").callers == [first.call_sid]


async def test_a_lower_priority_comes_first() -> None:
    async with serving(new=[ENQUEUE], hooks={"/wait": MUSIC}) as app, Twin(app.url) as twin:
        late = await twin.call()
        app.new = [ENQUEUE | {"priority": 1}]
        soon = await twin.call()

        assert twin.queue("support").callers == [soon.call_sid, late.call_sid]


async def test_to_wait_for_a_queue_has_a_limit() -> None:
    async with serving() as app, Twin(app.url) as twin:
        with pytest.raises(WaitFailed, match=r"queue 'support': 1 waiting calls: not within"):
            await twin.queue("support").holds(1, limit=0.01)


async def test_a_caller_is_put_back_whose_taker_is_gone() -> None:
    async with serving(new=[ENQUEUE], hooks={"/wait": MUSIC}) as app, Twin(app.url) as twin:
        first, second = await twin.call(), await twin.call()
        queue = twin.queue("support")
        await queue.holds(2)
        place = await queue.take()
        queue.put_back(place)

        assert queue.callers == [first.call_sid, second.call_sid]
        app.new = [DEQUEUE]
        agent = await twin.call()
        await agent.bridged()
        await first.bridged()
