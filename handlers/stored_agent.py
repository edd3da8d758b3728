"""Agents that are kept as data: point a jambonz application at ``wss://HOST/agents/ID``."""

from app import Application, Session, Verb

stored_agent = Application("/agents/{agent_id}", shared=True)


@stored_agent.session_new
async def answer(session: Session) -> list[Verb]:
    """An agent that operators keep as data, by its id."""
    return await session.load_agent(session.path_params["agent_id"])
