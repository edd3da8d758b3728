"""The verbs of a queue: enqueue and dequeue. (`leave` is one of what a wait hook returns.)"""

import asyncio
from typing import TYPE_CHECKING, Any

from app.twin.pending import NoAck
from app.twin.plays.waiting import BadMusic, Waiting, wait_with_music
from app.twin.queues import LAST, Place, Queue, bridge
from app.twin.stack import Verb
from app.twin.vocabulary import BadInstruction

if TYPE_CHECKING:
    from app.twin.leg import Leg


async def enqueue(leg: "Leg", verb: Verb) -> None:
    """Let the caller wait in a queue until somebody takes the call, or it leaves."""
    queue = leg.platform.board.queue(str(verb["name"]))
    place = queue.enter(leg, float(verb.get("priority", LAST)))
    try:
        result = await _wait(leg, verb, queue, place)
    except asyncio.CancelledError:
        if leg.is_over:
            leg.hooks.last(verb, _result(queue, place, "hangup"))
        raise
    finally:
        queue.leave(place)
        if place.seat:
            place.seat.bridge.leave(place.seat)
    await leg.hooks.action(verb, _result(queue, place, result))


async def _wait(leg: "Leg", verb: Verb, queue: Queue, place: Place) -> str:
    """Wait with music until the call is taken, then talk; return the queue's result."""
    try:
        has_left = await wait_with_music(
            leg,
            verb.get("waitHook"),
            lambda: _situation(leg, queue, place),
            lambda: place.seat is not None,
        )
    except (BadMusic, NoAck, BadInstruction) as failure:
        leg.log.note(f"enqueue failed: {failure}", queue=queue.name)
        return "error"
    if has_left or place.seat is None:
        return "leave"
    await place.seat.bridge.ended()
    return "bridged"


async def dequeue(leg: "Leg", verb: Verb) -> None:
    """Take a caller out of a queue, and talk."""
    queue = leg.platform.board.queue(str(verb["name"]))
    try:
        result = await _take(leg, verb, queue)
    except asyncio.CancelledError:
        if leg.is_over:
            leg.hooks.last(verb, {"dequeue_result": "hangup"})
        raise
    await leg.hooks.action(verb, {"dequeue_result": result})


async def _take(leg: "Leg", verb: Verb, queue: Queue) -> str:
    place = await _next_place(leg, verb, queue)
    if place is None:
        return "timeout"
    if verb.get("beep"):
        leg.voice.heard("[beep]", "dequeue")
    seat = bridge(place, leg)
    leg.log.note("bridged", call_sid=place.leg.info.call_sid, queue=queue.name)
    try:
        await seat.bridge.ended()
    finally:
        seat.bridge.leave(seat)
    return "complete"


async def _next_place(leg: "Leg", verb: Verb, queue: Queue) -> Place | None:
    """Wait for a caller; None if none came in time."""
    patient = Waiting(leg)
    leg.listener = patient
    taking = asyncio.ensure_future(queue.take(str(verb.get("callSid") or "")))
    giving_up = asyncio.ensure_future(patient.outlast(float(verb.get("timeout") or 0)))
    try:
        ends: set[asyncio.Future[Any]] = {taking, giving_up}
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        if taking.done():  # who took the caller is gone
            queue.put_back(taking.result())
        raise
    finally:
        leg.listener = None
        giving_up.cancel()
        taking.cancel()
        await asyncio.wait({giving_up, taking})
    return None if taking.cancelled() else taking.result()


def _situation(leg: "Leg", queue: Queue, place: Place) -> dict[str, Any]:
    """All that a wait hook is told."""
    return {
        "queue_sid": queue.name,
        "queue_time": place.waited,
        "queue_size": len(queue),
        "queue_position": queue.position(place),
        "call_sid": leg.info.call_sid,
        "call_id": leg.info.call_id,
    }


def _result(queue: Queue, place: Place, result: str) -> dict[str, Any]:
    return {"queue_sid": queue.name, "queue_time": place.waited, "queue_result": result}
