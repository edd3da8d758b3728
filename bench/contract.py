"""The application of the shared load harness, on Cordboard: ``python -m bench.contract``.

It answers the contract that every measured server of the field answers: an agent with one tool,
whose output says how many turns the call has had, and which may inject context first. Address and
path come from ``PORT`` and ``WS_PATH``; validation, logs of level info and metrics are on.
"""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass

from app import Agent, Application, Session, TurnEnd, event_hook, logs, server, stalls, tool
from app.settings import Settings
from app.store import Store

INSTRUCTIONS = (
    "You are a helpful voice assistant. You can look up the weather with the get_weather tool. "
    "Answer in short plain sentences, without markdown, bullets or asterisks."
)


@dataclass
class State:
    """What a call remembers: the turns that it had."""

    turns: int = 0


@tool
async def get_weather(
    session: Session[State], city: str, day: int, push: bool = False
) -> dict[str, object]:
    """Get the weather of a city on a day of this month.

    Args:
        session: The call.
        city: Name of the city, for example Lisbon.
        day: Day of the month.
        push: Whether to tell the model of the city first.
    """
    if push:
        await session.inject_context(f"The caller is asking about {city}.")
    temperature = 10 + day % 20
    return {"city": city, "temp_c": temperature, "unit": "celsius", "turns": session.state.turns}


@event_hook
async def count(session: Session[State], turn: TurnEnd) -> None:
    """Count a turn."""
    session.state.turns += 1


contract = Application(os.environ.get("WS_PATH", "/agent"), state=State)
WEATHER = Agent(
    llm={"vendor": "openai", "model": "gpt-4.1-mini"},
    stt={
        "vendor": "deepgram",
        "language": "en-US",
        "deepgramOptions": {"model": "nova-3-general"},
    },
    tts={"vendor": "cartesia", "voice": "9626c31c-bec5-4cca-baa8-f8ba9e84c8bc"},
    instructions=INSTRUCTIONS,
    max_tokens=512,
    temperature=0.4,
    tools=[get_weather],
    event_hooks=[count],
    turn_detection="krisp",
    early_generation=True,
    barge_in={"enable": True},
)


@contract.session_new
async def answer(session: Session[State]) -> Agent:
    """Answer with the same agent every time."""
    return WEATHER


async def serve(
    port: int, on_listening: Callable[[int], object], store: Store | None = None
) -> None:
    """Serve until the process is told to stop, as ``cordboard serve`` does."""
    settings = Settings(port=port, log_level="info", log_format="json", allow_anonymous=True)
    logs.configure(settings)
    parts = [stalls.setup]
    await server.run(settings, [contract], on_listening=on_listening, store=store, parts=parts)


if __name__ == "__main__":
    try:
        import uvloop

        runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
    except ImportError:
        runner = asyncio.Runner()
    with runner:
        runner.run(serve(int(os.environ.get("PORT", "3000")), print))
