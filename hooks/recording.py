"""When a call is recorded: after consent, and never while a card number is said."""

from dataclasses import dataclass

from app import (
    Agent,
    AgentEnded,
    EnvVars,
    GatherEnded,
    Session,
    Verb,
    action_hook,
    env_var,
    gather,
    hangup,
    say,
    tool,
)


class Env(EnvVars):
    """Form fields in the jambonz portal, values in every new call."""

    RECORDER: str = env_var("sip:recorder@192.0.2.10", description="SIPREC server")


@dataclass
class State:
    """What one call remembers."""

    is_recorded: bool = False


def ask_consent() -> Verb:
    """Announce the recording before it begins."""
    return gather(
        input=["speech", "digits"],
        num_digits=1,
        timeout=8,
        say="We record calls to train our staff. If you agree, press 1 or say yes.",
        action_hook=take_consent,
    )


@action_hook
async def take_consent(session: Session[State, Env], heard: GatherEnded) -> list[Verb]:
    """Record those who agree; serve everybody."""
    if (heard.digits or heard.transcript.lower()).startswith(("1", "yes")):
        session.state.is_recorded = True
        await session.record("start", siprec_server_url=session.env.RECORDER)
        return [say("Thank you, this call is recorded."), shop]
    return [say("This call is not recorded."), shop]


@tool
async def pay_by_card(session: Session[State, Env]) -> str:
    """Let the caller pay by card."""
    if session.state.is_recorded:
        await session.record("pause")
    await session.update_tools([charge_card])  # a card number is taken only from here on
    return "What is your card number?"


@tool
async def charge_card(session: Session[State, Env], card_number: str) -> str:
    """Charge a card.

    Args:
        card_number: All digits of the card number.
    """
    if session.state.is_recorded:
        await session.record("resume")
    await session.update_tools([pay_by_card, stop_recording])
    return f"The card that ends in {card_number[-4:]} is charged."


@tool
async def stop_recording(session: Session[State, Env]) -> str:
    """Stop recording, where the caller no longer agrees."""
    if session.state.is_recorded:
        session.state.is_recorded = False
        await session.record("stop")
    return "This call is no longer recorded."


@action_hook
async def say_goodbye(session: Session[State, Env], ended: AgentEnded) -> list[Verb]:
    """The recording ends before the call does."""
    await stop_recording(session)
    return [say("Thank you for your order. Goodbye."), hangup()]


shop = Agent(
    llm="openai:gpt-4.1-mini",
    stt="deepgram:nova-3-general",
    tts="cartesia:sonic-english",
    instructions="You take orders for a furniture shop.",
    tools=[pay_by_card, stop_recording],
    action_hook=say_goodbye,
    no_response_timeout=10,
    no_response_max_prompts=1,
)
