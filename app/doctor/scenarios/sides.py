"""Other ways in: outbound calls, legs that become calls, passwords, the form of the portal."""

from app.doctor.desk import Desk, begin, greet, status
from app.doctor.form import ask_for
from app.doctor.line import CannotConnect
from app.doctor.probes import Probe
from app.doctor.verb_list import read_all

WRONG = "a wrong password"


async def outbound(desk: Desk) -> bool:
    """Tell the progress of an outbound call, and only then session:new."""
    async with desk.call("outbound", "outbound") as call:
        await call.open()
        for name, code, reason in (("trying", 100, "Trying"), ("ringing", 180, "Ringing")):
            call.info.set_status(name, code, reason)
            await call.send(status())
        await greet(call)
        await call.settle()
    return True


async def adulting(desk: Desk) -> bool:
    """Where it dials: let the dialled leg become a call of its own, on a socket of its own."""
    async with desk.call("adulting") as call:
        verbs = await begin(call)
        if all(name != "dial" for name, _ in read_all(verbs)):
            return False
        parent = call.info.common()
        child = call.info.child("+15085559999")
    base, mark, query = desk.dialler.url.partition("?")
    async with desk.call("adulting") as leg:
        leg.info = child
        await leg.open(f"{base.rstrip('/')}/adulting{mark}{query}")
        await leg.ask(Probe("session:adulting", "", {"parent_call_info": parent}))
        await leg.settle()
    return True


async def password(desk: Desk) -> bool:
    """Where there is a password: try a wrong one."""
    if desk.dialler.credentials is None:
        return False
    try:
        upgrade = await desk.with_password(WRONG).dial()
    except CannotConnect:
        desk.takes_any_password = False
    else:
        desk.takes_any_password = True
        await upgrade.close(1000)
    return True


async def form(desk: Desk) -> bool:
    """Ask for the env vars."""
    desk.form = await ask_for(desk.dialler.url, desk.limits.ack)
    return desk.form is not None and desk.form.status == 200
