"""Conferences of the twin: who gets in, who hears whom, what hooks and commands do."""

from typing import Any

import pytest

from app.twin import Twin, TwinCall
from tests.twin_app import App, serving

NEXT = {"verb": "say", "text": "Next."}
ROOM = {"verb": "conference", "name": "standup", "actionHook": "/left"}
MUSIC = [{"verb": "play", "url": "https://e.org/m.mp3"}]
EVENTS = ["start", "end", "join", "leave", "start-talking", "stop-talking"]


async def joins(app: App, twin: Twin, **options: Any) -> TwinCall:
    """A call that takes part, with these options of the verb."""
    app.new = [ROOM | options, NEXT]
    call = await twin.call()
    await call.bridged()
    return call


async def commanded(app: App, call: TwinCall, command: str, data: Any) -> None:
    """Send a command to one of several calls."""
    sid = call.call_sid
    before = len(call.commands)
    ws = app.sockets[sid]
    await app.send({"type": "command", "command": command, "data": data}, ws)
    await call.leg.log.until(lambda: len(call.commands) > before, command, 5)


def notes(call: TwinCall) -> list[str]:
    return [entry.data["text"] for entry in call.log if entry.kind == "note"]


async def test_each_member_hears_what_the_others_say() -> None:
    async with serving() as app, Twin(app.url) as twin:
        a, b, c = [await joins(app, twin) for _ in range(3)]
        await a.say("Good morning.")

        assert (a.spoken, b.spoken, c.spoken) == ([], ["Good morning."], ["Good morning."])
        assert twin.conference("standup").members == [a.call_sid, b.call_sid, c.call_sid]


async def test_who_may_not_start_it_waits_with_music_until_somebody_does() -> None:
    hooks = {"/wait": MUSIC}
    async with serving(hooks=hooks) as app, Twin(app.url) as twin:
        app.new = [ROOM | {"startConferenceOnEnter": False, "waitHook": "/wait"}]
        guest = await twin.call()
        assert await guest.heard() == "[audio: https://e.org/m.mp3]"
        asked = app.of("verb:hook")[0]["data"]
        assert (asked["friendly_name"], asked["participant_count"]) == ("standup", 0)
        assert await guest.silence() == "[audio: https://e.org/m.mp3]"

        host = await joins(app, twin)
        await guest.bridged()
        await host.say("Welcome.")
        assert guest.spoken[-1] == "Welcome."


async def test_a_guest_who_is_told_to_leave_goes_on() -> None:
    hooks = {"/wait": [{"verb": "leave"}]}
    async with serving(hooks=hooks) as app, Twin(app.url) as twin:
        app.new = [ROOM | {"startConferenceOnEnter": False, "waitHook": "/wait"}, NEXT]
        guest = await twin.call()

        assert await guest.heard() == "Next."


@pytest.mark.parametrize("music", [None, [{"verb": "gather"}]])
async def test_a_wait_hook_without_its_verbs_leaves_the_guest_in_silence(music: Any) -> None:
    async with serving(hooks={"/wait": music}) as app, Twin(app.url) as twin:
        app.new = [ROOM | {"startConferenceOnEnter": False, "waitHook": "/wait"}]
        guest = await twin.call()
        await guest.settled()
        await joins(app, twin)
        await guest.bridged()

        assert guest.spoken == []


async def test_who_enters_hears_the_enter_hook_and_all_hear_the_beep() -> None:
    hooks = {"/enter": [{"verb": "say", "text": "You are the second."}]}
    async with serving(hooks=hooks) as app, Twin(app.url) as twin:
        first = await joins(app, twin)
        second = await joins(app, twin, enterHook="/enter", beep=True)

        assert second.spoken == ["You are the second.", "[beep]"]
        assert first.spoken == ["[beep]"]


@pytest.mark.parametrize("answer", [None, [{"verb": "leave"}]])
async def test_an_enter_hook_without_its_verbs_is_passed_over(answer: Any) -> None:
    async with serving(hooks={"/enter": answer}) as app, Twin(app.url) as twin:
        call = await joins(app, twin, enterHook="/enter")

        assert any("enterHook failed" in note for note in notes(call))


async def test_it_ends_for_all_when_the_one_leaves_who_ends_it() -> None:
    async with serving() as app, Twin(app.url) as twin:
        host = await joins(app, twin, endConferenceOnExit=True)
        guest = await joins(app, twin)
        await host.hangup()

        assert await guest.heard() == "Next."
        await app.until(lambda: any(m.get("hook") == "/left" for m in app.messages))
        assert twin.conference("standup").members == []


async def test_it_goes_on_when_another_leaves() -> None:
    async with serving() as app, Twin(app.url) as twin:
        a, b, c = [await joins(app, twin) for _ in range(3)]
        await b.hangup()
        await twin.conference("standup").holds(2)
        await a.say("Who is left?")

        assert c.spoken == ["Who is left?"]


async def test_a_full_conference_lets_nobody_in() -> None:
    async with serving() as app, Twin(app.url) as twin:
        await joins(app, twin, maxParticipants=2)
        await joins(app, twin)
        late = await twin.call()

        assert await late.heard() == "Next."
        assert "the conference is full" in notes(late)


