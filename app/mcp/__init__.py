"""MCP client: the tools of other programs, over stdio, Streamable HTTP or SSE.

A server is an actor: it connects, lists the tools, takes calls, and connects anew when it was lost.
What happens to it reaches nobody but who calls its tools. The SDK is imported in a thread, when the
first server is started.
"""

from app.mcp.errors import McpError
from app.mcp.server import McpServer
from app.mcp.servers import Servers
from app.mcp.target import Pin
from app.mcp.values import McpResult, McpTool

__all__ = ["McpError", "McpResult", "McpServer", "McpTool", "Pin", "Servers"]
