"""Calls of the twin repeat themselves: the same seed, the same trace, whatever the machine does."""

import asyncio
from random import Random
from typing import Any

import pytest

from app import Agent, Application, Session, TurnEnd, UserTranscript, event_hook, tool
from app.testing import Cordboard, Pace, Timings, Twin
from bench.twin import all_calls, elsewhere
from handlers.weather import weather

CHANCE = Random()


async def dawdle() -> None:
    """Take a while that nobody can foresee."""
    await asyncio.sleep(CHANCE.random() * 0.004)


@event_hook
async def learn(session: Session, said: UserTranscript) -> None:
    await dawdle()
    note = {"role": "system", "content": f"The caller has said {len(said.transcript)} letters."}
    await session.inject_context([note])


@event_hook
async def steer(session: Session, turn: TurnEnd) -> None:
    await dawdle()
    await session.update_instructions(f"You are agent {len(turn.response)}.")


@tool
async def get_weather(city: str) -> dict[str, object]:
    """Weather in a city."""
    await dawdle()
    return {"city": city, "degrees": 3}


steered = Application("/steered")


@steered.session_new
async def answer(_session: Session) -> Agent:
    return Agent(
        instructions="You tell the weather.",
        tools=[get_weather],
        event_hooks=[learn, steer],
        turn_detection="krisp",
        early_generation=True,
    )


@pytest.fixture
def cordboard_applications() -> list[Application[Any, Any]]:
    return [steered, weather]


PACES = [Pace(), Pace(speech_rate=3, timings=Timings.natural())]


@pytest.mark.parametrize("pace", PACES, ids=["at once", "naturally"])
async def test_hooks_of_unforeseeable_speed_leave_the_same_trace(
    cordboard: Cordboard, pace: Pace
) -> None:
    async def trace(seed: int) -> str:
        is_idle = cordboard.calls.is_at_rest
        user = cordboard.settings.ws_user
        async with Twin(
            cordboard.url, clock="virtual", seed=seed, is_idle=is_idle, username=user, pace=pace
        ) as twin:
            call = await twin.call("/steered")
            for city in ("Paris", "Lisbon", "Oslo"):
                assert city in await call.say(f"What is the weather in {city}?")
            assert len(await call.updates(7)) == 7  # after the greeting, and twice in each turn
            await call.hangup()
            return call.trace_hash()

    first, again, once_more, other = [await trace(seed) for seed in (5, 5, 5, 6)]

    assert first == again == once_more != other


async def test_many_calls_to_another_process_leave_the_same_traces() -> None:
    async with elsewhere() as url:
        traces = {(await all_calls(url, 10, 5, None))[2] for _ in range(3)}

    assert len(traces) == 1


async def test_many_calls_in_one_process_leave_the_same_traces(cordboard: Cordboard) -> None:
    is_idle = cordboard.calls.is_at_rest

    traces = {(await all_calls(cordboard.url, 10, 5, is_idle))[2] for _ in range(3)}

    assert len(traces) == 1
