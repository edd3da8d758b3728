"""What each organisation has in the store: something of every kind, made over REST by its owner."""

from typing import Any

import orjson

from tests.tenants.filling import AGENT, Filled
from tests.tenants.party import Party


async def seed(party: Party) -> None:
    """Make it, and keep the ids."""
    agent = {**AGENT, "name": f"Agent of {party.name}", "prompt": f"Secret of {party.name}"}
    party.ids["agent_id"] = await make(party, "/api/agents", agent)


async def make(party: Party, path: str, body: dict[str, Any]) -> str:
    """Make something; its id."""
    answer = await party.ask(Filled("POST", path, orjson.dumps(body)))
    assert answer.status == 201, answer
    made_id: str = orjson.loads(answer.text)["id"]
    return made_id
