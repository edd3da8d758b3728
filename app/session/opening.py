"""Answering with verbs: run the author's handler, render what it returns, send it in time."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from app.agent import Rendered, Split, render, split_prompt
from app.application import require_answers
from app.organisation import call_key
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
from app.session.asked import LATE, PLAIN, Asked
from app.session.updates import send_update
from app.session.user_code import UserCode, run

if TYPE_CHECKING:
    from app.session.live import LiveCall

# A new call is lost without a verb, and its handler may still be busy: keep it on the line.
KEEP_WAITING: list[Wire] = [{"verb": "pause", "length": 1}]
HANG_UP: list[Wire] = [{"verb": "hangup"}]
# What the envelope of a split ack may need: a msgid, or the rest of a redirect command.
MSGID_ROOM = 128
# jambonz drops updates until the agent runs. The first sign of that releases the rest of a prompt;
# with a greeting of false there may be none, so it is released after so many seconds anyway. With
# other verbs before the agent, nobody knows when it begins: only the agent's own messages tell.
RELEASE_AFTER = 1.0
RELEASE_BEHIND_OTHERS_AFTER = 30.0
SIGNS = frozenset({Kind.AGENT_EVENT, Kind.LLM_EVENT, Kind.TOOL_CALL})


@dataclass(slots=True)
class Release:
    """Updates are held back until the agent runs.

    Attributes:
        is_first: Whether the agent is the first of its verbs.
        at: When to release them at the latest, in monotonic seconds.
    """

    is_first: bool
    at: float

    def hear(self, session: "LiveCall[Any, Any]", message: Message) -> None:
        """A message may be the sign that the agent runs."""
        kind = message.kind
        if kind is Kind.VERB_STATUS:
            is_sign = "agent" in (message.data.get("name"), message.data.get("verb"))
        elif kind is Kind.VERB_HOOK:
            is_sign = self.is_first
        elif kind is Kind.CALL_STATUS:
            is_sign = self.is_first and session.call_status == "in-progress"
        else:
            is_sign = kind in SIGNS
        if is_sign:
            self._release(session)

    def sweep(self, session: "LiveCall[Any, Any]", now: float) -> None:
        """Release them when it is time, unless jambonz is away."""
        if now >= self.at and not session._connection.is_queueing:
            self._release(session)

    def put_off(self) -> None:
        """The agent may begin only now."""
        self.at = time.monotonic() + RELEASE_AFTER

    def _release(self, session: "LiveCall[Any, Any]") -> None:
        session._release = None
        session._changed()
        if session.agent is None:
            session._connection.drop_updates()
        else:
            session._connection.release_updates()


async def answer(
    session: "LiveCall[Any, Any]",
    message: Message,
    code: UserCode,
    event: object,
    asked: Asked = PLAIN,
) -> None:
    """Answer an ackable message with what ``code`` returns."""
    is_opening = message.kind is Kind.SESSION_NEW or (
        message.kind is Kind.SESSION_RECONNECT and message.msgid == session._first_msgid
    )
    answered = await run_and_render(session, code, event)
    rendered = answered or Rendered.of([])
    # A redirect without an answer would leave the caller in silence.
    if answered is None and (is_opening or message.kind is Kind.SESSION_REDIRECT):
        rendered = Rendered.of(apology(session))
    if is_opening and not rendered.verbs:
        session.log.error("handler_returned_nothing", handler=code_name(code), fix="hanging up")
        rendered = Rendered.of(HANG_UP)
    session._data = None
    seconds = time.monotonic() - message.received
    session._runtime.counters.timings.answered(message.type, seconds)
    reply(session, message.msgid, asked.fit(session, rendered, failed=answered is None), asked)
    session._owes_opening = session._owes_opening and not is_opening
    session._changed(soon=is_opening)
    if asked.leg is not None and asked.is_handed_over:
        leg = call_key(session.organisation_id, asked.leg)
        session._handed_over |= {leg}
        session._runtime.hand_over(leg, rendered)


async def drive(session: "LiveCall[Any, Any]", code: UserCode, event: object) -> None:
    """Let a call do what ``code`` returns, where verbs in the ack would be ignored."""
    rendered = await run_and_render(session, code, event)
    session._data = None
    if rendered is not None and rendered.verbs and session.is_open:
        session._agents.replace()
        send = session._connection.command
        send_verbs(session, rendered, lambda verbs: send("redirect", verbs))
        session._flush()


async def run_and_render(
    session: "LiveCall[Any, Any]", code: UserCode, event: object
) -> Rendered | None:
    """What an author's code answers; None where it fails, which is logged."""
    try:
        _ = session.env  # what is missing there is an apology, not an error in the handler
        result = await run(code, session, event, session._runtime.threads)
        return render_reply(session, result)
    except Exception as error:
        session._failed("handler", code, error)
        return None


def apology(session: "LiveCall[Any, Any]") -> list[Wire]:
    """What a caller hears whose call could not be answered."""
    return [{"verb": "say", "text": session.application.apology}, {"verb": "hangup"}]


def render_reply(session: "LiveCall[Any, Any]", result: object) -> Rendered:
    """Turn what a handler returned into wire verbs.

    Raises:
        UnansweredHook: A verb names a hook that nothing answers.
        VerbError: A verb is wrong; the text names the path and the fix.
    """
    return checked(session, render(result, values=CallValues(session)))


