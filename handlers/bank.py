"""A bank's agent whose tools grow with what it has learnt."""

from app import Agent, Application, Session
from hooks.bank import State, verify_pin

bank = Application("/bank", state=State)


@bank.session_new
async def answer(session: Session[State]) -> Agent:
    """A bank that offers its tools once the PIN is verified."""
    return Agent(
        llm="openai:gpt-4.1-mini",
        stt="deepgram:nova-3-general",
        tts="cartesia:sonic-english",
        instructions="You are the telephone desk of a bank. Ask for the PIN before anything else.",
        tools=[verify_pin],
    )
