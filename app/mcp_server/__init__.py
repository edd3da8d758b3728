"""The MCP edge: assistants see, follow and steer calls, and jambonz calls an application's tools.

The SDK is imported when somebody first comes, so that a server which nobody asks starts without it.
"""

from typing import Final

from aiohttp import web

from app.mcp_server.edge import Edge

__all__ = ["MCP", "setup", "setup_private"]

MCP: Final = web.AppKey("mcp", Edge)


def setup(web_app: web.Application) -> None:
    """Add ``/mcp`` and what is below it to a server that has its REST API."""
    edge = web_app[MCP] = Edge()
    setup_private(web_app)
    web_app.on_shutdown.append(edge.hurry)
    web_app.on_cleanup.append(edge.close)


def setup_private(web_app: web.Application) -> None:
    """Add the routes alone, to an application that has the edge already."""
    edge, offered = web_app[MCP], "/mcp/tools/{key}/{token}"
    web_app.router.add_route("*", "/mcp", edge.control)
    web_app.router.add_route("*", offered, edge.tools)
    web_app.router.add_route("*", f"{offered}/messages", edge.tools)
