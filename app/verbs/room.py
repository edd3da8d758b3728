"""Verbs for several people in one call: conference, and its newer name room."""

from typing import ClassVar, Literal

from app.verbs.audio import BackgroundListen
from app.verbs.builder import Builder
from app.verbs.hooks import HookRef
from app.verbs.part import Many, Number, Of, Part, Verb

# jambonz passes over other names in silence; the last four are of 10 and later.
RoomEvent = Literal[
    "start",
    "end",
    "join",
    "leave",
    "start-talking",
    "stop-talking",
    "say-start",
    "say-done",
    "play-start",
    "play-done",
]


class RoomRecording(Part):
    """Recording of a conference, by who starts it.

    Attributes:
        path: File on the media server.
    """

    path: str


class Conference(Verb):
    """Bring the caller into a conference.

    Attributes:
        name: All who give the same name hear each other.
        member_tag: Label of this member, for commands.
        speak_only_to: Coach: heard only by members with this tag.
        start_conference_on_enter: False to wait for one who starts it; jambonz takes True.
        end_conference_on_exit: It ends for all when this member leaves.
        end_conference_duration: Seconds.
        join_muted: Enter muted.
        wait_hook: Answers with what is heard before it begins: play, say, pause, leave.
        enter_hook: Answers with what this member hears on entering: play, say, pause.
        status_events: What ``status_hook`` is told.
        action_hook: Answers when this member has left.
        listen: Send what all say to a WebSocket; jambonz 10 and later.
        stream: The newer name of ``listen``.
        distribute_dtmf: Pass this member's keys on to the others.
    """

    verb: ClassVar[str] = "conference"
    leading: ClassVar[str] = "name"

    name: str = ""
    beep: bool | None = None
    member_tag: str | None = None
    speak_only_to: str | None = None
    start_conference_on_enter: bool | None = None
    end_conference_on_exit: bool | None = None
    end_conference_duration: Number | None = None
    max_participants: Number | None = None
    join_muted: bool | None = None
    action_hook: HookRef | None = None
    wait_hook: HookRef | None = None
    status_events: Many[RoomEvent] | None = None
    status_hook: HookRef | None = None
    enter_hook: HookRef | None = None
    record: Of[RoomRecording] | None = None
    listen: Of[BackgroundListen] | None = None
    stream: Of[BackgroundListen] | None = None
    distribute_dtmf: bool | None = None


class Room(Conference):
    """Bring the caller into a room: ``conference`` by its newer name, which 0.9 does not know."""

    verb: ClassVar[str] = "room"


conference = Builder(Conference, "name")
room = Builder(Room, "name")
