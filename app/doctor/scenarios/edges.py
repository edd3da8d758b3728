"""The edges of a call: its first moment, and what an application does not expect."""

from app.doctor.call import Gone
from app.doctor.desk import Desk, begin, status
from app.doctor.probes import Probe
from app.doctor.scenarios.walk import still_answers

BROKEN = '{"type":"verb:hook","msgid":"'
"""A frame that breaks off."""


async def opening(desk: Desk) -> bool:
    """Call, and hang up at once."""
    async with desk.call("opening") as call:
        await begin(call)
        await call.settle()
    return True


async def unknown(desk: Desk) -> bool:
    """Send what later releases may send, and see that the call goes on."""
    async with desk.call("unknown") as call:
        verbs = await begin(call)
        for probe in (
            Probe("weather:report", "", {"degrees": 11}, "nothing", is_strange=True),
            Probe("call:status", "", {"new_field": {"a": [1, None]}}, "nothing"),
            Probe("verb:status", "", {"event": "starting", "name": "say"}, "nothing"),
            Probe("jambonz:error", "", {"msg": "ASR error", "details": "none"}, "nothing"),
        ):
            await call.send(probe)
        await call.settle()
        await still_answers(desk, call, verbs)
    return True


async def malformed(desk: Desk) -> bool:
    """Send a frame that breaks off, and see that the call goes on; if not, that others do."""
    try:
        async with desk.call("malformed") as call:
            verbs = await begin(call)
            await call.send_broken(BROKEN, "a frame that is not JSON")
            await call.settle()
            await call.send(status())
            await still_answers(desk, call, verbs)
    except Gone:
        async with desk.call("malformed") as another:
            await begin(another)
    return True
