"""What the weather agent can look up, and how it listens to its caller."""

from dataclasses import dataclass
from typing import Literal

from app import (
    AgentEnded,
    Session,
    ToolError,
    TurnEnd,
    Verb,
    action_hook,
    event_hook,
    hangup,
    say,
    tool,
)

# Celsius and sky by city; a real application would ask a weather service here.
FORECASTS: dict[str, tuple[int, str]] = {
    "Portland": (11, "light rain"),
    "Berlin": (7, "overcast"),
    "Lisbon": (19, "sunny"),
    "London": (9, "drizzle"),
    "Nairobi": (24, "partly cloudy"),
    "Paris": (10, "foggy"),
    "Sydney": (22, "clear"),
    "Tokyo": (16, "windy"),
}


@dataclass
class State:
    """What one call remembers; given back when jambonz reconnects."""

    interruptions: int = 0


@tool(timeout=4.0)
async def get_weather(
    city: str, scale: Literal["celsius", "fahrenheit"] = "celsius"
) -> dict[str, object]:
    """Current weather in a city: temperature and sky.

    Args:
        city: City name, for example "Portland".
        scale: Unit the caller asked for.
    """
    forecast = FORECASTS.get(city.strip().title())
    if forecast is None:
        raise ToolError(f"No forecast for {city!r}; ask the caller for a nearby city.")
    celsius, sky = forecast
    temperature = celsius if scale == "celsius" else round(celsius * 9 / 5 + 32)
    return {"city": city.strip().title(), "temperature": temperature, "unit": scale, "sky": sky}


@event_hook
async def answer_shorter_when_interrupted(session: Session[State], turn: TurnEnd) -> None:
    """A caller who keeps interrupting gets shorter answers, and an apology."""
    session.state.interruptions += turn.interrupted
    if turn.interrupted and session.state.interruptions == 3:
        await session.update_instructions("Answer in one short sentence.")
        await session.generate_reply(user_input="Apologise briefly and go on.", interrupt=True)


@action_hook
async def say_goodbye(session: Session[State], ended: AgentEnded) -> list[Verb]:
    """The agent has ended by itself, so the call ends politely."""
    return [say("Thank you for calling. Goodbye."), hangup()]
