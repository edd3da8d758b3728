"""What each kind of message does to a session. Nothing here awaits: user code runs in tasks."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from app.application import Handler
from app.logs import mask_personal
from app.protocol import (
    Kind,
    Message,
    llm_event_name,
    read_error,
    unknown_fields,
)
from app.protocol.fields import text
from app.session import legs, opening, refusal, remarks, resuming, turns
from app.session.advice import advice_on
from app.session.answering import acknowledge, answer_hook
from app.session.asked import asked_of
from app.session.user_code import copied

if TYPE_CHECKING:
    from app.session.live import LiveCall

MAX_TEXT = 500
PIECE = ".delta"  # the whole follows, and that is what a record needs
LOOKED_AT = 4  # turns of a call whose events are looked through for fields that are new to us


def new(session: "LiveCall[Any, Any]", message: Message) -> None:
    """session:new: begin the call and let the application answer it."""
    if session._has_begun:
        session.log.warning("session_new_repeated", msgid=message.msgid)
        acknowledge(session, message)
        return
    if (limit := refusal.one_too_many(session)) is not None:
        refusal.refuse(session, message, limit)
        return
    session._begin(message)
    handler = session.application.handlers["session_new"]
    session._start_now(opening.answer(session, message, handler, message.data))


def reconnect(session: "LiveCall[Any, Any]", message: Message) -> None:
    """session:reconnect: jambonz is back after a lost socket."""
    if session._resuming is not None:
        session.log.info("session_reconnected")  # once more; the ack that is to come answers it
    elif session._has_begun:
        session.log.info("session_reconnected")
        session._publish("session", {"type": "reconnect"})
        resuming.welcome(session, message)
        resuming.run_handler(session, message)
    elif session._runtime.keeper is not None:
        resuming.begin(session, message)
    else:
        resuming.rebuild(session, message)


def verb_hook(session: "LiveCall[Any, Any]", message: Message) -> None:
    """verb:hook and dial:confirm: a verb ended or asks for input."""
    data = message.data
    session._publish_frame("hook")
    code = session._hook_for(message) or session.application.named.get(message.type)
    asked = asked_of(session, message)
    own = copied(data)
    event = own if isinstance(code, Handler) and not code.is_typed else asked.read(own)
    is_end = "completion_reason" in data or "completionReason" in data
    if is_end and not session._agent_ended(message.hook, data):
        # A redirect has replaced it: verbs in this ack could only harm what runs by now.
        acknowledge(session, message)
        if code is not None:
            session._start_now(session._run_quietly("action", code, event))
        return
    answer_hook(session, message, code, event, asked)


def agent_event(session: "LiveCall[Any, Any]", message: Message) -> None:
    """agent:event: the hot path. An event that nobody wants costs two look-ups."""
    if message.type == "llm:event" and session._agents.is_speech:
        llm_event(session, message)
        return
    name = message.data.get("type")
    if not isinstance(name, str):
        name = ""
    session._publish_frame("event")
    if session._turns < LOOKED_AT and (unknown := unknown_fields(name, message.data)):
        remarks.unknown_fields(session, name, unknown)
    if session._runtime.tracer is not None:
        session._runtime.tracer.heard(session, message)
    if name == "turn_end":
        turns.end_turn(session, message.data)
    if session._agents.waiting:
        session._agents.tell(message.data)
    if message.wants_ack:
        acknowledge(session, message)
    hooks = session._agents.hearers(name)
    if hooks:
        session._events.put(message, hooks)
    else:
        remarks.unheard_event(session, name)


def llm_event(session: "LiveCall[Any, Any]", message: Message) -> None:
    """llm:event of a speech-to-speech model: the vendor's own, most of them wanted by nobody."""
    message.kind = Kind.LLM_EVENT
    name = llm_event_name(message.data)
    session._publish_frame("event", keep=not name.endswith(PIECE))
    if session._agents.waiting:
        session._agents.tell(message.data)
    if hooks := session._agents.hearers(name):
        session._events.put(message, hooks)


def tool_call(session: "LiveCall[Any, Any]", message: Message) -> None:
    """agent:tool-call: runs in a task of its own."""
    if message.wants_ack:
        acknowledge(session, message)
    session._publish_frame("tool_call")
    session._tool_calls.start(message)


def error(session: "LiveCall[Any, Any]", message: Message) -> None:
    """jambonz:error: something we sent, or speech, failed."""
    found = read_error(message.data)
    session.log.error(
        "jambonz_error",
        msg=mask_personal(found.msg)[:MAX_TEXT],
        details=mask_personal(found.details)[:MAX_TEXT],
        advice=advice_on(found.msg[:MAX_TEXT], found.details[:MAX_TEXT]),
        **{"pii.content": found.content[:MAX_TEXT]},
    )
    session._publish_frame("error")
    named(session, message)


def verb_status(session: "LiveCall[Any, Any]", message: Message) -> None:
    """verb:status: progress of a verb, after ``config(notify_events=True)``."""
    session._publish_frame("verb")
    named(session, message)


def tts_event(session: "LiveCall[Any, Any]", message: Message) -> None:
    """tts:streaming-event: the state of the stream that the application feeds with text."""
    session._publish_frame("tts")
    if session._tts is not None:
        session._tts.hear(message.data)
    named(session, message)
    if handler := session.application.named.get(text(message.data, "event_type")):
        session._events.put(message, (handler,))


def tts_result(session: "LiveCall[Any, Any]", message: Message) -> None:
    """tts:tokens-result: whether jambonz took a piece of text."""
    session._publish_frame("tts")
    if session._tts is not None:
        session._tts.hear_result(message.data)
    named(session, message)


def named(session: "LiveCall[Any, Any]", message: Message) -> None:
    """A message that only a handler by its type may want."""
    if handler := session.application.named.get(message.type):
        session._events.put(message, (handler,))


def unknown(session: "LiveCall[Any, Any]", message: Message) -> None:
    """A type that this release does not know: kept, logged once with advice."""
    if handler := session.application.named.get(message.type):
        session._events.put(message, (handler,))
    else:
        remarks.unknown_message(session, message.type)


RECEIVERS: dict[Kind, Callable[["LiveCall[Any, Any]", Message], None]] = {
    Kind.SESSION_NEW: new,
    Kind.SESSION_RECONNECT: reconnect,
    Kind.SESSION_REDIRECT: legs.redirect,
    Kind.SESSION_ADULTING: legs.adulting,
    Kind.VERB_HOOK: verb_hook,
    Kind.DIAL_CONFIRM: verb_hook,
    Kind.CALL_STATUS: legs.call_status,
    Kind.VERB_STATUS: verb_status,
    Kind.ERROR: error,
    Kind.AGENT_EVENT: agent_event,
    Kind.LLM_EVENT: llm_event,
    Kind.TOOL_CALL: tool_call,
    Kind.TTS_EVENT: tts_event,
    Kind.TTS_RESULT: tts_result,
    Kind.UNKNOWN: unknown,
}
