"""Tools that a call offers over MCP: each offer has an address that nobody can guess."""

import base64
import hmac
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from app.agent import McpServer
from app.protocol import ConfigurationError
from app.tool import Tool

if TYPE_CHECKING:
    from app.session.live import LiveCall

MAX_OFFERS = 32
HALF = 24
"""Characters of 18 bytes, which nobody guesses."""
HERE = frozenset({"localhost", "127.0.0.1", "::1"})

Tools = Mapping[str, Tool[..., Any]]


class Offers:
    """What one call offers, by the last part of the address."""

    __slots__ = ("by_token",)

    def __init__(self) -> None:
        self.by_token: dict[str, Tools] = {}

    def add(self, token: str, tools: Tools) -> None:
        """Offer tools under a token. The oldest of many offers is dropped."""
        self.by_token[token] = tools
        if len(self.by_token) > MAX_OFFERS:
            del self.by_token[next(iter(self.by_token))]

    def find(self, token: str) -> Tools | None:
        """The tools behind a token. Looks at all of them, so that time tells nothing."""
        given, found = token.encode(), None
        for known, tools in self.by_token.items():
            if hmac.compare_digest(given, known.encode()):
                found = tools
        return found


def offer(session: "LiveCall[Any, Any]", tools: Sequence[Tool[..., Any]]) -> McpServer:
    """Offer tools of a call, and give the server that the agent verb is to name.

    Raises:
        ConfigurationError: They are no tools, or two of them share a name.
    """
    named = by_name(tools)
    token = token_of(session._runtime.secret, session.key, named)
    session._offers.add(token, named)
    base = session._runtime.base_url
    if urlsplit(base).hostname in HERE and session._runtime.is_news("mcp_offered_here"):
        session.log.info(
            "mcp_offered_here",
            server=base,
            advice="only a jambonz on this machine reaches that; else set CORDBOARD_PUBLIC_URL",
        )
    return McpServer(url=f"{base}/mcp/tools/{quote(session.key, safe='')}/{token}")


def token_of(secret: bytes, key: str, names: Iterable[str]) -> str:
    """What proves that an address was given by us.

    The same for the same tools of a call, so that jambonz finds them again after a restart, when
    the handler of the call has offered them anew. The first half proves it for the call alone, to a
    node that does not have it.
    """
    return _proof(secret, key) + _proof(secret, "\0".join((key, *sorted(names))))


def is_of_call(secret: bytes, key: str, token: str) -> bool:
    """Whether one of our nodes has given an address to a call."""
    proof = _proof(secret, key).encode()
    return hmac.compare_digest(proof, token[:HALF].encode("utf-8", "surrogateescape"))


def _proof(secret: bytes, text: str) -> str:
    digest = hmac.digest(secret, text.encode("utf-8", "surrogateescape"), "sha256")
    return base64.urlsafe_b64encode(digest[: HALF // 4 * 3]).decode()


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
