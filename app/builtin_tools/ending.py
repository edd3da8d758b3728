"""``end_call``: the model ends the call, and its last words are still heard."""

from contextlib import suppress

from app.builtin_tools.built import Built
from app.hook import event_hook
from app.protocol import LlmEvent, LocalError
from app.session import Session
from app.tool import tool

ENDING = "end_call"
"""In the notes of a call that ends when its last words have been heard."""
LONGEST = 15.0
"""Seconds after which the call ends, whether its last words were heard or not."""

SAY_GOODBYE = (
    "The call ends as soon as you have spoken. Say goodbye now, in one short sentence; if you have "
    "just done so, say nothing. Call no other tool."
)
SPOKEN_OVER = (
    "The caller spoke over your goodbye, so the call goes on. Answer them; if they only said "
    "goodbye too, call end_call again."
)
PROMPT = """\
## Ending the call
When the caller has all they wanted, or says goodbye, call `end_call` before you say goodbye \
yourself. It says nothing to the caller: you say goodbye when its result has come. Never end a \
call in which the caller still wants something."""


@tool
async def end_call(session: Session) -> str:
    """End the call. The caller hears what you say next, then the line is closed."""
    session.notes[ENDING] = True
    session.start(hang_up(session))
    return SAY_GOODBYE


async def hang_up(session: Session) -> None:
    """Hang up when the agent has spoken, unless the caller spoke over it."""
    how = await session.until_spoken(LONGEST)
    session.notes.pop(ENDING, None)
    with suppress(LocalError):  # the call, or the agent, has just ended by itself
        if how == "interrupted":
            await session.inject_context(SPOKEN_OVER)
        elif how != "gone":
            await session.hangup()


@event_hook
async def listen(session: Session, event: LlmEvent) -> None:
    """Have a speech-to-speech model's events asked for: one tells when it has spoken."""


def resume(session: Session) -> None:
    """Go on where the process ended before the call did."""
    if ENDING in session.notes:
        session.start(hang_up(session))


END_CALL = Built(end_call, PROMPT, (listen,), resume)


def build_end_call() -> Built:
    """``end_call``."""
    return END_CALL
