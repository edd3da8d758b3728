"""A front desk that knows who calls: the CRM is asked while the greeting is heard."""

from app import Agent, Application, Session
from hooks.crm import State, look_caller_up

crm = Application("/crm", state=State)


@crm.session_new
async def answer(session: Session[State]) -> Agent:
    """A front desk that learns from the CRM who calls."""
    return Agent(
        llm="openai:gpt-4.1-mini",
        stt="deepgram:nova-3-general",
        tts="cartesia:sonic-english",
        instructions="You are the front desk of a furniture shop. The call comes from {{from}}.",
        event_hooks=[look_caller_up],
    )
