"""The commands of a conference: those of `conf:` and of `room:`."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from app.twin.pending import NoAck
from app.twin.plays.waiting import ENTERING, BadMusic, Waiting
from app.twin.rooms import Member, Room
from app.twin.vocabulary import BadInstruction
from app.twin.voice import texts

if TYPE_CHECKING:
    from app.twin.leg import Leg

Data = Mapping[str, Any]


def carry_out(leg: "Leg", frame: Mapping[str, Any]) -> None:
    """Carry out a command of `COMMANDS`, if the call is in a conference."""
    name, data = frame["command"], frame["data"]
    member = leg.listener
    if not isinstance(member, Member) or not isinstance(member.bridge, Room):
        problem = "the call is in no conference"
    elif not isinstance(data, Mapping):
        problem = "its data must be an object"
    else:
        problem = COMMANDS[name](member, member.bridge, data)
    if problem:
        leg.log.note(f"{name} has no effect: {problem}", command=name, data=data)
    else:
        leg.effects[name] = data
        leg.log.note(f"{name} takes effect", command=name, data=data)


def _mute_status(_member: Member, room: Room, data: Data) -> str:
    if data.get("conf_mute_status") not in ("mute", "unmute"):
        return "conf_mute_status must be mute or unmute"
    room.mute_others(is_muted=data["conf_mute_status"] == "mute")
    return ""


def _hold_status(member: Member, _room: Room, data: Data) -> str:
    if data.get("conf_hold_status") not in ("hold", "unhold"):
        return "conf_hold_status must be hold or unhold"
    _hold(member, data, is_held=data["conf_hold_status"] == "hold")
    return ""


def _participant_action(member: Member, room: Room, data: Data) -> str:
    action, tag = data.get("action"), str(data.get("tag") or "")
    if action in ("tag", "coach") and not tag:
        return f"{action} needs tag"
    acts: dict[object, Callable[[], object]] = {
        "tag": lambda: setattr(member, "tag", tag),
        "untag": lambda: setattr(member, "tag", ""),
        "coach": lambda: setattr(member, "coaches", tag),
        "uncoach": lambda: setattr(member, "coaches", ""),
        "mute": lambda: setattr(member, "is_muted", True),
        "unmute": lambda: setattr(member, "is_muted", False),
        "hold": lambda: _hold(member, data, is_held=True),
        "unhold": lambda: _hold(member, data, is_held=False),
        "kick": lambda: room.leave(member),
    }
    if not isinstance(action, str) or action not in acts:
        return f"action must be one of {', '.join(map(str, acts))}"
    acts[action]()
    room.changed()
    return ""


def _hold(member: Member, data: Data, *, is_held: bool) -> None:
    member.is_held = is_held
    if member.music:
        member.music.cancel()
        member.music = None
    if is_held and data.get("wait_hook"):
        member.music = member.leg.spawn(_play_music(member.leg, data["wait_hook"]))


async def _play_music(leg: "Leg", hook: Any) -> None:
    try:
        await Waiting(leg, ENTERING).play(hook, leg.info.common)
    except (BadMusic, NoAck, BadInstruction) as failure:
        leg.log.note(f"no music: {failure}", hook=hook)


def _room_say(member: Member, room: Room, data: Data) -> str:
    if not data.get("text"):
        return "text is needed"
    room.announce(member.leg, texts(data["text"]), "say", data)
    return ""


def _room_play(member: Member, room: Room, data: Data) -> str:
    if not data.get("url"):
        return "url is needed"
    room.announce(member.leg, [f"[audio: {url}]" for url in texts(data["url"])], "play", data)
    return ""


COMMANDS: dict[str, Callable[[Member, Room, Data], str]] = {
    "conf:hold-status": _hold_status,
    "conf:mute-status": _mute_status,
    "conf:participant-action": _participant_action,
    "room:play": _room_play,
    "room:say": _room_say,
}
"""The commands that this part carries out; each returns why it has no effect, or ""."""
