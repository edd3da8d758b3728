"""Answering a message that waits for it: by the author's code, or at once."""

from typing import TYPE_CHECKING, Any

from app.protocol import Message
from app.session import opening, remarks
from app.session.asked import PLAIN, Asked
from app.session.user_code import UserCode

if TYPE_CHECKING:
    from app.session.live import LiveCall


def answer_hook(
    session: "LiveCall[Any, Any]",
    message: Message,
    code: UserCode | None,
    event: object,
    asked: Asked = PLAIN,
) -> None:
    """Run what answers, or ack at once so that jambonz goes on."""
    if code is None:
        remarks.unanswered_hook(session, message)
        acknowledge(session, message, [*asked.role.default] or None)
        return
    session._asked[message.msgid] = asked  # for an answer that comes too late
    session._start_now(opening.answer(session, message, code, event, asked))


def acknowledge(
    session: "LiveCall[Any, Any]", message: Message, verbs: list[dict[str, Any]] | None = None
) -> None:
    """Ack at once, if jambonz waits for it."""
    if message.wants_ack and session._connection.is_waiting(message.msgid):
        session._connection.ack(message.msgid, verbs)
