"""Other legs than the call's own, calls that come by another door, and calls that never begin."""

from typing import TYPE_CHECKING, Any

from app.application import Handler
from app.hook import Hook
from app.organisation import call_key
from app.protocol import Message, read_status
from app.protocol.events import FINAL_STATUSES
from app.protocol.fields import text
from app.protocol.roles import ADULTING
from app.session import opening, remarks
from app.session.answering import acknowledge, answer_hook
from app.session.asked import asked_of
from app.session.children import note_child
from app.session.user_code import UserCode, copied
from app.verbs.render import add_roles

if TYPE_CHECKING:
    from app.session.live import LiveCall


def redirect(session: "LiveCall[Any, Any]", message: Message) -> None:
    """session:redirect: control moved here, on this socket or a new one; or a dialed leg's did."""
    handlers = session.application.handlers
    is_fresh = not session._has_begun
    if is_fresh:
        session._begin(message)
    code: UserCode | None = session._hook_for(message) or handlers.get("session_redirect")
    if code is None and is_fresh:
        code = handlers["session_new"]  # a call that begins here, only by another door
    session._publish("session", {"type": "redirect", "hook": message.hook})
    asked = asked_of(session, message)
    own = copied(message.data)
    answer_hook(session, message, code, asked.read(own) if is_typed(code) else own, asked)


def adulting(session: "LiveCall[Any, Any]", message: Message) -> None:
    """session:adulting: a dialed leg became a call; verbs in its ack are ignored, so none go."""
    if not session._has_begun:
        session._begin(message)
    is_busy = inherit(session, text(message.data, "parent_call_sid"))
    acknowledge(session, message)
    handler = session.application.handlers.get("session_adulting")
    if handler is not None:
        own = copied(message.data)
        event = ADULTING.read(own) if handler.is_typed else own
        session._start_now(opening.drive(session, handler, event))
    elif not is_busy:
        remarks.undriven_leg(session)


def is_typed(code: object) -> bool:
    """Whether code takes a class instead of the data as it came."""
    return isinstance(code, Hook) or (isinstance(code, Handler) and code.is_typed)


def inherit(session: "LiveCall[Any, Any]", parent_sid: str) -> bool:
    """Know the hooks of the verbs that a leg was given as a child; whether it was given any."""
    runtime = session._runtime
    parent = runtime.live.get(call_key(session.organisation_id, parent_sid))
    if parent is not None and parent.application is session.application:
        session._hooks.update(parent._hooks)
        add_roles(session._roles, parent._roles)
    given = runtime.handed_over.pop(session.key, None)
    if given is not None:
        session._apply(given)
    return given is not None


def call_status(session: "LiveCall[Any, Any]", message: Message) -> None:
    """call:status: progress of this leg or of one that it dialed."""
    data = message.data
    call_sid, parent_sid = text(data, "call_sid"), text(data, "parent_call_sid")
    state = text(data, "call_status")
    if not session.call_sid and call_sid:
        # An outbound call, which tells of itself before its session:new.
        session._learn(message, session._frame)
    session._publish_frame("status")
    if is_own(session, call_sid, parent_sid):
        session.call_status = state
        if state in FINAL_STATUSES:
            session._leg_over()
    elif parent_sid:
        note_child(session._children, read_status(data))
    session._changed()
    if handler := session.application.handlers.get("call_status"):
        session._events.put(message, (handler,))
    if named := session.application.named.get(message.type):
        session._events.put(message, (named,))


def is_own(session: "LiveCall[Any, Any]", call_sid: str, parent_sid: str) -> bool:
    """Whether a status tells of the call itself, and not of a leg that it dialed."""
    if call_sid:
        return call_sid == session.call_sid
    return not parent_sid or parent_sid != session.call_sid
