"""Tool calls of one call: each runs in a task of its own and is answered exactly once.

The model waits for the output and the caller waits for the model, so a tool has a deadline. At it
the model is told that the result is still to come; then the function either runs on and its result
is delivered as context (``late="deliver"``), or it is cancelled (``late="cancel"``).
"""

import asyncio
import time
import uuid
import weakref
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from app.agent import ToolOutput
from app.application import Handler
from app.protocol import FrameTooLarge, LocalError, Message, read_calls
from app.session import remarks
from app.session.eager import Rest
from app.session.updates import can_tell, send_output, tell
from app.session.user_code import begin, run, run_rest
from app.tool import Tool, ToolArgumentError, ToolError, UnencodableResult, encode_result, phrases

if TYPE_CHECKING:
    from app.session.live import LiveCall

Output = tuple[bytes, bool]
"""JSON of a tool's output, and whether it is an error."""
FILLER_TRACK = "filler"
MAX_NAME = 200
FAILED = orjson.dumps({"error": phrases.FAILED})
# Outcomes that are no failure in the model's eyes.
FINE = frozenset({"ok", "late"})


@dataclass(slots=True, eq=False)
class ToolRun:
    """One tool call in flight."""

    call_id: str
    name: str
    arguments: object
    tool: Tool[..., Any] | None
    deadline: float
    limit: float
    filler_at: float | None
    started: float
    task: asyncio.Task[None] | None = None
    has_filler: bool = False
    is_late: bool = False
    is_cancelled: bool = False


