"""A call that jambonz brings back to a process that did not have it: taken over and gone on with.

jambonz waits 5 s for the ack of its ``session:reconnect`` and sends nothing meanwhile. What comes
all the same waits in order. Where the table of calls does not answer in time, jambonz gets its ack
and the call waits on: what it remembers is worth more than a quick answer.
"""

import time
from typing import TYPE_CHECKING, Any

from app.protocol import Message, encode_ack
from app.session import opening, refit
from app.session.errors import CheckpointRefused
from app.session.restoring import Checkpoint, read_checkpoint, restore
from app.session.stored import Recalled

if TYPE_CHECKING:
    from app.session.live import LiveCall

MAX_WAITING = 512
OUTPUT = b'"command":"llm:tool-output"'


class Resuming:
    """A call that is being taken over.

    Attributes:
        message: The first ``session:reconnect``; its ack goes to whichever came last.
        frame: As it came.
        is_late: Whether jambonz was answered before the call is here.
    """

    __slots__ = ("_waiting", "frame", "is_late", "message")

    def __init__(self, message: Message, frame: bytes) -> None:
        self.message, self.frame, self.is_late = message, frame, False
        self._waiting: list[tuple[Message, bytes]] = []

    def keep(self, session: "LiveCall[Any, Any]", message: Message, frame: bytes) -> None:
        """Let a message wait until the call is here."""
        if len(self._waiting) < MAX_WAITING:
            self._waiting.append((message, frame))
        else:
            session._runtime.counters.event_dropped()
            session.log.warning("event_dropped", type=message.type, waiting=MAX_WAITING)

    def sweep(self, session: "LiveCall[Any, Any]", now: float) -> None:
        """Answer what jambonz waits for no longer; it is seen to when the call is here."""
        after = session._runtime.limits.ack_deadline
        for msgid in session._connection.overdue(now, after):
            # jambonz ignores these verbs, unless it has had none for the call yet.
            session._connection.ack(msgid, opening.KEEP_WAITING)
            self.is_late = True
            session.log.warning("take_over_late", seconds=after)
        for message, _ in self._waiting:
            if message.wants_ack and message.msgid and now - message.received >= after:
                message.wants_ack = False
                if session._socket is not None and session._socket.is_open:
                    session._socket.send(encode_ack(message.msgid, []))

    def let_go(self, session: "LiveCall[Any, Any]") -> None:
        """The call is here: take the messages that waited."""
        for message, frame in self._waiting:
            session.take(message, frame)


def begin(session: "LiveCall[Any, Any]", message: Message) -> None:
    """Look for a call that this process does not have."""
    session._meet(message)
    session._resuming = Resuming(message, session._frame)
    earlier = session._runtime.live.get(session.key)
    if earlier is not None:
        earlier.end("replaced by a new session")
    session._runtime.live[session.key] = session
    session._start(resume(session, session._resuming))


async def resume(session: "LiveCall[Any, Any]", resuming: Resuming) -> None:
    """Take the call over and go on with it; where it cannot be had, answer as a new one."""
    keeper, message = session._runtime.keeper, resuming.message
    assert keeper is not None
    checkpoint = recall(session, await keeper.take_over(session))
    recalled = await refit.recall(session)
    session._resuming = None
    session._frame = resuming.frame
    if checkpoint is None and resuming.is_late:
        rebuild_unheard(session, message)
    elif checkpoint is None:
        rebuild(session, message)
    else:
        go_on(session, message, checkpoint, recalled)
    session._frame = b""
    resuming.let_go(session)


def recall(session: "LiveCall[Any, Any]", data: bytes | None) -> Checkpoint | None:
    """Make the session the call that was kept; None where it cannot be."""
    if data is None:
        return None
    try:
        checkpoint = read_checkpoint(session, data)
        if checkpoint.is_opened:
            restore(session, checkpoint)
    except CheckpointRefused as error:
        session.log.error("checkpoint_refused", reason=str(error))
        return None
    except Exception as error:  # an author's module, say, that is looked into for its functions
        session._failed("checkpoint", None, error)
        return None
    return checkpoint


def rebuild(session: "LiveCall[Any, Any]", message: Message) -> None:
    """No memory of this call: build again what its opening built.

    jambonz ignores the verbs unless session:new was never answered, and then it needs them.
    """
    session.log.warning("reconnect_without_state", call_sid=message.call_sid)
    session._begin(message)
    answer_anew(session, message)


def rebuild_unheard(session: "LiveCall[Any, Any]", message: Message) -> None:
    """The same, once jambonz was answered: its verbs as a redirect would greet the caller again."""
    session.log.warning("reconnect_without_state", call_sid=message.call_sid)
    session._begin(message)
    session._start_now(apply_opening(session, message))


async def apply_opening(session: "LiveCall[Any, Any]", message: Message) -> None:
    """Know the hooks and tools of the opening, which has been sent by another process."""
    handler = session.application.handlers["session_new"]
    rendered = await opening.run_and_render(session, handler, message.data)
    if rendered is not None:
        session._apply(rendered)
        session._changed(soon=True)


def answer_anew(session: "LiveCall[Any, Any]", message: Message) -> None:
    """Let the application answer the call as a new one."""
    handler = session.application.handlers["session_new"]
    session._start_now(opening.answer(session, message, handler, message.data))


def go_on(
    session: "LiveCall[Any, Any]",
    message: Message,
    checkpoint: Checkpoint,
    recalled: Recalled | None,
) -> None:
    """The ack first, then what is owed; then all that ran runs again."""
    be_followed(session, message, checkpoint)
    session._runtime.counters.call_resumed(session.application.path)
    age = round(time.time() - checkpoint.value["at"], 2)
    again = checkpoint.carried.sent if checkpoint.is_opened else ()
    session.log.info("call_resumed", checkpoint_age=age, turns=session._turns, resent=len(again))
    if outputs := sum(OUTPUT in frame for frame in again):
        session._runtime.counters.outputs_resent(outputs)
    if not checkpoint.is_opened:
        if checkpoint.carried.is_answered:
            session._connection.ack(message.msgid)  # what was said until the handler had answered
            session._flush()
        answer_anew(session, message)
        return
    session._owes_opening = False
    welcome(session, message)
    refit.go_on(session, recalled)
    session._changed(soon=True)
    run_handler(session, message)


def be_followed(session: "LiveCall[Any, Any]", message: Message, checkpoint: Checkpoint) -> None:
    """Become visible: to watchers and in the record the call goes on, it does not begin."""
    session._has_begun = True
    session._since = time.monotonic()
    session._register()
    session._runtime.feed.resume(session.key, int(checkpoint.value["feed"]))
    session._publish("session", {"type": "resumed"})
    session._have_followed(message, is_resumed=True)


def welcome(session: "LiveCall[Any, Any]", message: Message) -> None:
    """Ack a reconnect, and send what is owed."""
    if session._tts is not None:
        session._tts.resume()
    if session._connection.is_waiting(message.msgid):
        # Otherwise the first answer is still owed, and will be the ack of this message.
        opening_verbs = session._connection.opening_verbs
        session._connection.ack(message.msgid, opening_verbs)
        if opening_verbs and session._release is not None:
            session._release.put_off()
    session._flush()


def run_handler(session: "LiveCall[Any, Any]", message: Message) -> None:
    """Tell the application that jambonz is back."""
    if handler := session.application.handlers.get("session_reconnect"):
        work = session._run_quietly("session_reconnect", handler, message.data)
        session._start_now(work)
