"""Agents as they are sent."""

from typing import Any

from app.store import Tenant, new_id
from app.store.tables.knowledge import BASES
from app.store.types import now

OPENAI = {"provider": "openai", "voice": "sage", "vad": {"type": "server_vad", "threshold": 0.4}}
CASCADED = {
    "stt": "deepgram:nova-3-general",
    "tts": "cartesia:sonic-english",
    "llm": "openai:gpt-4.1",
}


def agent(**changes: Any) -> dict[str, Any]:
    """A whole agent, as it is sent."""
    return {"name": "Front desk", "prompt": "Be brief.", "realtime_config": OPENAI} | changes


def cascaded(**changes: Any) -> dict[str, Any]:
    """The same, run by jambonz."""
    return {"name": "Front desk", "prompt": "Be brief.", "agent_config": CASCADED} | changes


async def make_base(tenant: Tenant) -> str:
    """A knowledge base that can be linked; its id."""
    id_, moment = new_id(), now()
    about = {"id": id_, "title": "Hours", "description": ""}
    times = dict.fromkeys(("changed_at", "created_at", "updated_at"), moment)
    async with tenant.scope.writing() as connection:
        await connection.execute(tenant.scope.insert(BASES).values(**about, **times))
    return id_
