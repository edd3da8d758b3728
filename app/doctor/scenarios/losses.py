"""The socket is lost in mid-call."""

from app.doctor.desk import Desk, begin
from app.doctor.probes import Probe
from app.doctor.scenarios.walk import still_answers


async def reconnect(desk: Desk) -> bool:
    """Lose the socket, come back with session:reconnect, and ask for something."""
    async with desk.call("reconnect") as call:
        opening = call.info.opening()  # what session:reconnect repeats, stale as it is
        verbs = await begin(call)
        await call.settle()
        await call.drop()
        await call.open()
        await call.ask(Probe("session:reconnect", "", opening, has_call_info=False))
        await call.settle()
        await still_answers(desk, call, verbs)
    return True
