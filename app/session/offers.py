"""Tools that a call offers over MCP: each offer has an address that nobody can guess."""

import hmac
import secrets
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from app.agent import McpServer
from app.protocol import ConfigurationError
from app.tool import Tool

if TYPE_CHECKING:
    from app.session.live import LiveCall

MAX_OFFERS = 32
HERE = frozenset({"localhost", "127.0.0.1", "::1"})

Tools = Mapping[str, Tool[..., Any]]


class Offers:
    """What one call offers, by the last part of the address."""

    __slots__ = ("_by_token",)

    def __init__(self) -> None:
        self._by_token: dict[str, Tools] = {}

    def add(self, tools: Tools) -> str:
        """Offer tools; gives the token of their address. The oldest of many offers is dropped."""
        token = secrets.token_urlsafe(24)
        self._by_token[token] = tools
        if len(self._by_token) > MAX_OFFERS:
            del self._by_token[next(iter(self._by_token))]
        return token

    def find(self, token: str) -> Tools | None:
        """The tools behind a token. Looks at all of them, so that time tells nothing."""
        given, found = token.encode(), None
        for known, tools in self._by_token.items():
            if hmac.compare_digest(given, known.encode()):
                found = tools
        return found


def offer(session: "LiveCall[Any, Any]", tools: Sequence[Tool[..., Any]]) -> McpServer:
    """Offer tools of a call, and give the server that the agent verb is to name.

    Raises:
        ConfigurationError: They are no tools, or two of them share a name.
    """
    named = by_name(tools)
    token = session._offers.add(named)
    base = session._runtime.base_url
    if urlsplit(base).hostname in HERE and session._runtime.is_news("mcp_offered_here"):
        session.log.info(
            "mcp_offered_here",
            server=base,
            advice="only a jambonz on this machine reaches that; else set CORDBOARD_PUBLIC_URL",
        )
    return McpServer(url=f"{base}/mcp/tools/{quote(session.call_sid, safe='')}/{token}")


def by_name(tools: Sequence[Tool[..., Any]]) -> Tools:
    """The tools by their names."""
    named: dict[str, Tool[..., Any]] = {}
    for tool in tools:
        if not isinstance(tool, Tool):
            raise ConfigurationError(f"mcp_server: expected functions with @tool; got {tool!r:.80}")
        if named.setdefault(tool.name, tool) is not tool:
            raise ConfigurationError(
                f"mcp_server: two tools are called {tool.name!r}; rename one by "
                '.with_options(name="…")'
            )
    return named
