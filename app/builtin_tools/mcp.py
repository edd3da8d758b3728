"""The tools of MCP servers that operators name, as tools of an agent."""

from collections.abc import Mapping, Sequence

from app.builtin_tools.built import Built
from app.mcp_tools import McpTools
from app.outward import Outward, check_url
from app.tool import ToolOptions

TIMEOUT = 4.0
LATE_LIMIT = 30.0


def build_mcp_tools(
    url: str,
    outward: Outward,
    *,
    headers: Mapping[str, str] | None = None,
    only: Sequence[str] | None = None,
    prefix: str = "",
) -> Built:
    """The tools of a server, which is connected to only where ``outward`` may go.

    Until it is connected it has none; an agent that runs gets them when it is.

    Args:
        url: Of the server.
        outward: Whose rules count.
        headers: Sent with each request.
        only: Names of the tools to offer; all without it.
        prefix: Put before each name.

    Raises:
        OutwardError: The URL is none that may be asked.
    """
    check_url(url, outward.allowed)
    server = {
        "target": url,
        "auth": {"headers": dict(headers or {})},
        "pin": outward.pin,
        "timeout": LATE_LIMIT,
    }
    options: ToolOptions = {"timeout": TIMEOUT, "late_limit": LATE_LIMIT}
    return Built(McpTools(server, only=only, prefix=prefix, options=options))
