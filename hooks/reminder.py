"""What is said to whom, and what came of each call."""

from dataclasses import dataclass

from app import AmdResult, GatherEnded, Session, Verb, action_hook, gather, hangup, say


@dataclass
class State:
    """What one call has come to."""

    outcome: str = ""


async def note_outcome(session: Session[State], outcome: str) -> None:
    """Keep what came of a call; a real application writes it into its calendar."""
    session.log.info("reminder", outcome=outcome)


def reminder(session: Session[State]) -> str:
    """What the call is about, by the tag that it was made with."""
    about = {"name": "there", "time": "ten", **session.customer_data}
    return (
        f"Hello {about['name']}, this is Harbour Dental. "
        f"Your appointment is tomorrow at {about['time']}."
    )


def ask(session: Session[State]) -> Verb:
    """Remind a person, who says yes or no."""
    return gather(
        input=["speech", "digits"],
        num_digits=1,
        timeout=8,
        say=f"{reminder(session)} Press 1 or say yes if you come, press 2 or say no if not.",
        action_hook=take_answer,
    )


@action_hook
async def who_answered(session: Session[State], found: AmdResult) -> list[Verb]:
    """A person is asked; a machine gets a message, once its greeting is over."""
    match found.type:
        case "amd_machine_detected" | "amd_machine_stopped_speaking" | "amd_stopped":
            return []
        case "amd_tone_detected" | "amd_tone_timeout":
            session.state.outcome = "message left"
            return [say(f"{reminder(session)} Please call us if you cannot come."), hangup()]
    return [ask(session)]  # a person, or nobody can tell


@action_hook
async def take_answer(session: Session[State], heard: GatherEnded) -> list[Verb]:
    """Keep the answer."""
    answer = heard.digits or heard.transcript.lower()
    if answer.startswith(("1", "yes")):
        session.state.outcome = "confirmed"
        return [say("Thank you, see you tomorrow."), hangup()]
    if answer.startswith(("2", "no")):
        session.state.outcome = "cancelled"
        return [say("Thank you, we cancel the appointment."), hangup()]
    session.state.outcome = "no answer given"
    return [say("We did not understand you. Please call us."), hangup()]
