"""Lets calls be answered by agents that are kept in the store."""

from aiohttp import web

from app.keys import CALLS, SETTINGS, STORE, VAULT
from app.store import Tenant
from app.stored import BUILDERS, StoredAgents, key_in

__all__ = ["serve_stored_agents"]


def serve_stored_agents(web_app: web.Application) -> None:
    """Give the calls of a node its stored agents."""
    keys = web_app[SETTINGS].llm_keys

    async def key_of(_tenant: Tenant, vendor: str) -> str | None:
        return key_in(keys, vendor)

    agents = StoredAgents(web_app[STORE], web_app[VAULT], keys=key_of, builders=BUILDERS)
    web_app[CALLS].runtime.agents = agents
