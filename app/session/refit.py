"""A stored agent of a call that another process has begun: its functions are made here again.

A checkpoint holds no functions. Those of applications are found by their names; those of a stored
agent, such as its HTTP tools, are made of its data, in the version that the call keeps.
"""

import asyncio
from typing import TYPE_CHECKING, Any

from app.agent import render
from app.session.awaiting import guarded
from app.session.opening import CallValues
from app.session.stored import AgentAway, AgentSource
from app.session.tool_recovery import begin_held
from app.verbs.render import add_roles

if TYPE_CHECKING:
    from app.session.session import Session
    from app.verbs import Verb

HELD_SECONDS = 8.0
"""How long tool calls wait for their functions. The model waits about 20 s for an output."""
PAUSE = 1.0
"""Seconds between two tries while the store does not answer."""


async def refit(session: "Session[Any, Any]", source: AgentSource) -> None:
    """Make them, and then begin the tool calls that wait for them."""
    held = session._loop.call_later(HELD_SECONDS, begin_held, session._tool_calls)
    try:
        await guarded(session, make_again(session, source))
    finally:
        held.cancel()
    begin_held(session._tool_calls)


async def make_again(session: "Session[Any, Any]", source: AgentSource) -> None:
    """Give a call the hooks and tools of its agent.

    Raises:
        AgentNotFound: It has been deleted.
    """
    rendered = render(await until_made(session, source), values=CallValues(session))
    session._hooks.update(rendered.hooks)
    add_roles(session._roles, rendered.roles)
    for agent in rendered.agents:
        session._agents.refit(agent)


async def until_made(session: "Session[Any, Any]", source: AgentSource) -> "list[Verb]":
    """The verbs of the agent, as soon as the store has it."""
    is_told = False
    while True:
        try:
            return await source.again(session)
        except AgentAway as error:
            if not is_told:
                session.log.warning("agent_not_refitted", reason=str(error))
            is_told = True
        await asyncio.sleep(PAUSE)
