"""A stored agent of a call that another process has begun: its functions are made here again.

A checkpoint holds no functions. Those of applications are found by their names; those of a stored
agent, such as its HTTP tools, are made of its data, in the version that the call keeps.
"""

import asyncio
from typing import TYPE_CHECKING, Any, cast

from app.agent import render
from app.session.awaiting import guarded
from app.session.opening import CallValues
from app.session.stored import AgentAway, Recalled
from app.session.tool_recovery import begin_held
from app.verbs.render import add_roles

if TYPE_CHECKING:
    from app.session.live import LiveCall
    from app.session.session import Session

WITHIN = 1.0
"""Seconds that jambonz waits for this before its reconnect is acked: it hangs up after 5."""
HELD_SECONDS = 8.0
"""How long tool calls wait for their functions. The model waits about 20 s for an output."""
PAUSE = 1.0
"""Seconds between two tries while the store does not answer."""


async def recall(session: "LiveCall[Any, Any]") -> Recalled | None:
    """The stored agent of a call, fitted to it; None where it has none, or none can be had now."""
    if not has_stored(session):
        return None
    try:
        async with asyncio.timeout(WITHIN):
            return await make(session)
    except (AgentAway, TimeoutError) as error:
        session.log.warning("agent_not_refitted", reason=str(error) or f"slower than {WITHIN} s")
    except Exception as error:
        session._failed("agent", None, error)
    return None


def go_on(session: "LiveCall[Any, Any]", recalled: Recalled | None) -> None:
    """Go on with what ran; where the stored agent is still to be had, as soon as it is."""
    if recalled is not None:
        recalled.go_on(cast("Session[Any, Any]", session))
    elif has_stored(session):
        session._start(recall_later(session))
        if session.agent is not None and session.agent.raw_tools:
            return  # tool calls wait for their functions
    session._tool_calls.resume()


def has_stored(session: "LiveCall[Any, Any]") -> bool:
    """Whether a stored agent answers a call."""
    return session.stored_version is not None and session._runtime.agents is not None


async def recall_later(session: "LiveCall[Any, Any]") -> None:
    """Try until the stored agent is there; tool calls wait for a while."""
    held = session._loop.call_later(HELD_SECONDS, begin_held, session._tool_calls)
    try:
        await guarded(session, keep_trying(session))
    finally:
        held.cancel()
    session._tool_calls.resume()


async def keep_trying(session: "LiveCall[Any, Any]") -> None:
    """Make the functions of a stored agent as soon as the store answers."""
    while True:
        try:
            recalled = await make(session)
        except AgentAway:
            await asyncio.sleep(PAUSE)
        else:
            recalled.go_on(cast("Session[Any, Any]", session))
            return


async def make(session: "LiveCall[Any, Any]") -> Recalled:
    """Give a call the hooks and tools of its stored agent.

    Raises:
        AgentAway: It cannot be read now.
        AgentNotFound: It has been deleted.
    """
    source, version = session._runtime.agents, session.stored_version
    assert source is not None
    assert version is not None
    recalled = await source.recall(cast("Session[Any, Any]", session), version)
    rendered = render(recalled.verbs, values=CallValues(session))
    session._hooks.update(rendered.hooks)
    add_roles(session._roles, rendered.roles)
    for agent in rendered.agents:
        session._agents.refit(agent)
    return recalled
