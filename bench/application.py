"""The application that is measured: an agent with one tool and one event hook."""

from app import Agent, Application, Session, TurnEnd, event_hook, tool

AGENT = {
    "stt": {"vendor": "deepgram", "deepgramOptions": {"model": "nova-3-general"}},
    "tts": {"vendor": "cartesia", "voice": "sonic-english"},
    "llm": {
        "vendor": "openai",
        "model": "gpt-4.1-mini",
        "llmOptions": {"systemPrompt": "You are a friendly weather assistant. " * 10},
    },
    "toolHook": "/tools",
    "eventHook": "/events",
}

bench = Application("/bench")


@tool
async def get_weather(city: str, day: int) -> dict[str, int]:
    """Weather of a city.

    Args:
        city: City name.
        day: Day of the month.
    """
    return {"temperature": 10 + day % 20}


@event_hook
async def count(session: Session[dict[str, int]], turn: TurnEnd) -> None:
    """Count turns, as the smallest thing that an event hook does."""
    session.state["turns"] = session.state.get("turns", 0) + 1


WEATHER = Agent(
    llm="openai:gpt-4.1-mini",
    stt="deepgram:nova-3-general",
    tts="cartesia:sonic-english",
    instructions="You are a friendly weather assistant. " * 10,
    tools=[get_weather],
    event_hooks=[count],
)


@bench.session_new
async def answer(session: Session) -> Agent:
    """Answer with the same agent every time."""
    return WEATHER
