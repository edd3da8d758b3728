"""What the scenarios share: how to dial, how long to wait, and all that was seen."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from app.doctor.call import Call
from app.doctor.form import Form
from app.doctor.limits import Limits
from app.doctor.line import Dialler
from app.doctor.probes import Probe
from app.doctor.transcript import Transcript
from app.twin.callinfo import CallInfo
from app.twin.dialect import DialectName
from app.twin.ids import Ids

Direction = Literal["inbound", "outbound"]


@dataclass(slots=True)
class Desk:
    """An examination under way.

    Attributes:
        transcripts: Every call so far.
        form: What OPTIONS was answered with; None where nothing was asked.
        takes_any_password: Whether a wrong password opens a socket; None where it was not tried.
    """

    dialler: Dialler
    limits: Limits
    dialect: DialectName = "agent"
    knows_agent: bool = True
    transcripts: list[Transcript] = field(default_factory=list)
    form: Form | None = None
    takes_any_password: bool | None = None
    account_sid: str = field(default_factory=lambda: Ids().sid())

    @asynccontextmanager
    async def call(self, scenario: str, direction: Direction = "inbound") -> AsyncIterator[Call]:
        """A call that is ended in the end; its socket is not open yet."""
        info = CallInfo.new(
            from_="+15085551212",
            to="+16175550100",
            direction=direction,
            account_sid=self.account_sid,
            env=None,
            tag=None,
            headers=None,
            caller_name="",
        )
        transcript = Transcript(scenario)
        self.transcripts.append(transcript)
        call = Call(transcript, self.dialler, info, self.limits)
        try:
            yield call
        finally:
            await call.end()

    def with_password(self, password: str) -> Dialler:
        """The same address with another password."""
        username, _ = self.dialler.credentials or ("", "")
        return replace(self.dialler, credentials=(username, password))


async def begin(call: Call) -> Any:
    """Open the socket, send session:new and return the data of its ack.

    Raises:
        CannotConnect, Gone, NoAnswer: If the call does not come about.
    """
    await call.open()
    return await greet(call)


async def greet(call: Call) -> Any:
    """Send session:new on an open socket and return the data of its ack; the call is answered.

    Raises:
        Gone, NoAnswer: If the call does not come about.
    """
    if call.info.direction == "outbound":
        call.info.set_status("in-progress", 200, "OK")
    call.has_call_sid = True
    opening = call.info.opening()
    verbs = await call.ask(Probe("session:new", "", opening, has_call_info=False))
    call.info.set_status("in-progress", 200, "OK")
    await call.send(status())
    return verbs


def status() -> Probe:
    """A call:status with the present state of the call."""
    return Probe("call:status", "", wants="nothing")
