"""Outputs of tool calls: each is answered exactly once, and what comes late is told as context."""

import asyncio
import time
from typing import TYPE_CHECKING, Any

from app.agent import ToolOutput
from app.protocol import FrameTooLarge, LocalError
from app.session.tool_fillers import Fillers
from app.session.tool_run import FAILED, FINE, Output, ToolRun, said, settle
from app.session.updates import send_output, tell
from app.tool import Tool, ToolArgumentError, ToolError, UnencodableResult, encode_result, phrases

if TYPE_CHECKING:
    from app.session.live import LiveCall


class ToolOutputs(Fillers):
    """Where the results of a session's tools go."""

    __slots__ = ("_asked", "_idle", "_runs")

    def __init__(self, session: "LiveCall[Any, Any]") -> None:
        super().__init__(session)
        self._runs: set[ToolRun] = set()
        self._asked: dict[str, asyncio.Future[Output]] = {}
        self._idle: asyncio.Future[None] | None = None  # who waits until nothing runs

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
            self._drop(found)

    def _drop(self, tool_run: ToolRun) -> None:
        """A tool call is over, here at least."""
        self._runs.discard(tool_run)
        if self._idle is not None and not self._runs and not self._idle.done():
            self._idle.set_result(None)

    def _changed(self, *, soon: bool = False) -> None:
        """What a checkpoint has of the tools is not true any more."""
        self._session._changed(soon=soon)

    def _is_open(self, call_id: str) -> bool:
        """Whether somebody still waits for the output."""
        return call_id in self._asked or self._session._connection.is_tool_call_open(call_id)

    def _judge(self, tool: Tool[..., Any] | None, error: Exception) -> tuple[str, bytes]:
        """The outcome that an error means, and what the model is told."""
        if isinstance(error, ToolArgumentError):
            return "bad_arguments", self._error_for_model(tool, error)
        if isinstance(error, ToolError):
            return "tool_error", self._error_for_model(tool, error)
        self._session._failed("tool", tool, error)
        return "failed", FAILED

    def _error_for_model(self, tool: Tool[..., Any] | None, error: ToolError) -> bytes:
        """The text for the model; what only the author can mend goes to the log."""
        if isinstance(error, UnencodableResult):
            name = tool.name if tool else ""
            self._session.log.error("tool_result_unusable", tool=name, reason=error.reason)
        limit = self._session._runtime.limits.result_limit
        return encode_result({"error": str(error)}, limit=limit)

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
        is_moved = self._session._is_moved
        reason = "the call goes on elsewhere" if is_moved else "the call ended while it ran"
        for tool_run in self._runs:
            self._unused(tool_run.name, reason)
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