async def test_who_joins_muted_is_not_heard_until_unmuted() -> None:
    async with serving() as app, Twin(app.url) as twin:
        host = await joins(app, twin, startConferenceOnEnter=True)
        guest = await joins(app, twin, joinMuted=True)
        assert twin.conference("standup").muted == [guest.call_sid]
        await guest.say("Hello?")
        await commanded(app, host, "conf:mute-status", {"conf_mute_status": "unmute"})
        await guest.say("And now?")
        assert host.spoken == ["And now?"]

        await commanded(app, guest, "mute:status", "mute")
        assert twin.conference("standup").muted == [guest.call_sid]  # never the moderator


async def test_a_coach_is_heard_by_those_with_the_tag_only() -> None:
    async with serving() as app, Twin(app.url) as twin:
        customer = await joins(app, twin)
        agent = await joins(app, twin, memberTag="agent")
        coach = await joins(app, twin, speakOnlyTo="agent")
        await coach.say("Offer a discount.")
        assert (customer.spoken, agent.spoken) == ([], ["Offer a discount."])

        action = "conf:participant-action"
        await commanded(app, coach, action, {"action": "uncoach"})
        await coach.say("I am the supervisor.")
        assert customer.spoken == ["I am the supervisor."]
        await commanded(app, customer, action, {"action": "tag", "tag": "vip"})
        await commanded(app, coach, action, {"action": "coach", "tag": "vip"})
        await coach.say("Only to you.")
        assert (customer.spoken[-1], agent.spoken[-1]) == ("Only to you.", "I am the supervisor.")


async def test_who_is_held_neither_hears_nor_is_heard_and_has_music() -> None:
    async with serving(hooks={"/hold": MUSIC}) as app, Twin(app.url) as twin:
        a, b = await joins(app, twin), await joins(app, twin)
        hold = {"conf_hold_status": "hold", "wait_hook": "/hold"}
        await commanded(app, b, "conf:hold-status", hold)
        assert await b.heard() == "[audio: https://e.org/m.mp3]"
        await a.say("Are you there?")
        await b.say("Hello?")
        await commanded(app, b, "conf:participant-action", {"action": "unhold"})
        await a.say("Back?")

        assert (a.spoken, b.spoken[1:]) == ([], ["Back?"])


async def test_who_is_kicked_goes_on_with_the_next_verb() -> None:
    async with serving() as app, Twin(app.url) as twin:
        a, b = await joins(app, twin), await joins(app, twin)
        await commanded(app, b, "conf:participant-action", {"action": "mute"})
        await commanded(app, b, "conf:participant-action", {"action": "kick"})

        assert await b.heard() == "Next."
        assert twin.conference("standup").members == [a.call_sid]


async def test_all_hear_what_the_room_says_and_plays() -> None:
    async with serving() as app, Twin(app.url) as twin:
        options = {"statusHook": "/status", "statusEvents": ["say-start", "say-done"]}
        a, b = await joins(app, twin, **options), await joins(app, twin)
        await commanded(app, a, "room:say", {"text": "Five minutes left.", "id": "n1"})
        await commanded(app, b, "room:play", {"url": "bell"})

        assert a.spoken == b.spoken == ["Five minutes left.", "[audio: bell]"]
        await app.seen("verb:hook", event="say-start", id="n1")
        await app.seen("verb:hook", event="say-done", id="n1")


async def test_the_status_hook_is_told_what_it_asked_for() -> None:
    async with serving() as app, Twin(app.url) as twin:
        a = await joins(app, twin, statusHook="/status", statusEvents=EVENTS)
        b = await joins(app, twin)
        await a.say("Hello.")
        await b.hangup()
        await a.hangup()

        told = [m["data"] for m in app.messages if m.get("hook") == "/status"]
        assert [(data["event"], data["members"]) for data in told] == [
            ("start", 0),
            ("join", 1),
            ("join", 2),
            ("start-talking", 2),
            ("stop-talking", 2),
            ("leave", 1),
            ("leave", 0),
            ("end", 0),
        ]
        assert {data["friendly_name"] for data in told} == {"standup"}
        assert told[2]["call_sid"] == b.call_sid


@pytest.mark.parametrize(
    ("command", "data", "why"),
    [
        ("conf:mute-status", {"mute_status": "mute"}, "conf_mute_status must be"),
        ("conf:hold-status", {"conf_hold_status": True}, "conf_hold_status must be"),
        ("conf:participant-action", {"action": "ban"}, "action must be one of tag, untag"),
        ("conf:participant-action", {"action": "coach"}, "coach needs tag"),
        ("room:say", {"say": "x"}, "text is needed"),
        ("room:play", {"id": "x"}, "url is needed"),
        ("room:play", "bell", "its data must be an object"),
    ],
)
async def test_a_command_in_another_shape_has_no_effect(command: str, data: Any, why: str) -> None:
    async with serving() as app, Twin(app.url) as twin:
        call = await joins(app, twin)
        await commanded(app, call, command, data)

        assert any(why in note for note in notes(call))
        assert command not in call.effects


async def test_outside_of_a_conference_its_commands_have_no_effect() -> None:
    async with serving() as app, Twin(app.url) as twin:
        call = await twin.call()
        await commanded(app, call, "room:say", {"text": "Hello."})

        assert any("the call is in no conference" in note for note in notes(call))


async def test_newer_releases_call_it_a_room() -> None:
    async with serving() as app, Twin(app.url) as twin:
        call = await joins(app, twin, verb="room")

        assert twin.conference("standup").members == [call.call_sid]
