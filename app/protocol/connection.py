"""One call's conversation with jambonz, without I/O: messages in, frames out.

A call outlives its socket, so this is the state of the *call*:

    CONNECTING ──session:new, redirect, adulting──▶ OPEN ──lost()──▶ LOST
         │                                           ▲ │              │ session:reconnect
         │                                  ack of   │ │              ▼
         │                               reconnect   └─┼───────── RESUMING
         └───────────────end()─────────────────────────┴──▶ ENDED ◀──end()

- CONNECTING: only statuses of an outbound call come; nothing can be sent.
- OPEN: what is sent goes out at once.
- LOST: the socket broke; commands and tool outputs wait in a bounded queue.
- RESUMING: jambonz is back but hears nothing before the ack of ``session:reconnect``; the ack goes
  out first and the queue behind it.
- ENDED: nothing is sent any more.

It keeps what the protocol asks us to keep: which message waits for its ack (and since when), which
tool call waits for its output, and what may have been lost with a socket: tool outputs and updates
are owed, so they are sent again. Each message is acked once and each tool call answered once: a
second answer raises. There is no clock: callers pass monotonic seconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import orjson

from app.protocol.batch import Batch, is_batch
from app.protocol.carried import Carried, capture, restore
from app.protocol.commands import AgentUpdate, Wire, encode_ack, encode_command
from app.protocol.errors import (
    AlreadyAnswered,
    FrameTooLarge,
    LocalError,
    NotOpen,
    UnknownMessage,
)
from app.protocol.messages import MAX_ID, Kind, Message, decode
from app.protocol.remembered import REMEMBERED, Remembered
from app.protocol.sizes import large_parts

MAX_FRAME = 24 * 1024
MAX_QUEUED = 512

OPENING = (Kind.SESSION_NEW, Kind.SESSION_REDIRECT, Kind.SESSION_ADULTING)
# On a socket that began so, a command without callSid goes to the wrong leg.
NEEDS_TARGET = (Kind.SESSION_REDIRECT, Kind.SESSION_ADULTING)


class State(Enum):
    """Where a call stands; see the module's text."""

    CONNECTING = auto()
    OPEN = auto()
    LOST = auto()
    RESUMING = auto()
    ENDED = auto()


# The names that the path of a message needs, looked up once: an Enum's class takes its time.
OPEN, RECONNECT, TOOL_CALL = State.OPEN, Kind.SESSION_RECONNECT, Kind.TOOL_CALL
AGENT_EVENT = Kind.AGENT_EVENT


@dataclass(slots=True)
class Waiting:
    """A message that waits for its ack."""

    received: float
    kind: Kind
    msgid: str


