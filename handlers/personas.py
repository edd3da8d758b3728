"""One voice, several personas: a tool changes instructions and tools as one."""

from app import Agent, Application, Session
from hooks.personas import PERSONAS

personas = Application("/personas")


@personas.session_new
async def answer(session: Session) -> Agent:
    """A receptionist who turns into sales or support, with other tools."""
    reception = PERSONAS["reception"]
    return Agent(
        llm="openai:gpt-4.1-mini",
        stt="deepgram:nova-3-general",
        tts="cartesia:sonic-english",
        instructions=reception.instructions,
        tools=reception.tools,
    )
