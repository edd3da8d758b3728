"""Commands that act in a conference."""

from collections.abc import Mapping
from typing import Any

from app.command import ParticipantAction
from app.session.call_commands import HookName
from app.session.commands import CommandSender
from app.session.facts import E, S
from app.session.receipt import Receipt


class ConferenceCommands(CommandSender[S, E]):
    """What a call can do in a conference."""

    __slots__ = ()

    async def participant(
        self,
        action: ParticipantAction,
        *,
        tag: str | None = None,
        wait_hook: HookName | None = None,
    ) -> Receipt:
        """Act on this call as a participant of its conference.

        Args:
            action: To ``tag`` gives a label, to ``coach`` lets only those with a label hear.
            tag: The label.
            wait_hook: What is heard on ``hold``.
        """
        return self._order("conf:participant-action", action=action, tag=tag, wait_hook=wait_hook)

    async def mute_conference(self) -> Receipt:
        """Mute all of the conference but its moderators."""
        return self._order("conf:mute-status", conf_mute_status="mute")

    async def unmute_conference(self) -> Receipt:
        """Undo :meth:`mute_conference`."""
        return self._order("conf:mute-status", conf_mute_status="unmute")

    async def hold_conference(self, *, wait_hook: HookName | None = None) -> Receipt:
        """Put the call on hold in its conference; ``wait_hook`` says what is heard."""
        return self._order("conf:hold-status", conf_hold_status="hold", wait_hook=wait_hook)

    async def unhold_conference(self) -> Receipt:
        """Undo :meth:`hold_conference`."""
        return self._order("conf:hold-status", conf_hold_status="unhold")

    async def room_say(
        self,
        text: str,
        *,
        synthesizer: str | Mapping[str, Any] | None = None,
        loop: int | None = None,
        id: str | None = None,  # noqa: A002 - as on the wire
        replace: bool | None = None,
    ) -> Receipt:
        """Say something to a whole conference. Needs a commercial jambonz.

        Args:
            text: What to say.
            synthesizer: Another voice than the session's.
            loop: How often.
            id: Label that comes back in the conference's events.
            replace: Whether it cuts off what is being said.
        """
        return self._order(
            "room:say", text=text, synthesizer=synthesizer, loop=loop, id=id, replace=replace
        )

    async def room_play(
        self,
        url: str,
        *,
        id: str | None = None,  # noqa: A002 - as on the wire
        replace: bool | None = None,
    ) -> Receipt:
        """Play something to a whole conference. Needs a commercial jambonz.

        Args:
            url: What to play.
            id: Label that comes back in the conference's events.
            replace: Whether it cuts off what is being played.
        """
        return self._order("room:play", url=url, id=id, replace=replace)
