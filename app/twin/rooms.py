"""Conferences, shared by all calls of a twin."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from app.twin.bridge import Bridge, Seat
from app.twin.clock import Clock
from app.twin.signal import expect

if TYPE_CHECKING:
    from app.twin.leg import Leg


class Member(Seat):
    """One call's place in a conference.

    Attributes:
        tag: What others may coach it by.
        coaches: The tag of those who alone hear it; empty where all do.
        is_moderator: Whether commands that mute the others leave it alone.
        music: What it hears while it is held.
    """

    def __init__(self, room: "Room", leg: "Leg", verb: Mapping[str, Any]) -> None:
        super().__init__(room, leg, str(verb["verb"]))
        self.tag = str(verb.get("memberTag") or "")
        self.coaches = str(verb.get("speakOnlyTo") or "")
        self.is_muted = bool(verb.get("joinMuted"))
        self.is_moderator = verb.get("startConferenceOnEnter") is True
        self.ends_room = bool(verb.get("endConferenceOnExit"))
        self.music: asyncio.Task[Any] | None = None


class Room(Bridge):
    """A conference: it starts when somebody enters who may start it, and ends with its last member.

    Attributes:
        has_started: Whether it has.
    """

    def __init__(self, name: str, clock: Clock) -> None:
        super().__init__()
        self.name = name
        self._clock = clock
        self.has_started = False
        self.waiting: list[Leg] = []
        self._began = self._clock.time()
        self._limit = 0
        self._status_hook: Any = None
        self._status_events: list[str] = []

    def __len__(self) -> int:
        return len(self.seats)

    @property
    def members(self) -> list[str]:
        """The `call_sid` of each member, in the order in which they came."""
        return [seat.leg.info.call_sid for seat in self.seats]

    @property
    def muted(self) -> list[str]:
        """The `call_sid` of each member who is muted."""
        return [seat.leg.info.call_sid for seat in self.seats if seat.is_muted]

    async def holds(self, count: int, *, limit: float = 5.0) -> None:
        """Wait until it has so many members.

        Raises:
            WaitFailed: If it takes longer than `limit` seconds.
        """
        what = f"conference {self.name!r}: {count} members"
        await expect(self.signal, lambda: len(self) == count, what, limit)

    @property
    def is_full(self) -> bool:
        """Whether nobody else may enter."""
        return 1 < self._limit <= len(self.seats)

    def start(self, leg: "Leg", verb: Mapping[str, Any]) -> None:
        """Let it begin; its status hook is that of who started it."""
        self.has_started = True
        self._began = self._clock.time()
        self._status_hook = verb.get("statusHook")
        self._status_events = list(verb.get("statusEvents") or ())
        self.tell(leg, "start")

    def admit(self, member: Member, limit: Any) -> None:
        """Let a member in."""
        self.take(member)
        self._limit = int(limit or self._limit)
        self.tell(member.leg, "join")
        self.changed()

    def leave(self, seat: Seat) -> None:
        """Let a member go; harmless when it is gone."""
        if seat in self.seats:
            super().leave(seat)
            self.tell(seat.leg, "leave")
            if not self.seats:
                self.tell(seat.leg, "end")

    def ends_without(self, seat: Seat) -> bool:
        """Whether it is over: nobody is left, or who left ends it."""
        return not self.seats or (isinstance(seat, Member) and seat.ends_room)

    def hears(self, hearer: Seat, speaker: Seat) -> bool:
        """Whether one member hears another: a coach is heard by those with the tag only."""
        tag = speaker.coaches if isinstance(speaker, Member) else ""
        is_meant = not tag or (isinstance(hearer, Member) and hearer.tag == tag)
        return is_meant and super().hears(hearer, speaker)

    def carry(self, speaker: Seat, text: str) -> None:
        """Let a member speak."""
        self.tell(speaker.leg, "start-talking")
        super().carry(speaker, text)
        self.tell(speaker.leg, "stop-talking")

    def announce(self, leg: "Leg", texts: list[str], kind: str, data: Mapping[str, Any]) -> None:
        """Let all hear a `say` or `play` of the room."""
        label = {"id": data["id"]} if "id" in data else {}
        self.tell(leg, f"{kind}-start", **label)
        for seat in self.seats:
            for text in texts:
                seat.leg.voice.heard(text, f"room:{kind}")
        self.tell(leg, f"{kind}-done", **label)

    def mute_others(self, *, is_muted: bool) -> None:
        """Mute or unmute all but the moderators."""
        for seat in self.seats:
            if isinstance(seat, Member) and not seat.is_moderator:
                seat.is_muted = is_muted
        self.changed()

    def changed(self) -> None:
        """Let those look again who wait, those at the door included."""
        super().changed()
        for leg in self.waiting:
            leg.log.poke()

    def tell(self, leg: "Leg", event: str, **more: Any) -> None:
        """Tell the status hook of an event, if it asked for that."""
        if self._status_hook and event in self._status_events:
            duration = round(self._clock.time() - self._began, 3)
            told = {"event": event, "duration": duration, "time": datetime.now(UTC).isoformat()}
            data = leg.info.common() | self.about() | told | {"members": len(self)} | more
            leg.hooks.tell(self._status_hook, data)

    def about(self) -> dict[str, Any]:
        """How hooks name it."""
        return {"conference_sid": self.name, "friendly_name": self.name}
