"""One call's conversation as a JSON value, so that another process can go on with it.

The socket is gone then, and with it all that was asked over it: jambonz gives up what it has not
had answered. What it does not give up is carried: tool calls, the frames that have to reach it, and
whether the call has had its first answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.protocol.batch import Batch
from app.protocol.commands import Wire

if TYPE_CHECKING:
    from app.protocol.connection import Connection

# A tool call is repeated within moments, if ever; there are seldom more at once than this.
DONE_CALLS = 32


@dataclass(frozen=True, slots=True)
class Carried:
    """What was carried here, read and checked.

    Attributes:
        first: The msgid of the first message.
        is_answered: Whether that has had its answer.
        target: The leg that commands are addressed to, or None.
        calls: Tool calls that wait for their outputs.
        done_calls: Some of those that have had theirs.
        batches: Those of the tool calls that are answered together.
        frames: What is to go out, in order, and whether it must arrive.
        held: What waits for the agent to run; None where nothing has to wait for that.
        opening: The first verbs, where nothing showed that they arrived.
        sent: Those of the frames that may have arrived already.
    """

    first: str
    is_answered: bool
    target: str | None
    calls: Sequence[str]
    done_calls: Sequence[str]
    batches: Sequence[Batch]
    frames: Sequence[tuple[bytes, bool]]
    held: Sequence[bytes] | None
    opening: Sequence[Wire] | None
    sent: Sequence[bytes]


def capture(connection: "Connection") -> Wire:
    """What a connection needs to go on elsewhere; what is not there is not written."""
    value: Wire = {"first": connection._first}
    if connection._first in connection._waiting:
        value["unanswered"] = True
    if connection._target is not None:
        value["target"] = connection._target
    if connection._calls:
        value["calls"] = [*connection._calls]
    if done := connection._done_calls.newest(DONE_CALLS):
        value["done"] = done
    if connection._batches:
        batches = {id(one): one for one in connection._batches.values()}
        value["batches"] = [one.capture() for one in batches.values()]
    if connection._unproven or connection._out:
        value["sent"] = len(connection._unproven)
        value["frames"] = frames_of(connection)
    if connection.is_holding:
        value["held"] = [frame.decode() for frame in connection._held]
    if connection._opening is not None:
        value["opening"] = connection._opening
    return value


def frames_of(connection: "Connection") -> list[tuple[str, bool]]:
    """What may not have arrived, then what has not gone out; and whether it must arrive.

    What must arrive stands in the same order in both lists.
    """
    owed, place = connection._owed, 0
    frames = [(frame.decode(), True) for frame in connection._unproven]
    for frame in connection._out:
        is_owed = place < len(owed) and owed[place] is frame
        place += is_owed
        frames.append((frame.decode(), is_owed))
    return frames


def read_carried(value: Wire) -> Carried:
    """Read what :func:`capture` gave.

    Raises:
        KeyError, TypeError, ValueError: It is something else.
    """
    held, opening = value.get("held"), value.get("opening")
    frames = [(text(frame).encode(), bool(owed)) for frame, owed in value.get("frames", ())]
    return Carried(
        first=text(value["first"]),
        is_answered=not value.get("unanswered", False),
        target=None if value.get("target") is None else text(value["target"]),
        calls=[text(one) for one in value.get("calls", ())],
        done_calls=[text(one) for one in value.get("done", ())],
        batches=[Batch.restore(one) for one in value.get("batches", ())],
        frames=frames,
        held=None if held is None else [text(frame).encode() for frame in held],
        opening=None if opening is None else list(opening),
        sent=[frame for frame, _ in frames[: int(value.get("sent", 0))]],
    )


def text(value: Any) -> str:
    """A string, and nothing else."""
    if not isinstance(value, str):
        raise TypeError(f"expected text, got {type(value).__name__}")
    return value


def restore(connection: "Connection", carried: Carried) -> None:
    """Let a connection, to which jambonz has come back, go on from there."""
    if carried.is_answered:
        connection._first = carried.first
        connection._answered.add(carried.first)
    connection._target = carried.target
    connection._calls |= {*carried.calls}
    for call_id in carried.done_calls:
        connection._done_calls.add(call_id)
    batches = {call["tool_call_id"]: one for one in carried.batches for call in one.calls}
    connection._batches = batches or None
    connection._out = [frame for frame, _ in carried.frames] + connection._out
    connection._owed = [frame for frame, is_owed in carried.frames if is_owed] + connection._owed
    connection.is_holding = carried.held is not None
    connection._held = [*(carried.held or ())]
    connection._opening = carried.opening
