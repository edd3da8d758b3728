"""Lets calls be answered by agents that are kept in the store."""

from collections.abc import AsyncIterator

from aiohttp import web

from app.keys import CALLS, LIBRARIAN, OUTWARD, SETTINGS, STORE, STORED_AGENTS, VAULT
from app.stored import CallHooks, Outfitter, StoredAgents

__all__ = ["setup_stored_agents"]


def setup_stored_agents(web_app: web.Application) -> None:
    """Give the calls of a node its stored agents."""
    vault, outward = web_app[VAULT], web_app[OUTWARD]
    hooks = CallHooks(outward)
    keys, librarian = web_app[SETTINGS].llm_keys, web_app[LIBRARIAN]
    outfitter = Outfitter(outward, vault, keys, librarian)
    agents = StoredAgents(web_app[STORE], vault, outfitter, hooks)
    web_app[CALLS].runtime.agents = web_app[STORED_AGENTS] = agents

    async def let_hooks_go(_web_app: web.Application) -> AsyncIterator[None]:
        yield
        await hooks.close()

    web_app.cleanup_ctx.append(let_hooks_go)