class Connection:
    """One call: :meth:`receive` what jambonz sends, :meth:`take` what is to be sent to it."""

    __slots__ = (
        "_acks",
        "_answered",
        "_batches",
        "_calls",
        "_done_calls",
        "_first",
        "_held",
        "_max_frame",
        "_newest",
        "_opening",
        "_out",
        "_owed",
        "_reconnect",
        "_target",
        "_unproven",
        "_waiting",
        "is_holding",
        "state",
    )

    def __init__(self, *, max_frame: int = MAX_FRAME) -> None:
        self.state = State.CONNECTING
        self._max_frame = max_frame
        self._out: list[bytes] = []
        self._owed: list[bytes] = []  # those of the above that must arrive, in order
        self._held: list[bytes] = []
        self.is_holding = False
        self._acks: list[bytes] = []
        self._waiting: dict[str, Waiting] = {}
        self._answered = Remembered()
        self._calls: set[str] = set()
        self._batches: dict[str, Batch] | None = None  # by the ids of their calls
        self._done_calls = Remembered()
        self._unproven: list[bytes] = []
        self._newest = ""  # of the events: who counts turns counts one that comes twice once
        self._first = ""
        self._opening: Sequence[Wire] | None = None
        self._reconnect = ""
        self._target: str | None = None

    # what comes in

    def receive(self, text: str | bytes, now: float) -> Message | None:
        """Read one frame that came at ``now``; None if it repeats one that is known already.

        Raises:
            MalformedMessage: The frame is no message; the call goes on.
        """
        message = decode(text, now)
        return message if self.accept(message) else None

    def accept(self, message: Message) -> bool:
        """Take note of a message; False if it repeats one that is known already."""
        kind = message.kind
        if self._unproven and kind is not RECONNECT:
            # jambonz still talks on this socket, so what went before has not been cut off.
            self._unproven.clear()
        if message.wants_ack:
            if not self._note_waiting(message):
                return False
        elif kind is AGENT_EVENT:
            if message.msgid and message.msgid == self._newest:
                return False
            self._newest = message.msgid
        if kind is TOOL_CALL:
            self._opening = None  # an agent runs: the opening verbs have arrived
            is_new = self._note_tool_call(message)
            if not is_new and message.wants_ack:
                self.ack(message.msgid)  # the message is new, the tool call in it is not
            return is_new
        if kind in OPENING:
            self._open(message)
        elif kind is RECONNECT:
            self._resume(message)
        elif self._opening is not None:
            self._opening = None  # something runs
        return True

    def _note_waiting(self, message: Message) -> bool:
        msgid = message.msgid
        if not msgid:
            message.wants_ack = False  # it cannot be addressed
            return True
        if msgid in self._waiting or msgid in self._answered:
            return False
        if message.kind is Kind.SESSION_RECONNECT:
            # jambonz may come back before the old socket is seen to break.
            self.lost(cleanly=False)
        self._waiting[msgid] = Waiting(message.received, message.kind, msgid)
        return True

    def _note_tool_call(self, message: Message) -> bool:
        if is_batch(message.data):
            return self._note_batch(Batch(message.data, message.msgid))
        call_id = message.data.get("tool_call_id")
        if not isinstance(call_id, str) or not 0 < len(call_id) <= MAX_ID:
            return True  # it cannot be addressed
        if call_id in self._calls or call_id in self._done_calls:
            return False
        self._calls.add(call_id)
        return True

    def _note_batch(self, batch: Batch) -> bool:
        ids = {call["tool_call_id"] for call in batch.calls}
        if all(one in self._calls or one in self._done_calls for one in ids):
            return False
        self._calls |= ids
        self._batches = (self._batches or {}) | dict.fromkeys(ids, batch)
        return True

    def _open(self, message: Message) -> None:
        if self.state is State.CONNECTING:
            self.state = State.OPEN
            self._first = message.msgid
            if message.kind in NEEDS_TARGET:
                self._target = message.call_sid or None

    def _resume(self, message: Message) -> None:
        self._reconnect = message.msgid
        if self.state is State.CONNECTING:
            self._first = message.msgid
            self._target = message.call_sid or None  # how the call began is not known
        if self.state is not State.ENDED:
            self.state = State.RESUMING
        opening = self._waiting.get(self._first)
        if opening is not None and self._first != message.msgid:
            # The answer to session:new was still owed: jambonz takes it from this ack instead.
            del self._waiting[message.msgid]
            opening.msgid = message.msgid
            opening.received = message.received

    # what goes out

    @property
    def opening_verbs(self) -> Sequence[Wire] | None:
        """The first verbs while nothing shows that they arrived: a reconnect's ack repeats them."""
        return self._opening

    @property
    def is_opening(self) -> bool:
        """Whether the first message still waits for its answer."""
        return self._first in self._waiting

    @property
    def has_frames(self) -> bool:
        """Whether frames wait to be taken."""
        return bool(self._out or self._acks)

    @property
    def owes_acks(self) -> bool:
        """Whether messages wait for their acks."""
        return bool(self._waiting)

    @property
    def is_unproven(self) -> bool:
        """Whether something went out that must arrive, and nothing has been heard since."""
        return bool(self._unproven) or self._opening is not None

    @property
    def is_live(self) -> bool:
        """Whether something can be sent, now or when jambonz is back."""
        return self.state is OPEN or self.is_queueing

    @property
    def is_queueing(self) -> bool:
        """Whether what is sent waits for jambonz to come back."""
        return self.state in (State.LOST, State.RESUMING)

    @property
    def is_connecting(self) -> bool:
        """Whether the call has not begun: nothing but statuses of an outbound call came."""
        return self.state is State.CONNECTING

    def is_waiting(self, msgid: str) -> bool:
        """Whether ``msgid`` has not been answered."""
        return msgid in self._waiting

    def overdue(self, now: float, after: float) -> list[str]:
        """Messages that have waited ``after`` seconds for their ack."""
        return [
            msgid for msgid, waiting in self._waiting.items() if now - waiting.received >= after
        ]

    def ack(self, msgid: str, verbs: Sequence[Wire] | None = None) -> None:
        """Answer one message.

        Raises:
            AlreadyAnswered: It has its answer.
            UnknownMessage: No such message waits.
            FrameTooLarge: The verbs do not fit; the message still waits.
        """
        waiting = self._waiting.get(msgid)
        if waiting is None:
            if msgid in self._answered:
                raise AlreadyAnswered(f"message {msgid!r} has been answered")
            raise UnknownMessage(f"no message {msgid!r} waits for an ack")
        frame = self._checked(encode_ack(waiting.msgid, verbs))
        del self._waiting[msgid]
        self._answered.add(msgid)
        if msgid == self._first and verbs:
            self._opening = verbs
        if self.state is State.OPEN:
            self._out.append(frame)
        elif self.state not in (State.LOST, State.ENDED):  # there the question is gone
            self._acks.append(frame)
            if waiting.msgid == self._reconnect:
                self.state = State.OPEN

    def command(
        self,
        name: str,
        data: object = None,
        *,
        call_sid: str | None = None,
        queue: bool | None = None,
    ) -> bytes:
        """Send a command, now or when jambonz is back; the frame is returned for a receipt.

        Raises:
            NotOpen: Before the first message, after the end, or when too much waits already.
            FrameTooLarge: It does not fit.
        """
        return self._emit(
            encode_command(name, data, call_sid=call_sid or self._target, queue=queue)
        )

    def update_agent(self, update: AgentUpdate) -> bytes:
        """Send a mid-call update to an agent; see :meth:`update`."""
        return self.update("agent:update", update.to_wire())

    def update(self, command: str, data: Wire) -> bytes:
        """Send a mid-call update, or keep it while updates are held; see :meth:`command`."""
        frame = encode_command(command, data, call_sid=self._target)
        return self._emit(frame, is_owed=True, is_held=self.is_holding)

    def hold_updates(self) -> None:
        """Keep updates back until the agent runs: jambonz drops those that come before."""
        self.is_holding = True

    def release_updates(self) -> None:
        """Send the updates that were kept back, in order."""
        self.is_holding = False
        self._out += self._held
        self._owed += self._held
        self._held = []

    def drop_updates(self) -> None:
        """Forget the updates that were kept back: their agent is gone."""
        self.is_holding = False
        self._held = []

    def tool_output(self, tool_call_id: str, result: Wire | orjson.Fragment) -> bytes:
        """Answer one tool call; see :meth:`command`. Of a batch, the last one sends the frame.

        Raises:
            AlreadyAnswered: It has its answer.
            UnknownMessage: No such tool call waits.
        """
        if tool_call_id not in self._calls:
            if tool_call_id in self._done_calls:
                raise AlreadyAnswered(f"tool call {tool_call_id!r} has been answered")
            raise UnknownMessage(f"no tool call {tool_call_id!r} waits for an output")
        batch = self.batch_of(tool_call_id)
        frame = (
            self._emit_batch(batch, tool_call_id, result)
            if batch is not None
            else self._emit_output(tool_call_id, result)
        )
        self._calls.remove(tool_call_id)
        self._done_calls.add(tool_call_id)
        return frame

    def answer_now(self, tool_call_id: str, encoded: bytes) -> bytes | None:
        """The frame that answers one tool call, for the caller to write at once.

        The short way of nearly all tool calls. None where the answer has to take its turn behind
        other frames, or anything else about it is not plain: then :meth:`tool_output` knows.

        Args:
            tool_call_id: The tool call.
            encoded: JSON text of the ``data``.
        """
        is_plain = self.state is OPEN and self._target is None and self._batches is None
        if not is_plain or self._out or self._acks or tool_call_id not in self._calls:
            return None
        frame = b'{"type":"command","command":"llm:tool-output","tool_call_id":%b,"data":%b}' % (
            orjson.dumps(tool_call_id),
            encoded,
        )
        if len(frame) > self._max_frame:
            return None
        self._calls.remove(tool_call_id)
        self._done_calls.add(tool_call_id)
        self._unproven.append(frame)  # cleared by the next message of jambonz
        return frame

    def _emit_output(self, tool_call_id: str | None, data: object) -> bytes:
        frame = encode_command(
            "llm:tool-output", data, call_sid=self._target, tool_call_id=tool_call_id
        )
        return self._emit(frame, is_owed=True)

    def _emit_batch(self, batch: Batch, call_id: str, response: Any) -> bytes:
        """Keep one output of several, and send all with the last; empty before."""
        batch.put(call_id, response)
        if not batch.is_complete:
            return b""
        try:
            frame = self._emit_output(batch.tool_call_id, batch.data)
        except LocalError:
            batch.take_back(call_id)
            raise
        done = {call["tool_call_id"] for call in batch.calls}
        self._batches = {key: one for key, one in (self._batches or {}).items() if key not in done}
        return frame

    def batch_of(self, tool_call_id: str) -> Batch | None:
        """The other calls whose outputs go out with that of this one, if there are any."""
        return self._batches.get(tool_call_id) if self._batches else None

    def is_tool_call_open(self, tool_call_id: str) -> bool:
        """Whether the tool call has no output yet."""
        return tool_call_id in self._calls

    def fits(self, frame: bytes) -> bool:
        """Whether jambonz would take a frame of this size."""
        return len(frame) <= self._max_frame

    def take(self) -> list[bytes]:
        """The frames to send now, in order; commands wait while jambonz is away or resuming."""
        frames = self._acks
        if frames:
            self._acks = []
        if self._out and self.state is OPEN:
            frames = [*frames, *self._out] if frames else self._out
            self._out = []
            if self._owed:
                self._unproven += self._owed
                del self._unproven[:-REMEMBERED]
                self._owed = []
        return frames

    # the socket and the end

    def lost(self, *, cleanly: bool) -> None:
        """The socket is gone; jambonz will come back.

        Tool outputs and updates that were written after jambonz was last heard may not have
        arrived. They are owed again unless a closing handshake shows that all before it was read.
        """
        if self.state not in (State.OPEN, State.RESUMING):
            return
        self.state = State.LOST
        if not cleanly:
            self._out = self._unproven + self._out
            self._owed = self._unproven + self._owed
        self._unproven.clear()
        self._acks = []
        for msgid in [msgid for msgid in self._waiting if msgid != self._first]:
            # jambonz gave up what it asked on that socket.
            del self._waiting[msgid]
            self._answered.add(msgid)

    def capture(self) -> Wire:
        """What another process needs to go on, as a JSON value; see :func:`read_carried`."""
        return capture(self)

    def restore(self, carried: Carried) -> None:
        """Go on from there, once jambonz has come back with ``session:reconnect``."""
        restore(self, carried)

    def end(self) -> None:
        """The call is over: nothing is sent any more."""
        self.state = State.ENDED
        self._out.clear()
        self._owed.clear()
        self.drop_updates()
        self._acks = []
        self._waiting.clear()
        self._calls.clear()
        self._batches = None
        self._unproven.clear()
        self._opening = None

    def _emit(self, frame: bytes, *, is_owed: bool = False, is_held: bool = False) -> bytes:
        if not self.is_live:
            when = (
                "after the end of" if self.state is State.ENDED else "before the first message of"
            )
            raise NotOpen(f"nothing can be sent {when} a call")
        if len(self._out) + len(self._held) >= MAX_QUEUED:
            raise NotOpen(f"{MAX_QUEUED} frames wait already for jambonz to come back")
        (self._held if is_held else self._out).append(self._checked(frame))
        if is_owed and not is_held:
            self._owed.append(frame)
        return frame

    def _checked(self, frame: bytes) -> bytes:
        if len(frame) > self._max_frame:
            raise FrameTooLarge(len(frame), self._max_frame, large_parts(orjson.loads(frame)))
        return frame
