"""The limits of a stored agent: a call that has lasted long enough is ended by this server."""

import asyncio
import time
import weakref
from contextlib import suppress
from typing import Any

from app.agent import TurnOver
from app.hook import Hook, event_hook
from app.protocol import LlmEvent, LocalError, TurnEnd
from app.session import LETTERS_PER_SECOND, Session
from app.stored.parts import Limits
from app.verbs import Verb, hangup, say

__all__ = ["begin_limits", "farewell", "resume_limits", "turn_limit"]

ENDS_AT = "stored.ends_at"
"""Unix time at which a call has lasted as long as it may, in the call's notes."""
ANSWERS = "stored.answers"
"""How often the agent has answered, in the call's notes."""
LAST_WORDS = 15.0
"""Seconds that the last answer may take to be heard, at most."""


def farewell(limits: Limits, voice: Any = None) -> list[Verb]:
    """How a call ends that has reached a limit; ``voice`` is the agent's, if it has one."""
    if limits.goodbye is None:
        return [hangup()]
    options = {} if voice is None else {"synthesizer": voice}
    return [say(limits.goodbye, **options), hangup()]


def begin_limits(session: Session, limits: Limits, verbs: list[Verb]) -> None:
    """End the call when it has lasted as long as it may."""
    if limits.max_duration is not None:
        session.notes[ENDS_AT] = time.time() + limits.max_duration
        _end_later(session, limits.max_duration, verbs)


def resume_limits(session: Session, limits: Limits, verbs: list[Verb]) -> None:
    """The same for a call that another process has begun: what has passed there counts."""
    ends_at = session.notes.get(ENDS_AT)
    if ends_at is not None:
        _end_later(session, max(0.0, ends_at - time.time()), verbs)
    most, answers = limits.max_turns, session.notes.get(ANSWERS, 0)
    if most is not None and answers >= most:  # the process ended before the call did
        session.start(end_call(session, verbs, "max_turns"))


def _end_later(session: Session, seconds: float, verbs: list[Verb]) -> None:
    loop = asyncio.get_running_loop()
    loop.call_later(seconds, _end_if_live, weakref.ref(session), verbs)


def _end_if_live(reference: "weakref.ref[Session]", verbs: list[Verb]) -> None:
    session = reference()
    if session is not None and session.is_open:
        session.start(end_call(session, verbs, "max_duration"))


async def end_call(session: Session, verbs: list[Verb], limit: str) -> None:
    """End a call at one of its limits."""
    session.log.info("call_limit_reached", limit=limit)
    with suppress(LocalError):  # it has just ended by itself
        await session.redirect(verbs)


def turn_limit(most: int, verbs: list[Verb]) -> Hook[..., Any]:
    """Counts the answers of a call, and ends it when the last of them was heard."""

    @event_hook
    async def count_answers(session: Session, event: TurnEnd | LlmEvent) -> None:
        over = answer_over(session, event)
        if over is None:
            return
        answers = session.notes[ANSWERS] = session.notes.get(ANSWERS, 0) + 1
        if answers == most:
            session.start(end_after(session, verbs, len(over.unheard) / LETTERS_PER_SECOND))

    return count_answers


def answer_over(session: Session, event: TurnEnd | LlmEvent) -> TurnOver | None:
    """The end of an answer; None of what is none, or only calls a tool."""
    if isinstance(event, TurnEnd):
        return TurnOver()
    return session.agent.dialect.turn_over(event.data) if session.agent else None


async def end_after(session: Session, verbs: list[Verb], seconds: float) -> None:
    """End the call once the words are heard that a realtime model has made ahead."""
    await asyncio.sleep(min(seconds, LAST_WORDS))
    await end_call(session, verbs, "max_turns")