def checked(session: "LiveCall[Any, Any]", rendered: Rendered) -> Rendered:
    """The same, once all that it refers to is answered.

    Raises:
        UnansweredHook: A verb names a hook that nothing answers.
    """
    require_answers(session.application, rendered)
    for rendered_agent in rendered.agents:
        for warning in rendered_agent.agent.warnings:
            session.log.warning("agent_setting_ignored", warning=warning)
    return rendered


def reply(
    session: "LiveCall[Any, Any]", msgid: str, rendered: Rendered, asked: Asked = PLAIN
) -> None:
    """Send verbs as the ack of ``msgid``; if that has been let go, as a redirect."""
    connection = session._connection
    session._asked.pop(msgid, None)
    if connection.is_waiting(msgid):
        if not send_verbs(session, rendered, lambda verbs: connection.ack(msgid, verbs)):
            is_first = msgid == session._first_msgid
            rendered = Rendered.of(apology(session) if is_first else [*asked.role.default])
            connection.ack(msgid, rendered.verbs or None)
        session._acked(msgid, rendered.verbs, is_late=False)
    elif rendered.verbs and session.is_open:
        session.log.warning(
            "answered_late", msgid=msgid, verbs=len(rendered.verbs), sent=asked.can_be_late
        )
        if asked.can_be_late:
            send_late(session, rendered, asked)
    session._flush()


def send_late(session: "LiveCall[Any, Any]", rendered: Rendered, asked: Asked) -> None:
    """Send verbs whose ack is gone as a redirect of the leg that they are for."""
    if asked.leg is None:
        session._agents.replace()
    send = session._connection.command
    send_verbs(session, rendered, lambda verbs: send("redirect", verbs, call_sid=asked.leg))


def send_verbs(
    session: "LiveCall[Any, Any]",
    rendered: Rendered,
    send: Callable[[list[Wire] | None], object],
) -> bool:
    """Send verbs; a prompt that does not fit goes out in parts. False if they cannot be sent."""
    try:
        split = send_or_split(session, rendered.verbs, send)
    except LocalError as error:
        session._failed("verbs", None, error)
        return False
    session._apply(rendered, is_replacing=not rendered.is_beside)
    if split is not None and session.is_open:
        send_rest_of_prompt(session, split)
    return True


def send_or_split(
    session: "LiveCall[Any, Any]", verbs: list[Wire], send: Callable[[list[Wire] | None], object]
) -> Split | None:
    """Send verbs, or if they are too large the first part; then what is left comes back.

    Raises:
        FrameTooLarge: Splitting does not help.
        LocalError: JSON cannot hold them.
    """
    try:
        send(verbs or None)
    except FrameTooLarge as error:
        session._runtime.counters.frame_refused()
        fits = session._connection.fits
        split = split_prompt(verbs, fits=lambda parts: fits(encode_ack(" " * MSGID_ROOM, parts)))
        if split is None:
            raise
        send(split.verbs)
        parts = len(split.context) + 1
        session.log.warning("prompt_split", bytes=error.size, limit=error.limit, parts=parts)
        return split
    return None


def send_rest_of_prompt(session: "LiveCall[Any, Any]", split: Split) -> None:
    """The parts that the first frame could not hold, then the greeting that waited for them.

    They are held, with all updates that follow, until the agent runs.
    """
    is_first = split.verbs[0].get("verb") == "agent"
    wait = RELEASE_AFTER if is_first else RELEASE_BEHIND_OTHERS_AFTER
    session._release = Release(is_first, time.monotonic() + wait)
    session._runtime.waiting.add(session)
    session._connection.hold_updates()
    for part in split.context:
        send_update(session, InjectContext([{"role": "system", "content": part}]))
    if split.wanted_greeting:
        send_update(session, GenerateReply())
    session._is_prompt_split = True


def let_go(session: "LiveCall[Any, Any]", msgid: str) -> None:
    """The handler takes too long: ack with what is safe; its verbs may go out as a redirect."""
    asked = session._asked.pop(msgid, PLAIN)
    is_first = msgid == session._first_msgid
    session._owes_opening |= is_first
    verbs = KEEP_WAITING if is_first else [*asked.role.default]
    session._connection.ack(msgid, verbs or None)
    session._acked(msgid, verbs, is_late=True)
    session._changed(soon=is_first)
    session.log.warning("ack_let_go", msgid=msgid, hook=asked.hook, fix=LATE[asked.role.answer])


class CallValues(Mapping[str, object]):
    """What ``{{…}}`` in prompts can name; gathered when the first prompt with a name asks."""

    def __init__(self, session: "LiveCall[Any, Any]") -> None:
        self._session = session

    def __getitem__(self, name: str) -> object:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    @cached_property
    def _values(self) -> Mapping[str, object]:
        session = self._session
        data = session.data
        env_vars = data.get("env_vars")
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
            "env_vars": {
                **(env_vars if isinstance(env_vars, dict) else {}),
                **session.env.model_dump(),
            },
            "sip": data.get("sip", {}),
            "path": session.path_params,
            "lookup": session.lookup,
        }


def code_name(code: object) -> str:
    """Name of a handler, hook or tool, for logs."""
    return str(getattr(code, "name", code))
