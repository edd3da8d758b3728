"""A shop that records its calls: announced, agreed to, and paused for card numbers."""

from app import Application, Session, Verb
from hooks.recording import Env, State, ask_consent

recording = Application("/recording", state=State, env=Env)


@recording.session_new
async def answer(session: Session[State, Env]) -> list[Verb]:
    """A shop that records with consent, and no card number."""
    return [ask_consent()]