class ToolCalls:
    """The tool calls of a session; made when the first one comes."""

    __slots__ = ("_asked", "_has_filler_track", "_once", "_owner", "_runs")

    def __init__(self, session: "LiveCall[Any, Any]") -> None:
        self._owner = weakref.ref(session)  # which holds this: no cycle for the collector
        self._runs: set[ToolRun] = set()
        self._once: dict[str, bytes] = {}
        self._asked: dict[str, asyncio.Future[Output]] = {}
        self._has_filler_track = False

    @property
    def _session(self) -> "LiveCall[Any, Any]":
        session = self._owner()
        assert session is not None, "whatever runs for a call keeps it"
        return session

    @property
    def is_idle(self) -> bool:
        """Whether no tool runs."""
        return not self._runs

    def start(self, message: Message) -> None:
        """Begin the tool calls of a message; whatever happens, each will get one output."""
        session = self._session
        for data in read_calls(message.data, message.msgid):
            self._start(session, message, data)

    def _start(self, session: "LiveCall[Any, Any]", message: Message, data: dict[str, Any]) -> None:
        call_id, name = data.get("tool_call_id"), data.get("name")
        name = name[:MAX_NAME] if isinstance(name, str) else ""
        if not isinstance(call_id, str) or not session._connection.is_tool_call_open(call_id):
            session.log.warning("tool_call_malformed", type=message.type, tool=name)
            return
        if len(self._runs) >= session._runtime.limits.max_tools:
            session.log.warning("tool_calls_over_limit", tool=name, running=len(self._runs))
            self._answer(call_id, name, said(phrases.TOO_MANY), "refused", 0.0)
            return
        tool = session._agents.find_tool(name)
        if tool is None:
            self._start_other(session, message, call_id, name, data)
        elif tool.is_async and not tool.once and session._runtime.tracer is None:
            self._serve_now(session, call_id, arguments_of(data), tool)
        else:
            tool_run = self._make_run(call_id, name, arguments_of(data), tool)
            self._begin(tool_run, self._serve(tool_run, self._call(tool_run)))

    def _start_other(
        self,
        session: "LiveCall[Any, Any]",
        message: Message,
        call_id: str,
        name: str,
        data: dict[str, Any],
    ) -> None:
        """A tool call that no ``@tool`` answers: a handler by name may."""
        handler = session._named_for(message)
        if handler is None:
            remarks.unanswered_tool(session, name, message.hook)
            text = phrases.unknown_tool(name, session._agents.tools)
            self._answer(call_id, name, said(text), "unknown", 0.0)
            return
        tool_run = self._make_run(call_id, name, arguments_of(data), None)
        self._begin(tool_run, self._hand_over(tool_run, handler, data))

    async def ask(self, tool: Tool[..., Any], arguments: object) -> Output:
        """Run a tool for somebody who waits here, and not for an output over the socket."""
        session, call_id = self._session, uuid.uuid4().hex
        told = {"tool_call_id": call_id, "name": tool.name, "arguments": arguments, "by": "mcp"}
        session._publish("tool_call", told)
        if len(self._runs) >= session._runtime.limits.max_tools:
            session.log.warning("tool_calls_over_limit", tool=tool.name, running=len(self._runs))
            return said(phrases.TOO_MANY), True
        waiting: asyncio.Future[Output] = session._loop.create_future()
        self._asked[call_id] = waiting
        try:
            tool_run = self._make_run(call_id, tool.name, arguments, tool)
            self._begin(tool_run, self._serve(tool_run, self._call(tool_run)))
            return await waiting
        finally:
            self._asked.pop(call_id, None)

    def _is_open(self, call_id: str) -> bool:
        """Whether somebody still waits for the output."""
        return call_id in self._asked or self._session._connection.is_tool_call_open(call_id)

    def _make_run(
        self, call_id: str, name: str, arguments: object, tool: Tool[..., Any] | None
    ) -> ToolRun:
        now = time.monotonic()
        timeout = tool.timeout if tool else self._session._runtime.limits.tool_hook_timeout
        limit = tool.late_limit if tool and tool.late == "deliver" else timeout
        filler = now + tool.filler_after if tool and tool.filler else None
        return ToolRun(call_id, name, arguments, tool, now + timeout, now + limit, filler, now)

    def _begin(self, tool_run: ToolRun, work: Coroutine[Any, Any, None]) -> None:
        self._runs.add(tool_run)
        tool_run.task = self._session._start_now(work)
        if self._runs:
            self._session._runtime.waiting.add(self._session)  # its deadline must be kept

    def _serve_now(
        self, session: "LiveCall[Any, Any]", call_id: str, arguments: object, tool: Tool[..., Any]
    ) -> None:
        """Run an async tool; most have their result at once, and then it is delivered here."""
        runtime, started = session._runtime, time.monotonic()
        outcome, rest = "ok", None
        try:
            given = tool.validate(arguments)
            context = session._context.copy()
            value, rest = begin(tool, session, given, runtime.starter, context)
            result = b"" if rest else encode_result(value, limit=runtime.limits.result_limit)
        except Exception as error:
            outcome, result = self._judge(tool, error)
        if rest is None:
            self._answer(call_id, tool.name, result, outcome, time.monotonic() - started)
            return
        tool_run = self._make_run(call_id, tool.name, arguments, tool)
        self._runs.add(tool_run)
        tool_run.task = session._go_on(rest, self._serve_rest(tool_run, rest))

    async def _serve_rest(self, tool_run: ToolRun, rest: Rest) -> None:
        """Go on with a tool that has to wait."""
        await self._serve(tool_run, self._encode(rest))

    async def _encode(self, rest: Rest) -> bytes:
        value = await run_rest(rest)
        return encode_result(value, limit=self._session._runtime.limits.result_limit)

    async def _serve(self, tool_run: ToolRun, work: Coroutine[Any, Any, bytes]) -> None:
        """Wait for a tool's result and deliver it."""
        outcome = "ok"
        try:
            result = await work
        except asyncio.CancelledError:
            if not tool_run.is_cancelled:
                raise
            return
        except Exception as error:
            outcome, result = self._judge(tool_run.tool, error)
        finally:
            self._runs.discard(tool_run)
        if tool_run.is_cancelled:
            # It went on although it was cancelled: the model has been told that it was stopped.
            self._unused(tool_run.name, "the tool was cancelled; let CancelledError through")
            return
        self._deliver(tool_run, result, outcome)

    def _judge(self, tool: Tool[..., Any] | None, error: Exception) -> tuple[str, bytes]:
        """The outcome that an error means, and what the model is told."""
        if isinstance(error, ToolArgumentError):
            return "bad_arguments", self._error_for_model(tool, error)
        if isinstance(error, ToolError):
            return "tool_error", self._error_for_model(tool, error)
        self._session._failed("tool", tool, error)
        return "failed", FAILED

    async def _call(self, tool_run: ToolRun) -> bytes:
        session, tool = self._session, tool_run.tool
        assert tool is not None
        self._trace(tool_run)
        arguments = tool.validate(tool_run.arguments)
        if tool.once:
            return await self._call_once(tool, arguments)
        value = await run(tool, session, arguments, session._runtime.threads)
        return encode_result(value, limit=session._runtime.limits.result_limit)

    async def _call_once(self, tool: Tool[..., Any], arguments: dict[str, Any]) -> bytes:
        key = tool.once_key(arguments)
        if (earlier := self._once.get(key)) is not None:
            return earlier
        self._once[key] = said(phrases.OUTCOME_UNKNOWN)
        session = self._session
        value = await run(tool, session, arguments, session._runtime.threads)
        result = encode_result(value, limit=session._runtime.limits.result_limit)
        again = {"note": phrases.ALREADY_DONE, "result": orjson.Fragment(result)}
        self._once[key] = orjson.dumps(again)
        return result

    async def _hand_over(self, tool_run: ToolRun, handler: Handler, data: dict[str, Any]) -> None:
        """Let a handler by name answer: by ``send_tool_output`` or by what it returns."""
        session = self._session
        self._trace(tool_run)
        # The output may come from elsewhere, later: the run stays until it is answered.
        given = {**data, "arguments": tool_run.arguments}
        try:
            value = await run(handler, session, given, session._runtime.threads)
        except asyncio.CancelledError:
            self._runs.discard(tool_run)
            raise
        except Exception as error:
            session._failed("tool", handler, error)
            self._settle(tool_run, {"error": phrases.FAILED}, "failed")
            return
        if value is not None:
            self._settle(tool_run, value, "ok")

    def _trace(self, tool_run: ToolRun) -> None:
        session = self._session
        if (tracer := session._runtime.tracer) is not None:
            tracer.tool_started(session, tool_run.call_id, tool_run.name, tool_run.arguments)

    def _error_for_model(self, tool: Tool[..., Any] | None, error: ToolError) -> bytes:
        """The text for the model; what only the author can mend goes to the log."""
        if isinstance(error, UnencodableResult):
            name = tool.name if tool else ""
            self._session.log.error("tool_result_unusable", tool=name, reason=error.reason)
        limit = self._session._runtime.limits.result_limit
        return encode_result({"error": str(error)}, limit=limit)

    def answer(self, call_id: str, result: object) -> None:
        """Answer a tool call by hand.

        Raises:
            AlreadyAnswered, UnknownMessage: See :meth:`Connection.tool_output`.
        """
        found = next((one for one in self._runs if one.call_id == call_id), None)
        name, started = (found.name, found.started) if found else ("", time.monotonic())
        encoded = encode_result(result, limit=self._session._runtime.limits.result_limit)
        send_output(self._session, ToolOutput(call_id, name, encoded))
        self._session._tool_called(call_id, name, encoded, "ok", time.monotonic() - started)
        if found is not None and found.tool is None:
            self._runs.discard(found)

    def sweep(self, now: float) -> None:
        """Fillers, deadlines and the bounds of those that run on."""
        for tool_run in list(self._runs):
            if tool_run.filler_at is not None and now >= tool_run.filler_at:
                self._fill(tool_run)
            if tool_run.is_late:
                if now >= tool_run.limit:
                    self._give_up(tool_run)
            elif now >= tool_run.deadline:
                self._overrun(tool_run)

    def _overrun(self, tool_run: ToolRun) -> None:
        """The deadline: answer the model, and let the function run on or cancel it."""
        tool = tool_run.tool
        if not self._is_open(tool_run.call_id):
            self._runs.discard(tool_run)  # answered by hand
            return
        seconds = time.monotonic() - tool_run.started
        self._session.log.warning("tool_call_late", tool=tool_run.name, seconds=round(seconds, 2))
        if tool is not None and tool.late == "deliver" and can_tell(self._session):
            tool_run.is_late = True
            said_still = said(phrases.STILL_RUNNING)
            self._answer(tool_run.call_id, tool_run.name, said_still, "late", seconds)
            self._silence_filler(tool_run)
            return
        self._runs.discard(tool_run)
        self._cancel(tool_run)
        text = phrases.CANCELLED if tool is not None else phrases.UNANSWERED
        self._answer(tool_run.call_id, tool_run.name, said(text), "cancelled", seconds)
        self._silence_filler(tool_run)

    def _give_up(self, tool_run: ToolRun) -> None:
        """A function that ran on reached its bound: stop it and tell the model."""
        self._runs.discard(tool_run)
        self._cancel(tool_run)
        self._session.log.error("tool_call_given_up", tool=tool_run.name)
        self._tell_later(phrases.LATE_FAILURE.format(name=tool_run.name, reason=phrases.GAVE_UP))

    def _cancel(self, tool_run: ToolRun) -> None:
        tool_run.is_cancelled = True
        if tool_run.task is not None:
            tool_run.task.cancel()

    def _settle(self, tool_run: ToolRun, value: object, outcome: str) -> None:
        """Answer what a handler by name returned, unless it has answered by hand."""
        self._runs.discard(tool_run)
        if self._session._connection.is_tool_call_open(tool_run.call_id):
            try:
                result = encode_result(value, limit=self._session._runtime.limits.result_limit)
            except ToolError as error:
                outcome, result = "tool_error", self._error_for_model(None, error)
            self._deliver(tool_run, result, outcome)

    def _deliver(self, tool_run: ToolRun, result: bytes, outcome: str) -> None:
        """Send a result: as the output while the model waits, else as context."""
        seconds = time.monotonic() - tool_run.started
        if tool_run.is_late:
            self._session._tool_called(
                tool_run.call_id, tool_run.name, result, f"late_{outcome}", seconds
            )
            text = phrases.LATE_RESULT.format(name=tool_run.name, result=result.decode())
            self._tell_later(text)
        else:
            self._answer(tool_run.call_id, tool_run.name, result, outcome, seconds)
            self._silence_filler(tool_run)

    def _answer(self, call_id: str, name: str, output: bytes, outcome: str, seconds: float) -> None:
        session = self._session
        if self._asked and (waiting := self._asked.pop(call_id, None)) is not None:
            session._tool_called(call_id, name, output, outcome, seconds)
            settle(waiting, output, is_error=outcome not in FINE)
            return
        if session._answer_now(call_id, output):
            session._tool_called(call_id, name, output, outcome, seconds)
            return
        if not session.is_open or not session._connection.is_tool_call_open(call_id):
            self._unused(
                name, "the tool call has been answered" if session.is_open else "call over"
            )
            return
        try:
            send_output(session, ToolOutput(call_id, name, output, outcome not in FINE))
        except LocalError as error:
            session._failed("tool_output", None, error)
            if isinstance(error, FrameTooLarge):
                outcome, output = "failed", FAILED
                send_output(session, ToolOutput(call_id, name, output, is_error=True))
        session._tool_called(call_id, name, output, outcome, seconds)

    def _unused(self, name: str, reason: str) -> None:
        """Say in the log that a result went nowhere."""
        self._session.log.warning("tool_result_unused", tool=name, reason=reason)

    def report_cut(self) -> None:
        """The call ends: say in the log which functions are stopped by that."""
        for tool_run in self._runs:
            self._unused(tool_run.name, "the call ended while it ran")
        for waiting in self._asked.values():
            settle(waiting, said(phrases.CALL_OVER), is_error=True)
        self._asked.clear()

    def _tell_later(self, text: str) -> None:
        """Deliver a late result: as context, and let the agent speak of it."""
        try:
            tell(self._session, text)
        except LocalError as error:
            # The agent ended or the call is over: say in the log that nobody heard it.
            self._session.log.warning("late_result_undelivered", reason=str(error))

    def _fill(self, tool_run: ToolRun) -> None:
        """Speak the filler phrase on a track of its own: it does not touch the agent's turn."""
        tool_run.filler_at = None
        phrase = tool_run.tool.filler if tool_run.tool else None
        if phrase is None or not self._session.is_open:
            return
        try:
            if not self._has_filler_track:
                self._has_filler_track = True
                self._session._dub({"action": "addTrack", "track": FILLER_TRACK})
            self._session._dub({"action": "sayOnTrack", "track": FILLER_TRACK, "say": phrase})
            tool_run.has_filler = True
        except LocalError as error:
            self._session._failed("filler", tool_run.tool, error)

    def _silence_filler(self, tool_run: ToolRun) -> None:
        """The model has its answer: the phrase must not run into what it says."""
        tool_run.filler_at = None
        if tool_run.has_filler and self._session.is_open:
            tool_run.has_filler = False
            try:
                self._session._dub({"action": "silenceTrack", "track": FILLER_TRACK})
            except LocalError as error:
                self._session._failed("filler", tool_run.tool, error)


def arguments_of(data: dict[str, Any]) -> object:
    """The arguments, under either name; none are an empty object."""
    arguments = data.get("arguments", data.get("args"))
    return {} if arguments is None else arguments


def settle(waiting: asyncio.Future[Output], output: bytes, *, is_error: bool) -> None:
    """Hand an output to who waits for it, unless they have given up."""
    if not waiting.done():
        waiting.set_result((output, is_error))


def said(text: str) -> bytes:
    """A text as a tool output."""
    return orjson.dumps({"result": text})
