"""The legs that a call has dialed, as its statuses tell: whom a command can be meant for."""

from app.protocol import MAX_ID, CallStatus

ANSWERED = "in-progress"
MAX_CHILDREN = 16


def note_child(children: dict[str, str], status: CallStatus) -> None:
    """Keep the status of a dialed leg; the oldest is forgotten where they are many."""
    call_sid = status.call_sid[:MAX_ID]
    children.pop(call_sid, None)
    if not status.is_final:
        children[call_sid] = status.call_status[:MAX_ID]
        if len(children) > MAX_CHILDREN:
            del children[next(iter(children))]


def current_child(children: dict[str, str]) -> str | None:
    """The leg that is connected, or else the newest that rings: several may ring at once."""
    newest_first = list(reversed(children))
    answered = (call_sid for call_sid in newest_first if children[call_sid] == ANSWERED)
    return next(answered, newest_first[0] if newest_first else None)
