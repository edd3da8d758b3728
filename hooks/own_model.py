"""Hear, ask the model, speak while it still writes; a caller who talks over it cuts it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from app import EnvVars, GatherEnded, Session, Verb, action_hook, gather
from app.llm import ChatMessage, ChatRequest, Event, Token, connect

INSTRUCTIONS = "You are Robin, a patient assistant. Answer in two sentences."


class Env(EnvVars):
    """Form fields in the jambonz portal, values in every new call."""

    MODEL: str = "offline"
    """Language model, as vendor:model; offline needs no key."""


@dataclass
class State:
    """The conversation so far."""

    history: list[ChatMessage] = field(default_factory=list)


def listen() -> Verb:
    """Wait for the caller, also while something is being spoken."""
    return gather(input=["speech"], bargein=True, timeout=15, action_hook=reply)


@action_hook
async def reply(session: Session[State, Env], heard: GatherEnded) -> list[Verb]:
    """Begin to answer, and listen at the same time."""
    if heard.transcript:
        session.state.history.append(ChatMessage("user", heard.transcript))
        session.tts.start(ask_model(session))
    else:
        session.tts.start("Are you still there?")
    return [listen()]


async def ask_model(session: Session[State, Env]) -> AsyncIterator[Event]:
    """The model's answer; closed where the caller cuts it, and remembered as far as it came."""
    history, said = session.state.history, ""
    request = ChatRequest(INSTRUCTIONS, tuple(history))
    try:
        async for event in connect(session.env.MODEL).stream(request):
            said += event.text if isinstance(event, Token) else ""
            yield event
    finally:
        if said:
            history.append(ChatMessage("assistant", said))
