"""The two legs of a dial: confirming, talking, keys, hold, transfer, and going apart."""

from typing import Any

import pytest

from app.twin import Pace, Twin, TwinCall
from tests.twin_app import SILENCE, App, Message, serving

NEXT = {"verb": "say", "text": "Next."}
PHONE = [{"type": "phone", "number": "+15085559999"}]


def dial(**options: Any) -> Message:
    return {"verb": "dial", "target": PHONE, "actionHook": "/d", **options}


def notes(call: TwinCall) -> str:
    return "\n".join(entry.data["text"] for entry in call.log if entry.kind == "note")


async def connected(twin: Twin) -> tuple[TwinCall, TwinCall]:
    call = await twin.call(far_end=["stays"])
    child = await call.child()
    await call.bridged()
    return call, child


# ---------------------------------------------------------------- confirming


async def test_the_confirm_hooks_verbs_run_on_the_callee_and_a_key_accepts() -> None:
    ask = {"verb": "gather", "actionHook": "/key", "numDigits": 1, "say": {"text": "Press 1."}}
    hooks = {"/c": [ask], "/key": [{"verb": "say", "text": "Thank you."}]}
    async with serving(new=[dial(confirmHook="/c")], hooks=hooks) as app, Twin(app.url) as twin:
        call = await twin.call(far_end=["stays"])
        child = await call.child()
        assert await child.dtmf("1") == "Thank you."
        await call.bridged()

        assert child.spoken == ["Press 1.", "Thank you."]
        assert call.spoken == []
        key = app.of("verb:hook", digits="1")[0]
        assert key["data"]["call_sid"] == child.call_sid
        assert key["data"]["parent_call_sid"] == key["call_sid"] == call.call_sid


async def test_a_hangup_in_the_answer_to_the_key_refuses() -> None:
    ask = {"verb": "gather", "actionHook": "/key", "numDigits": 1}
    hooks = {"/c": [ask], "/key": [{"verb": "hangup"}]}
    verbs = [dial(confirmHook="/c"), NEXT]
    async with serving(new=verbs, hooks=hooks) as app, Twin(app.url) as twin:
        call = await twin.call(far_end=["stays"])
        await (await call.child()).dtmf("2")

        assert await call.heard() == "Next."
        assert app.of("verb:hook", dial_call_status="no-answer")


@pytest.mark.parametrize("answer", [SILENCE, [{"verb": "shout"}]])
async def test_a_confirm_hook_that_fails_refuses(answer: Any) -> None:
    verbs = [dial(confirmHook="/c"), NEXT]
    async with (
        serving(new=verbs, hooks={"/c": answer}) as app,
        Twin(app.url, ack_timeout=0.05) as twin,
    ):
        call = await twin.call(far_end=["stays"])

        assert await call.heard() == "Next."
        assert "confirmHook failed" in notes(call)


# ---------------------------------------------------------------- talking


async def test_both_sides_hear_each_other_until_one_hangs_up() -> None:
    async with serving(new=[dial(), NEXT]) as app, Twin(app.url) as twin:
        call, child = await connected(twin)
        await call.say("Hello?")
        assert await child.heard() == "Hello?"
        await child.say("Yes?")
        await child.dtmf("5")
        assert [await call.heard(), await call.heard()] == ["Yes?", "[keys: 5]"]
        await child.hangup()

        assert await call.heard() == "Next."
        ended = app.of("call:status", call_sid=child.call_sid, call_status="completed")
        assert ended[0]["data"]["call_termination_by"] == "caller"
        assert ended[0]["call_sid"] == call.call_sid


async def test_the_callee_is_told_of_as_ended_when_the_caller_hangs_up() -> None:
    async with serving(new=[dial()]) as app, Twin(app.url) as twin:
        call, child = await connected(twin)
        await call.hangup()

        ended = [m["data"]["call_sid"] for m in app.of("call:status", call_status="completed")]
        assert ended == [child.call_sid, call.call_sid]
        assert child.is_over


async def test_the_callers_music_and_the_legs_tag() -> None:
    verb = dial(dialMusic="ring.mp3", tag={"case": 7})
    async with serving(new=[verb]) as app, Twin(app.url) as twin:
        call, child = await connected(twin)

        assert call.spoken == ["[audio: ring.mp3]"]
        told = (await app.seen("call:status", call_sid=child.call_sid))["data"]
        assert told["customerData"] == {"case": 7}


