"""Steering what runs: the four updates, a vendor's own events, and what a late tool has to tell."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson

from app.agent import AGENT, ToolOutput
from app.agent.tools import Offered, present
from app.lines import QUICK
from app.protocol import (
    AgentUpdate,
    BadUpdate,
    FrameTooLarge,
    LocalError,
    UpdateInstructions,
    UpdateTools,
    Wire,
    check_update,
    function_response,
)
from app.session.actor import ACTOR
from app.session.errors import NoAgent
from app.session.receipt import Receipt
from app.tool import Tool, ToolSource, encode_result

if TYPE_CHECKING:
    from app.session.live import LiveCall

AFTER_SPLIT = (
    "the first prompt of this call was too large for one frame and cannot be taken back; the model "
    "has been told to disregard it. A shorter first prompt avoids this"
)
DISREGARD = (
    "Disregard all earlier instructions, also those given as system messages at the start of the "
    "call. Only the following instructions count.\n\n"
)
LLM_UPDATE = "llm:update"
# What the command and the names of its functions may need beside the outputs of a batch.
BATCH_ROOM = 2048
LEAST = 128


def send_update(
    session: "LiveCall[Any, Any]",
    update: AgentUpdate,
    functions: Mapping[str, Tool[..., Any]] | None = None,
) -> Receipt:
    """Send one of the four updates, in the words of what runs.

    Raises:
        NoAgent: Nothing runs that could take it.
        BadUpdate: What runs cannot do it.
        FrameTooLarge: It does not fit into one frame.
    """
    session._require_open()
    if session.agent is None:
        raise NoAgent(session.call_sid)
    is_after_split = isinstance(update, UpdateInstructions) and session._is_prompt_split
    if isinstance(update, UpdateInstructions) and is_after_split:
        update = UpdateInstructions(DISREGARD + update.instructions)
    dialect = session.agent.dialect
    frames = [send(session, dialect.command, data) for data in dialect.updates(update)]
    warnings = session._agents.note(update, functions)
    if is_after_split:
        session.log.warning("instructions_after_split", advice=AFTER_SPLIT)
        warnings = (*warnings, AFTER_SPLIT)
    return report(session, update.type, frames, warnings, update.to_wire())


def send_tools(session: "LiveCall[Any, Any]", offered: Sequence[Offered]) -> Receipt:
    """Offer tools to what runs; some of them may come and go.

    Raises:
        NoAgent, BadUpdate, FrameTooLarge: As for any update.
    """
    reserved = session.agent.reserved if session.agent else frozenset()
    tools = present(offered, reserved)
    functions = {tool.name: tool for tool in tools if isinstance(tool, Tool)}
    wire = [tool.definition if isinstance(tool, Tool) else tool for tool in tools]
    receipt = send_update(session, check_update(UpdateTools(wire)), functions)
    if any(isinstance(item, ToolSource) for item in offered):
        session._agents.offer(tuple(offered))
    return receipt


def follow_source(session: "LiveCall[Any, Any]", source: ToolSource) -> None:
    """Offer anew what runs in a call, if a source of its tools has others now."""
    if session.is_open and (offered := session._agents.news(source)):
        try:
            send_tools(session, offered)
        except LocalError as error:
            session.log.warning("tools_not_updated", reason=str(error))


def send_event(session: "LiveCall[Any, Any]", event: Mapping[str, Any]) -> Receipt:
    """Send a vendor's own client event to the speech-to-speech model that runs.

    Raises:
        NoAgent: None runs.
        BadUpdate: jambonz would drop it, or an agent runs.
    """
    session._require_open()
    if session.agent is None:
        raise NoAgent(session.call_sid)
    if not isinstance(event, Mapping):
        raise BadUpdate("llm_update", f"expected an object; got {type(event).__name__}")
    data = dict(event)
    warnings = session.agent.dialect.check_event(data)
    frames = [send(session, LLM_UPDATE, data)]
    return report(session, LLM_UPDATE, frames, warnings, {"event": data})


def doubts(session: "LiveCall[Any, Any]", event: object) -> tuple[str, ...]:
    """Why an event that was sent unchecked may go nowhere."""
    if session.agent is None:
        return ()  # a verb that was passed on unread may run
    try:
        return session.agent.dialect.check_event(event if isinstance(event, dict) else {})
    except BadUpdate as error:
        return (error.message,)


def send(session: "LiveCall[Any, Any]", command: str, data: Wire) -> bytes:
    """One frame, which is owed if the socket is lost."""
    return session._emit(partial(session._connection.update, command, data))


def report(
    session: "LiveCall[Any, Any]",
    kind: str,
    frames: list[bytes],
    warnings: tuple[str, ...],
    told: Wire,
) -> Receipt:
    """The receipt, the line in the log and the word to watchers."""
    connection = session._connection
    is_queued = connection.is_queueing or connection.is_holding
    receipt = Receipt(kind, tuple(frames), is_queued, warnings)
    QUICK.info("agent_updated", session, {"type": kind, "update_id": receipt.update_id})
    session._publish("update", {**told, "update_id": receipt.update_id, "by": ACTOR.get()})
    session._flush()
    session._changed()
    return receipt


def can_tell(session: "LiveCall[Any, Any]") -> bool:
    """Whether a result that comes late would reach the model."""
    return session.agent is None or bool(session.agent.dialect.telling("."))


def tell(session: "LiveCall[Any, Any]", text: str) -> None:
    """Give the model a text and let it speak of it, as far as it can be made to.

    Raises:
        NoAgent: Nothing runs.
        BadUpdate: Nothing reaches this model once it runs.
    """
    if session.agent is None:
        raise NoAgent(session.call_sid)
    updates = session.agent.dialect.telling(text)
    if not updates:
        raise BadUpdate("type", f"nothing can be told to {session.agent.agent.llm_label} any more")
    for update in updates:
        send_update(session, update)


def send_output(session: "LiveCall[Any, Any]", one: ToolOutput) -> None:
    """Answer a tool call in the shape of what runs; of a batch, with the last answer."""
    connection, agent = session._connection, session.agent
    batch = connection.batch_of(one.call_id)
    if batch is None:
        data: Wire | orjson.Fragment = (agent.dialect if agent else AGENT).output(one)
    else:
        share = (session._runtime.limits.max_frame - BATCH_ROOM) // len(batch)
        limit = max(LEAST, min(share, session._runtime.limits.result_limit))
        result = orjson.loads(encode_result(one.result, limit=limit))
        data = function_response(one.call_id, one.name, result, is_error=one.is_error)
    try:
        connection.tool_output(one.call_id, data)
    except FrameTooLarge:
        session._runtime.counters.frame_refused()
        raise
    session._flush()
