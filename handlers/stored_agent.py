"""Agents that are kept as data: point a jambonz application at ``wss://HOST/agents/ID``."""

from app import AgentNotFound, Application, Session, Verb, hangup, say

stored_agent = Application("/agents/{agent_id}", shared=True)


@stored_agent.session_new
async def answer(session: Session) -> list[Verb]:
    """An agent that operators keep as data, by its id."""
    try:
        return await session.load_agent(session.path_params["agent_id"])
    except AgentNotFound as error:  # a wrong URL in the portal is no fault of the code
        session.log.warning("agent_not_found", error=str(error))
        return [say(session.application.apology), hangup()]
