"""Tool calls of one call: each runs in a task of its own and is answered exactly once.

The model waits for the output and the caller waits for the model, so a tool has a deadline. At it
the model is told that the result is still to come; then the function either runs on and its result
is delivered as context (``late="deliver"``), or it is cancelled (``late="cancel"``).
"""

import asyncio
import time
import uuid
from collections.abc import Coroutine, Mapping
from typing import TYPE_CHECKING, Any

from app.application import Handler
from app.protocol import Message, read_calls
from app.session import remarks, tool_recovery
from app.session.eager import Rest
from app.session.tool_once import Once
from app.session.tool_outputs import ToolOutputs
from app.session.tool_run import Output, ToolRun, arguments_of, name_of, said
from app.session.updates import can_tell
from app.session.user_code import begin, run, run_rest
from app.tool import Tool, ToolError, encode_result, phrases

if TYPE_CHECKING:
    from app.session.live import LiveCall


class ToolCalls(ToolOutputs):
    """The tool calls of a session."""

    __slots__ = ("_held", "_is_leaving", "_once")

    def __init__(self, session: "LiveCall[Any, Any]") -> None:
        super().__init__(session)
        self._once = Once()
        self._held: list[tool_recovery.Held] | None = None  # not None: all that comes waits
        self._is_leaving = False

    @property
    def is_idle(self) -> bool:
        """Whether no tool runs, and none waits to."""
        return not self._runs and not self._held

    # its way into another process

    def capture(self) -> dict[str, Any] | None:
        """What a checkpoint has of it, as JSON; None where there is nothing to keep."""
        return tool_recovery.capture(self)

    def restore(self, value: Mapping[str, Any] | None) -> None:
        """Take over what a checkpoint has; :meth:`resume` begins it."""
        tool_recovery.restore(self, value)

    def resume(self) -> None:
        """Begin what a checkpoint had, once jambonz has been answered."""
        tool_recovery.resume(self)

    def stay(self) -> None:
        """The call stays here after all: begin what was kept back for another process."""
        self._is_leaving = False
        tool_recovery.begin_held(self)

    async def finish(self, grace: float) -> None:
        """Let what runs end, for so many seconds. The rest, and what comes, waits for a node."""
        await tool_recovery.finish(self, grace)

    # what comes

    def start(self, message: Message) -> None:
        """Begin the tool calls of a message; whatever happens, each will get one output."""
        session = self._session
        if self._held is not None:
            tool_recovery.hold(self, message, session._frame)
            self._changed(soon=True)
            return
        for data in read_calls(message.data, message.msgid):
            self._start(session, message, data)

    def _start(self, session: "LiveCall[Any, Any]", message: Message, data: dict[str, Any]) -> None:
        call_id, name = data.get("tool_call_id"), name_of(data)
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

    def _can_begin(self, message: Message, data: dict[str, Any]) -> bool:
        """Whether anything answers a tool call."""
        session = self._session
        is_known = session._agents.find_tool(name_of(data)) is not None
        return is_known or session._named_for(message) is not None

    def _begin_again(
        self, message: Message, data: dict[str, Any], *, frame: bytes, is_late: bool
    ) -> None:
        """Begin a tool call whose process has ended."""
        session, name = self._session, name_of(data)
        before, session._frame = session._frame, frame
        if is_late and (tool := session._agents.find_tool(name)) is not None:
            tool_run = self._make_run(data["tool_call_id"], name, arguments_of(data), tool)
            tool_run.is_late, tool_run.filler_at = True, None
            self._begin(tool_run, self._serve(tool_run, self._call(tool_run)))
        else:
            self._start(session, message, data)
        session._frame = before

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

    def _make_run(
        self, call_id: str, name: str, arguments: object, tool: Tool[..., Any] | None
    ) -> ToolRun:
        now, session = time.monotonic(), self._session
        timeout = tool.timeout if tool else session._runtime.limits.tool_hook_timeout
        limit = tool.late_limit if tool and tool.late == "deliver" else timeout
        filler = now + tool.filler_after if tool and tool.filler else None
        end, last, frame = now + timeout, now + limit, session._frame
        return ToolRun(call_id, name, arguments, tool, end, last, filler, now, frame)

    def _begin(self, tool_run: ToolRun, work: Coroutine[Any, Any, None]) -> None:
        self._runs.add(tool_run)
        tool_run.task = self._session._start_now(work)
        if tool_run in self._runs:
            self._session._runtime.waiting.add(self._session)  # its deadline must be kept
            self._changed(soon=True)

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
        self._changed(soon=True)

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
            self._drop(tool_run)
        if tool_run.is_cancelled:
            # It went on although it was cancelled: the model has been told that it was stopped.
            self._unused(tool_run.name, "the tool was cancelled; let CancelledError through")
            return
        self._deliver(tool_run, result, outcome)
        self._changed()

    async def _call(self, tool_run: ToolRun) -> bytes:
        session, tool = self._session, tool_run.tool
        assert tool is not None
        self._trace(tool_run)
        arguments = tool.validate(tool_run.arguments)
        if tool.once:
            return await self._call_once(tool_run, tool, arguments)
        value = await run(tool, session, arguments, session._runtime.threads)
        return encode_result(value, limit=session._runtime.limits.result_limit)

    async def _call_once(
        self, tool_run: ToolRun, tool: Tool[..., Any], arguments: dict[str, Any]
    ) -> bytes:
        """Run what must not run twice: that it begins is durable before, its result after it."""
        session, key = self._session, tool.once_key(arguments)
        if (earlier := self._once.told(key)) is not None:
            return earlier
        self._once.begin(key)
        tool_run.once_key = key
        keeper = session._runtime.keeper
        if keeper is not None and not await keeper.settled(session):
            # Should this process end, nobody would know of it, and it would run again.
            self._forget_once(tool_run)
            session.log.error("once_tool_refused", tool=tool.name, reason="its start is not kept")
            raise ToolError(phrases.NOT_KEPT)
        tool_run.has_begun = True
        value = await run(tool, session, arguments, session._runtime.threads)
        result = encode_result(value, limit=session._runtime.limits.result_limit)
        self._once.finish(key, result)
        if keeper is not None and not await keeper.settled(session):
            # It is done, so the model hears of it all the same.
            session.log.warning("once_result_not_kept", tool=tool.name)
        return result

    def _forget_once(self, tool_run: ToolRun) -> None:
        """A function that was to run once has not been begun."""
        if tool_run.once_key and not tool_run.has_begun:
            self._once.forget(tool_run.once_key)
            tool_run.once_key = ""

    def _stop(self, tool_run: ToolRun) -> None:
        """Stop a function: what it still returns is for nobody."""
        self._drop(tool_run)
        self._forget_once(tool_run)
        tool_run.cancel()

    async def _hand_over(self, tool_run: ToolRun, handler: Handler, data: dict[str, Any]) -> None:
        """Let a handler by name answer: by ``send_tool_output`` or by what it returns."""
        session = self._session
        self._trace(tool_run)
        # The output may come from elsewhere, later: the run stays until it is answered.
        given = {**data, "arguments": tool_run.arguments}
        try:
            value = await run(handler, session, given, session._runtime.threads)
        except asyncio.CancelledError:
            self._drop(tool_run)
            if not tool_run.is_cancelled:
                raise
            return
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
            self._drop(tool_run)  # answered by hand
            return
        seconds = time.monotonic() - tool_run.started
        self._session.log.warning("tool_call_late", tool=tool_run.name, seconds=round(seconds, 2))
        if tool is not None and tool.late == "deliver" and can_tell(self._session):
            tool_run.is_late = True
            said_still = said(phrases.STILL_RUNNING)
            self._answer(tool_run.call_id, tool_run.name, said_still, "late", seconds)
            self._silence_filler(tool_run)
            self._changed(soon=True)
            return
        self._stop(tool_run)
        text = phrases.CANCELLED if tool is not None else phrases.UNANSWERED
        self._answer(tool_run.call_id, tool_run.name, said(text), "cancelled", seconds)
        self._silence_filler(tool_run)
        self._changed()

    def _give_up(self, tool_run: ToolRun) -> None:
        """A function that ran on reached its bound: stop it and tell the model."""
        self._stop(tool_run)
        self._session.log.error("tool_call_given_up", tool=tool_run.name)
        self._tell_later(phrases.LATE_FAILURE.format(name=tool_run.name, reason=phrases.GAVE_UP))

    def _settle(self, tool_run: ToolRun, value: object, outcome: str) -> None:
        """Answer what a handler by name returned, unless it has answered by hand."""
        self._drop(tool_run)
        if self._session._connection.is_tool_call_open(tool_run.call_id):
            try:
                result = encode_result(value, limit=self._session._runtime.limits.result_limit)
            except ToolError as error:
                outcome, result = "tool_error", self._error_for_model(None, error)
            self._deliver(tool_run, result, outcome)
        self._changed()