async def test_keys_that_match_a_pattern_are_told_to_the_dtmf_hook() -> None:
    captures = {"parentCall": ["*1"], "childCall": ["*2", "*3"]}
    verb = dial(dtmfCapture=captures, dtmfHook="/keys")
    async with serving(new=[verb], hooks={"/keys": [NEXT]}) as app, Twin(app.url) as twin:
        call, child = await connected(twin)
        await call.dtmf("9*2*1")
        await child.dtmf("*")
        await child.dtmf("3")
        await app.seen("verb:hook", 2)

        told = [(m["data"]["call_sid"], m["data"]["dtmf"]) for m in app.of("verb:hook")]
        assert told == [(call.call_sid, "*1"), (child.call_sid, "*3")]
        assert "Next." not in call.spoken + child.spoken


async def test_a_list_of_patterns_is_for_both_legs() -> None:
    verb = dial(dtmfCapture=["*1"], dtmfHook="/keys")
    async with serving(new=[verb], hooks={"/keys": []}) as app, Twin(app.url) as twin:
        call, child = await connected(twin)
        await call.dtmf("*1")
        await child.dtmf("*1")
        await app.seen("verb:hook", 2)

        told = [m["data"]["call_sid"] for m in app.of("verb:hook")]
        assert told == [call.call_sid, child.call_sid]


async def test_who_is_put_on_hold_hears_the_hold_hook_and_nothing_else() -> None:
    hooks = {"/hold": [{"verb": "play", "url": "m.mp3"}]}
    async with serving(new=[dial(onHoldHook="/hold")], hooks=hooks) as app, Twin(app.url) as twin:
        call, child = await connected(twin)
        await child.hold()
        assert await call.heard() == "[audio: m.mp3]"
        await child.say("Nobody hears this.")
        await child.hold(is_held=False)
        await child.say("Back again.")

        assert call.spoken[1:] == ["Back again."]
        asked = app.of("verb:hook")[0]["data"]
        assert set(asked["hold_detail"]) == {"from", "to"}


async def test_a_hold_hook_without_an_array_plays_nothing() -> None:
    async with serving(new=[dial(onHoldHook="/hold")]) as app, Twin(app.url) as twin:
        call, child = await connected(twin)
        await child.hold()
        await child.settled()

        assert call.spoken == []
        assert "no hold music" in notes(call)


async def test_a_refer_is_told_to_the_refer_hook() -> None:
    async with serving(new=[dial(referHook="/refer")]) as app, Twin(app.url) as twin:
        call, child = await connected(twin)
        await child.refer("+1222")

        details = (await app.seen("verb:hook"))["data"]["refer_details"]
        assert details["refer_to_user"] == "+1222"
        assert details["referring_call_sid"] == child.call_sid
        assert details["referred_call_sid"] == call.call_sid


async def test_a_refer_of_the_callee_gives_the_caller_the_verbs_of_the_hook() -> None:
    verb, verbs = dial(referHook="/refer"), [say("You are transferred.")]
    async with serving(new=[verb], hooks={"/refer": verbs}) as app, Twin(app.url) as twin:
        call, child = await connected(twin)
        await child.refer("+1222")

        assert await call.heard() == "You are transferred."
        assert child.is_over


async def test_a_refer_of_the_caller_makes_the_callee_a_call_of_its_own() -> None:
    verb, verbs = dial(referHook="/refer"), [say("You are transferred.")]
    async with serving(new=[verb, NEXT], hooks={"/refer": verbs}) as app, Twin(app.url) as twin:
        call, child = await connected(twin)
        await call.refer("+1222")
        grown = await call.adulting()
        await grown.settled()

        assert grown.call_sid == child.call_sid
        assert grown.spoken[-1] == "You are transferred."
        assert await call.heard() == "Next."


async def test_without_a_refer_hook_a_refer_is_refused() -> None:
    async with serving(new=[dial()]) as app, Twin(app.url) as twin:
        call, _ = await connected(twin)
        await call.refer("+1222")

        assert "REFER is refused" in notes(call)


# ---------------------------------------------------------------- going apart


def say(text: str) -> Message:
    return {"verb": "say", "text": text}


