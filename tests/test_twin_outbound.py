"""Calls that applications make: their statuses, who picks up, and the `dial` command."""

from typing import Any

import pytest

from app.twin import CallRefused, Pace, Party, Twin, TwinCall, WaitFailed
from tests.twin_app import SILENCE, App, Message, serving

AMD = {"actionHook": "/amd"}
WAIT = [{"verb": "pause", "length": 60}]
NEXT = {"verb": "say", "text": "Next."}


def statuses(app: App, call: TwinCall) -> list[str]:
    told = app.of("call:status", call_sid=call.call_sid)
    return [message["data"]["call_status"] for message in told]


def found(app: App) -> list[str]:
    return [m["data"]["type"] for m in app.messages if m.get("hook") == "/amd"]


async def test_early_media_has_a_status_of_its_own_before_the_answer() -> None:
    async with serving() as app, Twin(app.url) as twin:
        call = await twin.call(direction="outbound", answer=Party(early_media=True))

        assert statuses(app, call) == ["trying", "ringing", "early-media", "in-progress"]
        assert app.order("call:status", "session:new")[-1] == "session:new"


async def test_an_application_cancels_a_call_that_rings() -> None:
    async def cancel(app: App, _ws: Any, message: Message) -> bool:
        if message["data"]["call_status"] == "ringing":
            await app.command("call:status", {"call_status": "no-answer"})
        return bool(message["type"] == "call:status")

    async with (
        serving(answer=cancel) as app,
        Twin(app.url, pace=Pace(scale=0.1)) as twin,
    ):
        with pytest.raises(CallRefused, match="the application refused the call") as refused:
            await twin.call(direction="outbound")
        await app.until(lambda: app.closes == [1000])

        assert statuses(app, refused.value.call) == ["trying", "ringing", "no-answer"]
        assert app.of("session:new") == []


# ---------------------------------------------------------------- who picks up


@pytest.mark.parametrize(
    ("party", "expected"),
    [
        (Party(), [("amd_human_detected", "short greeting")]),
        (Party(who="nobody"), [("amd_no_speech_detected", None)]),
        (
            Party(who="machine", beep=True),
            [
                ("amd_machine_detected", "long greeting"),
                ("amd_machine_stopped_speaking", None),
                ("amd_tone_detected", None),
            ],
        ),
        (
            Party(who="machine", greeting="You have reached Bob."),
            [
                ("amd_machine_detected", "hint"),
                ("amd_machine_stopped_speaking", None),
                ("amd_tone_timeout", None),
            ],
        ),
    ],
)
async def test_who_picked_up_is_told_message_by_message(
    party: Party, expected: list[tuple[str, str | None]]
) -> None:
    async with serving() as app, Twin(app.url) as twin:
        call = await twin.call(direction="outbound", answer=party, amd=AMD)
        await app.seen("verb:hook", len(expected))

        told = [m["data"] for m in app.of("verb:hook")]
        assert [(data["type"], data.get("reason")) for data in told] == expected
        assert {data["call_sid"] for data in told} == {call.call_sid}
        if party.greeting:
            assert told[0]["transcript"] == party.greeting


async def test_a_long_greeting_is_taken_for_a_machines_whoever_speaks() -> None:
    party = Party(greeting="Good morning this is the house of Doe how are you?")
    async with serving() as app, Twin(app.url) as twin:
        await twin.call(direction="outbound", answer=party, amd=AMD)
        await app.seen("verb:hook", type="amd_machine_detected")

        await twin.call(direction="outbound", answer=party, amd=AMD | {"thresholdWordCount": 20})
        await app.seen("verb:hook", type="amd_human_detected")


async def test_the_verbs_of_an_amd_ack_replace_what_runs() -> None:
    message = [{"verb": "say", "text": "Please call back."}, {"verb": "hangup"}]

    async def answer(app: App, ws: Any, asked: Message) -> bool:
        if asked["data"].get("type") != "amd_machine_stopped_speaking":
            return False
        await app.ack(asked, message, ws)
        return True

    pace = Pace(scale=0.01)
    async with serving(new=WAIT, answer=answer) as app, Twin(app.url, pace=pace) as twin:
        call = await twin.call(direction="outbound", answer=Party(who="machine"), amd=AMD)

        assert await call.heard() == "Please call back."
        assert await call.ended() == "the application hung up"
        assert found(app) == ["amd_machine_detected", "amd_machine_stopped_speaking"]


