"""A packaged transfer, by the verb and by an agent's handoff: who hears what, and the result."""

from typing import Any

import pytest

from app.llm import FakeModel, ToolCall
from app.twin import Twin, TwinCall
from tests.twin_app import App, Message, agent, serving

TARGET = [{"type": "phone", "number": "+15085559999"}]
NEXT = {"verb": "say", "text": "Next."}


def warm(**options: Any) -> Message:
    return {"verb": "transfer", "mode": "warm", "target": TARGET, "actionHook": "/t", **options}


async def result(app: App, hook: str = "/t") -> tuple[str, str]:
    """Wait for the transfer's hook; return its result and reason."""
    await app.until(lambda: any(m.get("hook") == hook for m in app.messages))
    data = next(m["data"] for m in app.messages if m.get("hook") == hook)
    return data["transfer_result"], data["transfer_reason"]


async def test_a_warm_transfer_briefs_the_person_and_then_both_talk() -> None:
    verb = warm(brief={"text": "A gold member."}, callerId="+1999")
    async with serving(new=[verb, NEXT]) as app, Twin(app.url) as twin:
        call = await twin.call(far_end=["stays"])
        person = await call.child()
        assert await person.heard() == "A gold member."
        await call.bridged()
        await call.say("Hello?")
        assert await person.heard() == "Hello?"
        await person.say("Hello!")
        assert await call.heard() == "Hello!"
        await person.hangup()

        assert await result(app) == ("bridged", "completed")
        assert person.leg.info.from_ == "+1999"
        assert await call.heard() == "Next."


async def test_a_person_confirms_with_a_key() -> None:
    verb = warm(confirm={"prompt": "Press 1.", "digit": "1"})
    async with serving(new=[verb]) as app, Twin(app.url) as twin:
        call = await twin.call(far_end=["stays"])
        person = await call.child()
        await person.dtmf("1")
        await call.bridged()
        await call.hangup()

        assert person.spoken == ["Press 1."]
        assert await result(app) == ("bridged", "completed")


@pytest.mark.parametrize("refuse", [lambda p: p.dtmf("2"), lambda p: p.silence()])
async def test_another_key_or_none_declines(refuse: Any) -> None:
    verb = warm(confirm={"prompt": "Press 1.", "digit": "1"})
    async with serving(new=[verb, NEXT]) as app, Twin(app.url) as twin:
        call = await twin.call(far_end=["stays"])
        await refuse(await call.child())

        assert await result(app) == ("returned", "declined")
        assert await call.heard() == "Next."


async def test_a_parked_caller_hears_the_hold_hook() -> None:
    verb = warm(confirm={"prompt": "Press 1.", "digit": "1"}, onHoldHook="/hold")
    hooks = {"/hold": [{"verb": "play", "url": "https://e.org/m.mp3"}]}
    async with serving(new=[verb], hooks=hooks) as app, Twin(app.url) as twin:
        call = await twin.call(far_end=["stays"])

        assert await call.heard() == "[audio: https://e.org/m.mp3]"


@pytest.mark.parametrize("music", [None, [{"verb": "leave"}]])
async def test_a_hold_hook_without_its_verbs_plays_nothing(music: Any) -> None:
    verb = warm(onHoldHook="/hold")
    async with serving(new=[verb, NEXT], hooks={"/hold": music}) as app, Twin(app.url) as twin:
        call = await twin.call(far_end=["answer"])

        assert await call.heard() == "Next."


async def test_a_caller_who_is_present_hears_the_brief_too() -> None:
    verb = warm(brief={"text": "Both of you."}, callerPresent=True)
    async with serving(new=[verb]) as app, Twin(app.url) as twin:
        call = await twin.call(far_end=["stays"])
        person = await call.child()

        assert await call.heard() == "Both of you."
        assert await person.heard() == "Both of you."


async def test_a_caller_who_hangs_up_before_it_is_done_abandons_the_transfer() -> None:
    verb = warm(confirm={"prompt": "Press 1.", "digit": "1"})
    async with serving(new=[verb]) as app, Twin(app.url) as twin:
        call = await twin.call(far_end=["stays"])
        await call.child()
        await call.hangup()

        assert await result(app) == ("failed", "caller-abandoned")


