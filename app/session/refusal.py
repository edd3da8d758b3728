"""Calls that are not taken: refused so that the platform and the carrier understand it."""

from typing import TYPE_CHECKING, Any, Final

from app.protocol import MAX_ID, Kind, Message, Wire
from app.session.facts import text_of

if TYPE_CHECKING:
    from app.session.live import LiveCall

TOO_MANY_CALLS: Final = "max_calls"
FOREIGN_ACCOUNT: Final = "account_sid"
GRACEFUL: Final = 1000
# A carrier that gets a 503 may take another route. A callee who has answered can only be left.
DECLINE: Final[Wire] = {
    "verb": "sip:decline",
    "status": 503,
    "reason": "Service Unavailable",
    "headers": {"Retry-After": "5"},
}
HANG_UP: Final[Wire] = {"verb": "hangup"}
# jambonz ignores verbs in the acks of these, or may do so.
DEAF: Final = (Kind.SESSION_RECONNECT, Kind.SESSION_ADULTING)


def is_one_too_many(session: "LiveCall[Any, Any]") -> bool:
    """Whether as many calls are live as there may be. jambonz' return to one is never refused."""
    runtime = session._runtime
    return len(runtime.live) >= runtime.limits.max_calls


def refuse(session: "LiveCall[Any, Any]", message: Message) -> None:
    """Decline a new call before anything of it begins, and close its socket.

    Here and not at the upgrade, which does not tell a new call from one that comes back; and
    jambonz makes nothing better of an upgrade that is refused.
    """
    session._runtime.counters.call_refused(TOO_MANY_CALLS)
    session.log.warning(
        "call_refused",
        reason=TOO_MANY_CALLS,
        limit=session._runtime.limits.max_calls,
        fix="CORDBOARD_MAX_CALLS bounds the calls of one process; run another one beside it",
    )
    is_outbound = message.data.get("direction") == "outbound"
    session._connection.ack(message.msgid, [HANG_UP if is_outbound else DECLINE])
    session._flush()
    session.close(GRACEFUL, "too many calls")


def refuse_account(session: "LiveCall[Any, Any]", message: Message) -> None:
    """Hang up a call of an account that its credentials may not speak for.

    What awaits no ack, such as a status before the ``session:new``, is passed over.
    """
    connection = session._connection
    if not message.wants_ack or not connection.accept(message) or not message.wants_ack:
        return
    session._runtime.counters.call_refused(FOREIGN_ACCOUNT)
    session.log.warning(
        "call_refused",
        reason=FOREIGN_ACCOUNT,
        account_sid=text_of(message.data, "account_sid")[:MAX_ID],
        fix="add this account_sid to the WebSocket credential by which its application dials, "
        "or give that application the credential of its own organisation",
    )
    connection.ack(message.msgid, [HANG_UP])
    if message.kind in DEAF:
        connection.command("redirect", [HANG_UP])
    session._flush()
    session.close(GRACEFUL, "not the account's credentials")