async def test_an_amd_hook_without_an_ack_is_only_noted() -> None:
    async with (
        serving(new=[NEXT], hooks={"/amd": SILENCE}) as app,
        Twin(app.url, ack_timeout=0.02) as twin,
    ):
        call = await twin.call(direction="outbound", answer=Party(who="machine"), amd=AMD)
        await app.seen("verb:hook", 3)

        assert not call.is_over


async def test_config_starts_the_detection_too() -> None:
    async with serving(new=[{"verb": "config", "amd": AMD}]) as app, Twin(app.url) as twin:
        await twin.call(direction="outbound", answer=Party(who="nobody"))

        await app.seen("verb:hook", type="amd_no_speech_detected")


async def test_a_dial_tells_who_picked_up() -> None:
    dial = {"verb": "dial", "target": [{"type": "phone", "number": "1"}], "amd": AMD}
    async with serving(new=[dial, NEXT]) as app, Twin(app.url) as twin:
        call = await twin.call(far_end=[Party(who="machine", beep=True)])
        await app.seen("verb:hook", type="amd_tone_detected")
        await call.far_hangup()

        assert await call.heard() == "Next."


async def test_a_handoff_to_a_machine_counts_as_no_answer() -> None:
    verb = {
        "verb": "transfer",
        "mode": "warm",
        "target": [{"type": "phone", "number": "1"}],
        "amd": {},
        "actionHook": "/t",
    }
    async with serving(new=[verb | {"amd": AMD}]) as app, Twin(app.url) as twin:
        await twin.call(far_end=[Party(who="machine")])

        await app.seen("verb:hook", transfer_result="returned", transfer_reason="no-answer")


# ---------------------------------------------------------------- the dial command


def body(app: App, **more: Any) -> Message:
    hook = {"url": f"{app.url}second", "method": "WS"}
    to = {"type": "phone", "number": "+15085559999"}
    return {"from": "+1617", "to": to, "call_hook": hook, "tag": {"orderId": 7}, **more}


async def test_the_dial_command_makes_a_separate_outbound_call() -> None:
    async with serving(new=[NEXT]) as app, Twin(app.url) as twin:
        first = await twin.call()
        await first.heard()
        await app.command("dial", body(app, amd=AMD))
        call = await twin.placed()

        assert await call.heard() == "Next."
        assert app.requests[-1].path == "/second"
        new = app.of("session:new", call_sid=call.call_sid)[0]["data"]
        assert (new["direction"], new["from"], new["to"]) == ("outbound", "+1617", "+15085559999")
        assert new["customerData"] == {"orderId": 7}
        await app.seen("verb:hook", type="amd_human_detected")
        await first.hangup()
        assert not call.is_over


async def test_a_placed_call_that_is_busy_has_only_statuses() -> None:
    async with serving(new=[NEXT]) as app, Twin(app.url) as twin:
        await twin.call(far_end=["busy"])
        await app.command("dial", body(app))
        call = await twin.placed()
        await call.ended()

        assert statuses(app, call) == ["trying", "ringing", "busy"]
        assert len(app.of("session:new")) == 1


@pytest.mark.parametrize(
    ("wrong", "msg"),
    [
        ({"from": ""}, "from is required"),
        ({"to": "+1508"}, "to must be an object with a type out of phone, user, sip, teams"),
        ({"to": {"type": "sip", "number": "1"}}, "to needs sipUri"),
        ({"call_hook": None}, "application_sid or call_hook is required"),
        ({"call_hook": "/second"}, "call_hook must be absolute"),
    ],
)
async def test_a_dial_command_that_is_wrong_is_told(wrong: Message, msg: str) -> None:
    async with serving() as app, Twin(app.url) as twin:
        await twin.call()
        await app.command("dial", body(app) | wrong)

        assert (await app.seen("jambonz:error"))["data"] == {"msg": msg}


async def test_to_wait_for_a_placed_call_has_a_limit() -> None:
    async with serving() as app, Twin(app.url) as twin:
        with pytest.raises(WaitFailed, match="a placed call: not within"):
            await twin.placed(limit=0.01)
