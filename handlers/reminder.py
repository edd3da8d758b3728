"""Calls that go out: a person is asked to confirm, a machine gets a message, all else is noted.

jambonz places them: POST …/v1/Accounts/ACCOUNT_SID/Calls at its own REST API, with the
`application_sid` of this application, and as `tag` what the call is about:
{"name": "Sarah", "time": "nine"}.
"""

from app import Application, CallStatus, Session, Verb, config, pause
from hooks.reminder import State, ask, note_outcome, who_answered

reminder = Application("/reminder", state=State)


@reminder.call_status
async def follow(session: Session[State], status: CallStatus) -> None:
    """Every call ends here, also one that nobody answers: `session_new` never sees that."""
    if status.is_final:
        await note_outcome(session, session.state.outcome or status.call_status)


@reminder.session_new
async def answer(session: Session[State]) -> list[Verb]:
    """Outbound reminders, for people and for answering machines."""
    if session.direction == "inbound":  # somebody calls back
        return [ask(session)]
    return [config(amd={"action_hook": who_answered}), pause(30)]
