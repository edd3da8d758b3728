"""What the tests of records stand on: a node with a store, on both engines."""

from collections.abc import Sequence
from typing import Any

import pytest

from app import Agent, Application, Session, TurnEnd, event_hook, tool
from app.keys import RECORDER
from app.records import Recorder, Story, read_entries, tell
from app.store import Store, Tenant
from app.store.calls import Call
from app.testing import Cordboard

desk = Application("/desk")


@tool
def look_up_order(number: str) -> dict[str, str]:
    """State of an order."""
    if number == "0":
        raise RuntimeError("the warehouse is closed")
    return {"number": number, "state": "shipped"}


@event_hook
async def be_brief(session: Session, turn: TurnEnd) -> None:
    """Steer the agent from code, once it was interrupted."""
    if turn.interrupted:
        await session.update_instructions("Be brief.")


@desk.session_new
async def take(_: Session) -> Agent:
    """Answer with an agent that has a tool."""
    return Agent(
        llm="openai:gpt-4.1-mini",
        stt="deepgram:nova-3",
        tts="cartesia:sonic",
        instructions="Be kind.",
        tools=[look_up_order],
        event_hooks=[be_brief],
    )


@pytest.fixture
def cordboard_applications() -> Sequence[Application[Any, Any]]:
    """What is called."""
    return [desk]


@pytest.fixture
def cordboard_store(store: Store) -> Store:
    """Where its records go."""
    return store


@pytest.fixture
def recorder(cordboard: Cordboard) -> Recorder:
    """Who writes them."""
    return cordboard.app[RECORDER]


async def record_of(recorder: Recorder, tenant: Tenant, call_sid: str) -> tuple[Call, Story]:
    """The record of a call once all of it is written."""
    assert await recorder.settle(call_sid, patience=10)
    call = await tenant.calls.get(call_sid)
    assert call is not None
    entries = read_entries(await tenant.calls.parts(call_sid))
    return call, tell(entries, is_over=call.status != "live")
