"""Tools of MCP servers for agents: the server calls them itself, so jambonz need not reach them.

The servers are connected once per process and shared by its calls. A server that is not there
costs its own tools only: an agent starts without them, and has them when the server comes.
"""

from app.mcp_tools.pool import POOL, Pool
from app.mcp_tools.tools import McpTools, mcp_tools

__all__ = ["POOL", "McpTools", "Pool", "mcp_tools"]
