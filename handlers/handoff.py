"""An agent that hands over to a person, who is briefed before the caller comes."""

from app import Agent, Application, EnvVars, Session, env_var
from hooks.handoff import after_handoff, hold_music, take_message


class Env(EnvVars):
    """Form fields in the jambonz portal, values in every new call."""

    PERSON: str = env_var("+15085559000", description="Who takes calls over")


handoff = Application("/handoff", env=Env)


@handoff.session_new
async def answer(session: Session[dict[str, object], Env]) -> Agent:
    """A receptionist who transfers warmly to a person, or takes a message."""
    return Agent(
        llm="openai:gpt-4.1-mini",
        stt="deepgram:nova-3-general",
        tts="cartesia:sonic-english",
        instructions="You answer for a law firm. Whoever wants advice is transferred to a lawyer.",
        tools=[take_message],
        handoff={
            "mode": "warm",
            "target": session.env.PERSON,
            "timeout": 20,
            "tool_name": "transfer_to_lawyer",
            "tool_description": "Transfer the caller to a person: a lawyer, who speaks to them.",
            "brief": "auto",
            "confirm": {"prompt": "Press 1 to take the call.", "digit": "1"},
            "on_hold_hook": hold_music,
            "action_hook": after_handoff,
        },
    )