async def test_a_redirect_parts_the_legs_and_the_child_becomes_a_call_of_its_own() -> None:
    async with serving(new=[dial(), NEXT]) as app, Twin(f"{app.url}agent?tenant=7") as twin:
        call, child = await connected(twin)
        lists = {"parent_call": [say("Back with me.")], "child_call": [say("You stay.")]}
        await app.command("redirect", lists)
        grown = await call.adulting()

        assert await call.heard() == "Back with me."
        assert await grown.heard() == "You stay."
        told = app.of("session:adulting")[0]
        assert "call_sid" not in told
        assert told["data"]["call_sid"] == grown.call_sid == child.call_sid
        assert told["data"]["parent_call_sid"] == call.call_sid
        assert told["data"]["parent_call_info"]["call_sid"] == call.call_sid
        assert app.requests[-1].path_qs == "/agent?tenant=7/adulting"


async def test_an_adult_leg_goes_on_alone_and_is_driven_by_redirect() -> None:
    async def adult(app: App, ws: Any, message: Message) -> bool:
        if message["type"] != "session:adulting":
            return False
        app.sockets["adult"] = ws
        await app.ack(message, [say("Never heard.")], ws)
        return True

    async with serving(new=[dial()], answer=adult) as app, Twin(app.url) as twin:
        call, _ = await connected(twin)
        await app.command("redirect", {"child_call": [say("You stay.")]})
        grown = await call.adulting()
        assert await grown.heard() == "You stay."
        await call.hangup()
        frame = {"type": "command", "command": "redirect", "callSid": grown.call_sid}
        ws = app.sockets["adult"]
        await app.send(frame | {"data": [say("Still here."), {"verb": "hangup"}]}, ws)

        assert await grown.heard() == "Still here."
        assert await grown.ended() == "the application hung up"
        ended = app.of("call:status", call_status="completed")[-1]
        assert ended["data"]["call_sid"] == grown.call_sid
        assert "call_sid" not in ended
        assert "verbs in the ack of session:adulting are ignored" in notes(call)


async def test_a_child_call_hook_is_asked_on_the_parents_socket() -> None:
    hooks = {"/child": [say("For the callee.")], "/parent": [say("For the caller.")]}
    async with serving(new=[dial(), NEXT], hooks=hooks) as app, Twin(app.url) as twin:
        call, child = await connected(twin)
        await app.command("redirect", {"call_hook": "/parent", "child_call_hook": "/child"})
        grown = await call.adulting()

        assert await call.heard() == "For the caller."
        assert await grown.heard() == "For the callee."
        asked = app.of("session:redirect")
        assert [m["data"]["call_sid"] for m in asked] == [child.call_sid, call.call_sid]
        assert {m["call_sid"] for m in asked} == {call.call_sid}


async def test_with_a_child_hook_alone_the_parent_goes_on_with_its_stack() -> None:
    hooks = {"/child": [say("For the callee.")]}
    async with serving(new=[dial(), NEXT], hooks=hooks) as app, Twin(app.url) as twin:
        call, _ = await connected(twin)
        await app.command("redirect", {"child_call_hook": "/child"})

        assert await call.heard() == "Next."
        assert await (await call.adulting()).heard() == "For the callee."


async def test_an_adulting_that_is_not_acked_is_only_noted() -> None:
    async def silent(_app: App, _ws: Any, message: Message) -> bool:
        return bool(message["type"] == "session:adulting")

    async with (
        serving(new=[dial()], answer=silent) as app,
        Twin(app.url, ack_timeout=0.05) as twin,
    ):
        call, _ = await connected(twin)
        await app.command("redirect", {"child_call": [say("You stay.")]})
        grown = await call.adulting()

        assert await grown.heard() == "You stay."
        assert "no ack to session:adulting" in notes(call)


@pytest.mark.parametrize("data", [{"child_call": [NEXT]}, {"child_call_hook": "/child"}])
async def test_without_a_connected_dial_there_is_nothing_to_part(data: Message) -> None:
    async with serving(new=[NEXT]) as app, Twin(app.url) as twin:
        call = await twin.call()
        await call.heard()
        await app.command("redirect", data)
        await call.command("redirect")
        await call.settled()

        assert "needs a connected dial" in notes(call)


async def test_a_callee_that_still_rings_cannot_be_parted() -> None:
    pace = Pace(scale=1.0)
    async with serving(new=[dial()]) as app, Twin(app.url, pace=pace) as twin:
        call = await twin.call(far_end=["stays"])
        await app.seen("call:status", call_status="trying", parent_call_sid=call.call_sid)
        await app.command("redirect", {"child_call": [NEXT]})
        await call.command("redirect")
        await call.leg.log.until(lambda: "needs a connected dial" in notes(call), "a note", 5)

        assert call.leg.child is not None
