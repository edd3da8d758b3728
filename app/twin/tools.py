"""Tool calls that wait for their outputs."""

import asyncio
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.twin import http
from app.twin.clock import Hold
from app.twin.hooks import name_of
from app.twin.pending import NoAck
from app.twin.wire import snake

if TYPE_CHECKING:
    from app.twin.leg import Leg

_ids = itertools.count(1)


@dataclass(slots=True, eq=False)
class Waiting:
    """A tool call that was sent."""

    name: str
    output: "asyncio.Future[Any]"
    started: float
    hold: Hold


class ToolDesk:
    """Sends tool calls to the application and takes their outputs."""

    def __init__(self, leg: "Leg") -> None:
        self._leg = leg
        self._waiting: dict[str, Waiting] = {}

    def ask(
        self, name: str, arguments: Mapping[str, Any], tool_call_id: str | None = None
    ) -> "asyncio.Future[Any]":
        """Send a tool call; the future is the data of its output."""
        leg = self._leg
        id_ = tool_call_id or f"by_hand_{next(_ids)}"  # a model counts its own
        output = self.expect(id_, name)
        arguments = dict(arguments)
        leg.log.add("tool_call", {"tool_call_id": id_, "name": name, "arguments": arguments})
        data = {"tool_call_id": id_, "name": name, leg.dialect.arguments: arguments}
        hook = leg.tool_hook or "/tools"
        url = name_of(hook)
        if http.is_http(url):
            leg.spawn(self._post(hook, id_, data))
        elif leg.dialect.is_acked:
            leg.hooks.notify(hook, data)
        else:
            leg.line.send(leg.dialect.tool_call, snake(data), url)
        return output

    def expect(self, tool_call_id: str, name: str) -> "asyncio.Future[Any]":
        """Wait for the output of a tool call that somebody sends."""
        output: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        clock = self._leg.clock
        self._waiting[tool_call_id] = Waiting(name, output, clock.time(), clock.hold())
        return output

    def take(self, tool_call_id: str, output: Any) -> bool:
        """Take an output; False if nobody waits for it."""
        waiting = self._waiting.pop(tool_call_id, None)
        if waiting is None:
            return False
        waiting.hold.release()
        ms = round((self._leg.clock.time() - waiting.started) * 1000)
        data = {"tool_call_id": tool_call_id, "name": waiting.name, "output": output, "ms": ms}
        self._leg.log.add("tool_output", data)
        if not waiting.output.done():
            waiting.output.set_result(output)
        return True

    def forget(self, output: "asyncio.Future[Any]") -> None:
        """Stop waiting for an output; when it comes, it is dropped."""
        for id_, waiting in list(self._waiting.items()):
            if waiting.output is output:
                del self._waiting[id_]
                waiting.hold.release()

    async def _post(self, hook: Any, id_: str, data: Mapping[str, Any]) -> None:
        try:
            output = await http.post(
                self._leg.log, hook, snake(data), wants_json=True, pin=self._leg.platform.pin
            )
        except NoAck as failure:
            self._leg.log.note(f"the tool failed: {failure}", tool_call_id=id_)
            output = {"error": str(failure)}
        self.take(id_, output)
