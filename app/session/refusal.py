"""Calls that are not taken: refused so that the platform and the carrier understand it."""

from typing import TYPE_CHECKING, Any, Final

from app.protocol import MAX_ID, Kind, Message, Wire
from app.session.facts import text_of

if TYPE_CHECKING:
    from app.session.live import LiveCall

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
HOW_TO_TAKE_MORE: Final = {
    "max_calls": "CORDBOARD_MAX_CALLS bounds the calls of one process; run another one beside it",
    "max_total_calls": "CORDBOARD_MAX_TOTAL_CALLS bounds the calls of all nodes together",
    "organisation": "`max_calls` of the organisation and CORDBOARD_MAX_ORGANISATION_CALLS bound its"
    " calls on all nodes together",
}
# jambonz ignores verbs in the acks of these, or may do so.
DEAF: Final = (Kind.SESSION_RECONNECT, Kind.SESSION_ADULTING)


def one_too_many(session: "LiveCall[Any, Any]") -> str | None:
    """Which limit a new call is over: of this node, of all together, of its organisation.

    jambonz' return to a call is never refused. Nothing here waits: what other nodes have is known.
    """
    runtime, organisation_id = session._runtime, session.organisation_id
    here = len(runtime.live)
    if here >= runtime.limits.max_calls:
        return "max_calls"
    if runtime.quota.is_full(here):
        return "max_total_calls"
    own = runtime.live.by_organisation.get(organisation_id, 0)
    return "organisation" if runtime.quota.is_full_for(organisation_id, own) else None


def refuse(session: "LiveCall[Any, Any]", message: Message, reason: str) -> None:
    """Decline a new call before anything of it begins, and close its socket.

    Here and not at the upgrade, which does not tell a new call from one that comes back; and
    jambonz makes nothing better of an upgrade that is refused.
    """
    runtime, organisation_id = session._runtime, session.organisation_id
    runtime.counters.call_refused(reason)
    limits = {
        "max_calls": runtime.limits.max_calls,
        "max_total_calls": runtime.quota.total,
        "organisation": runtime.quota.limit_of(organisation_id),
    }
    session.log.warning(
        "call_refused",
        reason=reason,
        limit=limits[reason],
        organisation=organisation_id,
        fix=HOW_TO_TAKE_MORE[reason],
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
