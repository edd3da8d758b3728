"""Verbs for callers who wait for somebody: enqueue, dequeue, leave."""

from typing import ClassVar

from app.verbs.builder import Builder
from app.verbs.hooks import HookRef
from app.verbs.part import Number, Verb


class Enqueue(Verb):
    """Put the caller into a queue until somebody takes the call.

    Attributes:
        name: The queue; it exists once somebody is in it.
        wait_hook: Answers with what is heard meanwhile: play, say, pause, leave; asked again when
            that is over.
        action_hook: Answers when the wait is over, however it ended.
        priority: A lower number is served first.
    """

    verb: ClassVar[str] = "enqueue"
    leading: ClassVar[str] = "name"

    name: str = ""
    action_hook: HookRef | None = None
    wait_hook: HookRef | None = None
    priority: Number | None = None


class Dequeue(Verb):
    """Take the next caller of a queue and bridge.

    Attributes:
        name: The queue.
        timeout: Seconds to wait for a caller.
        beep: A tone when both are connected.
        call_sid: This caller instead of the next one.
        action_hook: Answers when it is over, or nobody came.
    """

    verb: ClassVar[str] = "dequeue"
    leading: ClassVar[str] = "name"

    name: str = ""
    action_hook: HookRef | None = None
    timeout: Number | None = None
    beep: bool | None = None
    call_sid: str | None = None


class Leave(Verb):
    """Leave the queue, or the conference that has not begun; an answer to a ``wait_hook``."""

    verb: ClassVar[str] = "leave"


enqueue = Builder(Enqueue, "name")
dequeue = Builder(Dequeue, "name")
leave = Leave
