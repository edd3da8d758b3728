"""A support desk with tools of its own, of a local MCP server, and of one that jambonz calls."""

from app import Agent, Application, EnvVars, Session, env_var
from hooks.mcp import manual, open_ticket


class Env(EnvVars):
    """Form fields in the jambonz portal, values in every new call."""

    MCP_URL: str = ""
    """MCP server that jambonz can reach, by SSE or Streamable HTTP."""
    MCP_KEY: str = env_var("", description="Its API key, if it wants one", obscure=True)


mcp = Application("/with-mcp", env=Env)


@mcp.session_new
async def answer(session: Session[dict[str, object], Env]) -> Agent:
    """A support agent with the tools of MCP servers beside its own."""
    await manual.ready(3)  # there already, unless this is the first call after the start
    url, key = session.env.MCP_URL, session.env.MCP_KEY
    return Agent(
        llm="openai:gpt-4.1-mini",
        stt="deepgram:nova-3-general",
        tts="cartesia:sonic-english",
        instructions="You are the support desk. Search the manual; open a ticket if that fails.",
        mcp_servers=[{"url": url} | ({"auth": {"apiKey": key}} if key else {})] if url else None,
        tools=[open_ticket, manual],
    )
