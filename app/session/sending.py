"""What a call sends: checked, queued while jambonz is away, written when the socket can take it."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from app.agent import AGENT
from app.application import Application
from app.organisation import DEFAULT_ORGANISATION
from app.protocol import Connection, FrameTooLarge, NotOpen, Wire
from app.session.actor import ACTOR
from app.session.agents import Agents
from app.session.errors import CallEnded, CallMoving
from app.session.facts import E, S
from app.session.receipt import Receipt
from app.session.resuming import Resuming
from app.session.runtime import Runtime, Socket
from app.session.tasks import BusyCall


class SendingCall(BusyCall[S, E]):
    """A call, and the way to jambonz."""

    __slots__ = (
        "_agents",
        "_connection",
        "_is_moved",
        "_is_over",
        "_resuming",
        "_since",
        "_socket",
    )

    def __init__(
        self,
        application: Application[Any, Any],
        runtime: Runtime,
        path_params: Mapping[str, str] | None,
        organisation_id: str = DEFAULT_ORGANISATION,
    ) -> None:
        super().__init__(application, runtime, path_params, organisation_id)
        self._connection = Connection(max_frame=runtime.limits.max_frame)
        self._socket: Socket | None = None
        self._agents = Agents(application)
        self._is_over = self._is_moved = False
        self._resuming: Resuming | None = None  # while another process may still have the call
        self._since = time.monotonic()  # this process has it

    @property
    def is_open(self) -> bool:
        """Whether something can be sent: the call has begun and is not over."""
        return self._connection.is_live and not self._is_over

    def _require_open(self) -> None:
        if self._connection.is_connecting:
            raise NotOpen("nothing can be sent before the first message of a call")
        if self._is_moved or self._resuming is not None:
            raise CallMoving(self.call_sid)
        if not self.is_open:
            raise CallEnded(self.call_sid)

    def _send_command(
        self,
        name: str,
        data: object = None,
        *,
        call_sid: str | None = None,
        queue: bool | None = None,
    ) -> Receipt:
        self._require_open()
        frame = self._emit(
            lambda: self._connection.command(name, data, call_sid=call_sid, queue=queue)
        )
        receipt = Receipt(name, (frame,), self._connection.is_queueing)
        self.log.info("command_sent", command=name, update_id=receipt.update_id)
        told = {"command": name, "data": data, "update_id": receipt.update_id, "by": ACTOR.get()}
        self._publish("command", told)
        self._flush()
        self._changed()
        return receipt

    def _emit(self, send: Callable[[], bytes]) -> bytes:
        try:
            return send()
        except FrameTooLarge:
            self._runtime.counters.frame_refused()
            raise

    def _dub(self, data: Wire) -> None:
        self._require_open()
        self._connection.command("dub", data)
        self._flush()

    @property
    def _may_send(self) -> bool:
        """Whether the call is here for certain: a process that was frozen has to look first."""
        keeper = self._runtime.keeper
        return (
            keeper is None or keeper.is_certain(time.monotonic()) or not keeper.doubts(self._since)
        )

    def _flush(self) -> None:
        """Write what is ready, if the socket can take it; else it stays queued."""
        socket = self._socket
        if socket is not None and socket.is_open and self._may_send:
            for frame in self._connection.take():
                socket.send(frame)

    def _answer_now(self, call_id: str, encoded: bytes) -> bool:
        """Write the output of a tool call at once; False where it has to take its turn."""
        socket, agent = self._socket, self._agents.current
        if socket is None or not socket.is_open or agent is None or agent.dialect is not AGENT:
            return False
        if not self._may_send:
            return False
        frame = self._connection.answer_now(call_id, encoded)
        if frame is None:
            return False
        socket.send(frame)
        return True
