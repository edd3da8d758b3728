"""The verb conference, which newer releases call room."""

from typing import TYPE_CHECKING, Any

from app.twin.pending import NoAck
from app.twin.plays.waiting import (
    ENTERING,
    BadMusic,
    ask_music,
    perform_until_leave,
    wait_with_music,
)
from app.twin.rooms import Member, Room
from app.twin.stack import Verb
from app.twin.vocabulary import BadInstruction

if TYPE_CHECKING:
    from app.twin.leg import Leg


async def conference(leg: "Leg", verb: Verb) -> None:
    """Take part in a conference until it ends, or this call leaves it."""
    room = leg.platform.board.room(str(verb["name"]))
    if room.is_full:
        leg.log.note("the conference is full", conference=room.name)
    elif await _is_let_in(leg, verb, room):
        await _take_part(leg, verb, room)
    await leg.hooks.action(verb, {})


async def _is_let_in(leg: "Leg", verb: Verb, room: Room) -> bool:
    """Start the conference, or wait for its start; False for who leaves before."""
    if room.has_started:
        return True
    if verb.get("startConferenceOnEnter", True):
        room.start(leg, verb)
        return True
    room.waiting.append(leg)
    try:
        return not await _wait(leg, verb.get("waitHook"), room)
    finally:
        room.waiting.remove(leg)


async def _wait(leg: "Leg", hook: Any, room: Room) -> bool:
    """Wait at the door; True for who leaves."""

    def has_started() -> bool:
        return room.has_started

    try:
        return await wait_with_music(leg, hook, lambda: _situation(leg, room), has_started)
    except (BadMusic, NoAck, BadInstruction) as failure:
        leg.log.note(f"no music: {failure}", hook=hook)
        return await wait_with_music(leg, None, dict, has_started)


async def _take_part(leg: "Leg", verb: Verb, room: Room) -> None:
    if verb.get("enterHook"):
        await _enter(leg, verb["enterHook"], room)
    member = Member(room, leg, verb)
    room.admit(member, verb.get("maxParticipants"))
    if verb.get("beep"):
        room.announce(leg, ["[beep]"], "beep", {})
    try:
        await room.signal.until(lambda: room.is_over or member not in room.seats)
    finally:
        if member.music:
            member.music.cancel()
        room.leave(member)


async def _enter(leg: "Leg", hook: Any, room: Room) -> None:
    """Let who enters hear what the enter hook gives."""
    try:
        verbs = await ask_music(leg, hook, _situation(leg, room), ENTERING)
    except (BadMusic, NoAck, BadInstruction) as failure:
        leg.log.note(f"enterHook failed: {failure}")
        return
    await perform_until_leave(leg, verbs)


def _situation(leg: "Leg", room: Room) -> dict[str, Any]:
    return leg.info.common() | room.about() | {"participant_count": len(room)}
