"""Commands that act in a conference."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Literal

from app.command.order import Order
from app.verbs.errors import Problem
from app.verbs.hooks import HookRef
from app.verbs.part import Number, OfText
from app.verbs.schema import given
from app.verbs.speech import Synthesizer

ParticipantAction = Literal[
    "tag", "untag", "coach", "uncoach", "mute", "unmute", "hold", "unhold", "kick"
]
NEED_TAG = ("tag", "coach")


class MuteConference(Order):
    """Mutes or unmutes all of a conference but its moderators."""

    is_verbatim: ClassVar[bool] = True

    conf_mute_status: Literal["mute", "unmute"]


class HoldConference(Order):
    """Puts the caller's place in a conference on hold, or takes it back.

    Attributes:
        wait_hook: What is heard on hold.
    """

    is_verbatim: ClassVar[bool] = True

    conf_hold_status: Literal["hold", "unhold"]
    wait_hook: HookRef | None = None


class Participant(Order):
    """Acts on this call as a participant of its conference.

    Attributes:
        tag: The label to give (`tag`), or who hears a coach (`coach`).
        wait_hook: What is heard on hold.
    """

    is_verbatim: ClassVar[bool] = True
    rules: ClassVar[Mapping[str, Any]] = {
        "if": {"properties": {"action": {"enum": list(NEED_TAG)}}, "required": ["action"]},
        "then": given("tag"),
    }

    action: ParticipantAction
    tag: str | None = None
    wait_hook: HookRef | None = None

    def check(self) -> Iterable[Problem]:
        """To tag and to coach need a tag."""
        yield from super().check()
        if self.action in NEED_TAG and self.tag is None:
            text = f"option 'tag' is required for {self.action!r}"
            yield Problem(text, suggestion="tag", option="tag")


class RoomSay(Order):
    """Says something to a whole conference.

    Attributes:
        id: Label that comes back in the conference's events.
        replace: Whether it cuts off what is being said.
    """

    text: str
    synthesizer: OfText[Synthesizer] | None = None
    loop: Number | Literal["forever"] | None = None
    id: str | None = None
    replace: bool | None = None


class RoomPlay(Order):
    """Plays something to a whole conference.

    Attributes:
        id: Label that comes back in the conference's events.
        replace: Whether it cuts off what is being played.
    """

    url: str
    id: str | None = None
    replace: bool | None = None
