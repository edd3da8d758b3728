"""How a call ends: what the application is told, and what the log says."""

from typing import TYPE_CHECKING, Any

from app.twin.callinfo import FINAL

if TYPE_CHECKING:
    from app.twin.leg import Leg


async def refuse(leg: "Leg", reason: str, code: int) -> None:
    """End a call that did not come about, with a close code."""
    leg.is_over = True
    leg.end_reason = reason
    for line in leg.lines:
        await line.flush()
        await line.close(code)
    log_end(leg, "jambonz")


async def hang_up(leg: "Leg", by: str) -> None:
    """Tell the application the end of a call that has sockets, and close them."""
    if leg.lines:
        tell_end(leg, by)
    for line in leg.lines:
        await line.flush()
        await line.close()
    log_end(leg, by)


def tell_end(leg: "Leg", by: str) -> None:
    """Tell the last status, where none was told that is final."""
    told: dict[str, Any] = {"call_termination_by": by}
    if leg.info.answered is not None:
        leg.status("completed", 200, "OK", duration=leg.info.duration, **told)
    elif by == "caller" and leg.info.direction == "inbound":
        leg.status("no-answer", 487, "Request Terminated", **told)
    elif leg.info.direction == "inbound":
        leg.status(*leg.effects.get("refusal", ("failed", 603, "Decline")), **told)
    elif by == "jambonz" and leg.info.call_status not in FINAL:
        leg.status("no-answer", 487, "Request Terminated", **told)


def log_end(leg: "Leg", by: str) -> None:
    """Write the end into the log."""
    leg.is_closed = True
    data = {"reason": leg.end_reason, "by": by, "duration": leg.info.duration}
    if leg.parent:
        leg.log.note("the dialled leg has ended", **data, **leg.mark)
    else:
        leg.log.add("end", data)
