"""A weather agent: the sample of the README."""

from typing import Literal

from app import Agent, Application, EnvVars, Session
from hooks.weather import State, answer_shorter_when_interrupted, get_weather, say_goodbye


class Env(EnvVars):
    """Form fields in the jambonz portal, values in every new call."""

    LLM_MODEL: Literal["openai:gpt-4.1-mini", "anthropic:claude-haiku-4-5"] = "openai:gpt-4.1-mini"
    """Language model, as vendor:model."""
    VOICE: str = "cartesia:sonic-english"
    """Voice, as vendor:voice."""


weather = Application("/weather", state=State, env=Env)


@weather.session_new
async def answer(session: Session[State, Env]) -> Agent:
    """A weather agent with a tool."""
    return Agent(
        llm=session.env.LLM_MODEL,
        stt="deepgram:nova-3-general",
        tts=session.env.VOICE,
        instructions="You are a friendly weather assistant. Use the tool; never guess.",
        tools=[get_weather],
        event_hooks=[answer_shorter_when_interrupted],
        action_hook=say_goodbye,
        turn_detection="krisp",
        early_generation=True,
    )
