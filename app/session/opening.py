"""Answering with verbs: run the author's handler, render what it returns, send it in time."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from app.agent import Rendered, render, split_prompt
from app.application import require_answers
from app.protocol import (
    FrameTooLarge,
    GenerateReply,
    InjectContext,
    Kind,
    LocalError,
    Message,
    Wire,
    encode_ack,
)
from app.session.user_code import UserCode, run

if TYPE_CHECKING:
    from app.session.live import LiveCall

# A new call is lost without a verb, and its handler may still be busy: keep it on the line.
KEEP_WAITING: list[Wire] = [{"verb": "pause", "length": 1}]
HANG_UP: list[Wire] = [{"verb": "hangup"}]
# jambonz drops what one frame cannot hold; a part of a prompt leaves room for its envelope.
PART_OVERHEAD = 1024


async def answer(
    session: "LiveCall[Any, Any]", message: Message, code: UserCode, event: object
) -> None:
    """Answer an ackable message with what ``code`` returns."""
    is_opening = message.kind is Kind.SESSION_NEW or (
        message.kind is Kind.SESSION_RECONNECT and message.msgid == session._first_msgid
    )
    try:
        session._prepare()
        result = await run(code, session, event, session._runtime.threads)
        rendered = render_reply(session, result)
    except Exception as error:
        session._failed("handler", code, error)
        rendered = Rendered.of(apology(session)) if is_opening else Rendered.of([])
    if is_opening and not rendered.verbs:
        session.log.error("handler_returned_nothing", handler=code_name(code), fix="hanging up")
        rendered = Rendered.of(HANG_UP)
    session._data = None
    reply(session, message.msgid, rendered)


def apology(session: "LiveCall[Any, Any]") -> list[Wire]:
    """What a caller hears whose call could not be answered."""
    return [{"verb": "say", "text": session.application.apology}, {"verb": "hangup"}]


def render_reply(session: "LiveCall[Any, Any]", result: object) -> Rendered:
    """Turn what a handler returned into wire verbs.

    Raises:
        UnansweredHook: A verb names a hook that nothing answers.
        VerbError: A verb is wrong; the text names the path and the fix.
    """
    rendered = render(result, values=template_values(session))
    require_answers(session.application, rendered)
    for rendered_agent in rendered.agents:
        for warning in rendered_agent.agent.warnings:
            session.log.warning("agent_setting_ignored", warning=warning)
    return rendered


def reply(session: "LiveCall[Any, Any]", msgid: str, rendered: Rendered) -> None:
    """Send verbs as the ack of ``msgid``; if that has been let go, as a redirect."""
    connection = session._connection
    if connection.is_waiting(msgid):
        session._apply(rendered)
        send_ack(session, msgid, rendered)
    elif rendered.verbs and connection.is_live:
        session.log.warning("answered_late", msgid=msgid, verbs=len(rendered.verbs))
        session._apply(rendered)
        send_redirect(session, rendered.verbs)
    session._flush()


def send_ack(session: "LiveCall[Any, Any]", msgid: str, rendered: Rendered) -> None:
    """The ack; a prompt that does not fit goes out in parts behind it."""
    connection = session._connection
    try:
        connection.ack(msgid, rendered.verbs or None)
        session._acked(msgid, rendered.verbs, is_late=False)
    except FrameTooLarge as error:
        session._runtime.counters.frame_refused()
        split = split_prompt(
            rendered.verbs, fits=lambda verbs: connection.fits(encode_ack(msgid, verbs))
        )
        if split is None:
            session._failed("ack", None, error)
            verbs = apology(session) if msgid == session._first_msgid else []
            connection.ack(msgid, verbs or None)
            session._acked(msgid, verbs, is_late=False)
            return
        connection.ack(msgid, split.verbs)
        session._acked(msgid, split.verbs, is_late=False)
        session.log.warning(
            "prompt_split", bytes=error.size, limit=error.limit, parts=len(split.context) + 1
        )
        send_rest_of_prompt(session, split.context, wanted_greeting=split.wanted_greeting)


def send_rest_of_prompt(
    session: "LiveCall[Any, Any]", parts: list[str], *, wanted_greeting: bool
) -> None:
    """The parts that the first frame could not hold, then the greeting that waited for them."""
    session._is_prompt_split = True
    for part in parts:
        session._send_update(InjectContext([{"role": "system", "content": part}]))
    if wanted_greeting:
        session._send_update(GenerateReply())


def let_go(session: "LiveCall[Any, Any]", msgid: str) -> None:
    """The handler takes too long: ack with what is safe; its verbs will go out as a redirect."""
    verbs = KEEP_WAITING if msgid == session._first_msgid else []
    session._connection.ack(msgid, verbs or None)
    session._acked(msgid, verbs, is_late=True)
    session.log.warning(
        "ack_let_go", msgid=msgid, fix="return sooner; late verbs are redirected to"
    )


def send_redirect(session: "LiveCall[Any, Any]", verbs: list[Wire]) -> None:
    """Verbs that come too late for their ack."""
    try:
        session._connection.command("redirect", verbs)
    except LocalError as error:
        session._failed("redirect", None, error)


def template_values(session: "LiveCall[Any, Any]") -> Mapping[str, object]:
    """What ``{{…}}`` in prompts can name."""
    data = session.data
    return {
        "call_sid": session.call_sid,
        "account_sid": session.account_sid,
        "application_sid": session.application_sid,
        "direction": session.direction,
        "from": session.from_,
        "to": session.to,
        "caller_name": session.caller_name,
        "trace_id": session.trace_id,
        "customerData": session.customer_data,
        "env_vars": {**data.get("env_vars", {}), **session.env.model_dump()},
        "sip": data.get("sip", {}),
        "path": session.path_params,
    }


def code_name(code: object) -> str:
    """Name of a handler, hook or tool, for logs."""
    return str(getattr(code, "name", code))
