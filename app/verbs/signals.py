"""Verbs that send something beside speech: dtmf and message."""

from typing import Annotated, ClassVar

from pydantic import Field

from app.verbs.builder import Builder
from app.verbs.explain import Expect
from app.verbs.hooks import HookRef
from app.verbs.part import Many, Number, Verb

Keys = Annotated[
    str, Field(pattern=r"^[0-9*#A-Da-dwW]+$"), Expect("keys out of 0-9, *, #, A-D, w for a pause")
]


class Dtmf(Verb):
    """Press keys towards the far end.

    Attributes:
        dtmf: The keys; w waits for half a second.
        duration: Milliseconds of each tone; jambonz takes 500.
    """

    verb: ClassVar[str] = "dtmf"
    leading: ClassVar[str] = "dtmf"

    dtmf: Keys = ""
    duration: Number | None = None


class Message(Verb):
    """Send a text message.

    Attributes:
        from_: A number of the platform.
        media: One URL or several, as MMS.
        carrier: Which of the carriers.
        action_hook: Receives ``message_status``.
    """

    verb: ClassVar[str] = "message"

    to: str
    from_: str
    text: str | None = None
    media: str | Many[str] | None = None
    carrier: str | None = None
    account_sid: str | None = None
    message_sid: str | None = None
    action_hook: HookRef | None = None


dtmf = Builder(Dtmf, "dtmf")
message = Message