async def test_a_blind_transfer_refers_the_caller_without_a_second_leg() -> None:
    verb = warm(mode="blind")
    async with serving(new=[verb]) as app, Twin(app.url) as twin:
        call = await twin.call(far_end=["answer"])

        assert await result(app) == ("bridged", "completed")
        assert app.of("call:status", parent_call_sid=call.call_sid) == []
        assert any(e.data.get("refer_to") == TARGET[0]["number"] for e in call.log)


async def test_a_blind_transfer_by_dial_makes_a_second_leg() -> None:
    verb = warm(mode="blind", blindMethod="dial")
    async with serving(new=[verb]) as app, Twin(app.url) as twin:
        call = await twin.call(far_end=["busy"])

        assert await result(app) == ("returned", "busy")
        assert len(app.of("call:status", parent_call_sid=call.call_sid)) == 3


async def test_the_disposition_leaves_the_caller_with_a_voicemail() -> None:
    verb = warm(disposition={"onBusy": "voicemail", "voicemailUrl": "https://e.org/vm.mp3"})
    async with serving(new=[verb]) as app, Twin(app.url) as twin:
        call = await twin.call(far_end=["busy"])

        assert await call.heard() == "[audio: https://e.org/vm.mp3]"
        assert await result(app) == ("voicemail", "busy")


async def test_the_disposition_hangs_up_after_the_hook() -> None:
    verb = warm(disposition={"onNoAnswer": "hangup"})
    async with serving(new=[verb, NEXT]) as app, Twin(app.url) as twin:
        call = await twin.call(far_end=["no-answer"])

        assert "disposition is to hang up" in await call.ended()
        assert await result(app) == ("failed", "no-answer")


# ---------------------------------------------------------------- an agent's handoff


def front_desk(**handoff: Any) -> Message:
    options = {"mode": "warm", "target": TARGET, "actionHook": "/h", **handoff}
    return agent(greeting=False, handoff=options)


async def handed_over(call: TwinCall) -> TwinCall:
    person = await call.child()
    await call.bridged()
    return person


@pytest.mark.parametrize("words", ["Can I talk to a person?", "operator", "Let me talk to someone"])
async def test_the_keyless_model_hands_over_when_the_caller_asks_for_a_person(words: str) -> None:
    async with serving(new=[front_desk()]) as app, Twin(app.url) as twin:
        call = await twin.call(far_end=["stays"])
        await call.say(words)
        person = await handed_over(call)

        assert words in await person.heard()
        await person.hangup()
        assert await result(app, "/h") == ("bridged", "completed")


async def test_other_words_do_not_hand_over() -> None:
    async with serving(new=[front_desk()]) as app, Twin(app.url) as twin:
        call = await twin.call(far_end=["stays"])
        await call.say("I want to talk about my order.")

        assert call.leg.child is None


@pytest.mark.parametrize(
    ("brief", "heard"), [("none", []), ({"template": "A caller of mine."}, ["A caller of mine."])]
)
async def test_the_brief_can_be_a_template_or_none(brief: Any, heard: list[str]) -> None:
    async with serving(new=[front_desk(brief=brief)]) as app, Twin(app.url) as twin:
        call = await twin.call(far_end=["stays"])
        await call.say("A human, please.")

        assert (await handed_over(call)).spoken == heard


async def test_the_tool_has_the_name_and_the_words_that_the_application_gave() -> None:
    named = front_desk(toolName="escalate", toolDescription="Get help.", disposition={})
    model = FakeModel([[ToolCall("t", "escalate", {})], "They are busy."])
    async with serving(new=[named]) as app, Twin(app.url, model=model) as twin:
        call = await twin.call(far_end=["busy"])

        assert await call.say("Help!") == "They are busy."
        assert await result(app, "/h") == ("returned", "busy")
        tool = model.requests[0].tools[-1]
        assert (tool.name, tool.description) == ("escalate", "Get help.")
        assert app.of("agent:tool-call") == []


async def test_a_handoff_under_way_is_not_interrupted() -> None:
    confirm = {"prompt": "Press 1.", "digit": "1"}
    async with serving(new=[front_desk(confirm=confirm)]) as app, Twin(app.url) as twin:
        call = await twin.call(far_end=["stays"])
        call.leg.ears.hear("A human, please.", 0.97)
        person = await call.child()
        assert call.leg.ears.barge_in("Hello?") is False
        await person.dtmf("1")
        await call.bridged()

        assert app.of("agent:event", type="user_interruption") == []
