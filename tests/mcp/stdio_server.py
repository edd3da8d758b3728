"""An MCP server on standard input and output, for tests."""

import os
import signal
import sys
import time
from pathlib import Path

from mcp.server.mcpserver import Context, MCPServer

server = MCPServer("by command")


@server.tool()
def double(number: int) -> int:
    """Twice a number."""
    return number * 2


@server.tool()
def environment(name: str) -> str:
    """A variable of this process."""
    return os.environ.get(name, "")


@server.tool()
async def where(context: Context) -> str:
    """The first folder that the client offers."""
    roots = await context.session.list_roots()
    return str(roots.roots[0].uri)


@server.tool(name="odd name/with: signs")
def odd() -> str:
    """A tool with a name that models refuse."""
    return "odd"


@server.tool()
def process() -> int:
    """Its number."""
    return os.getpid()


@server.tool()
def die() -> str:
    """End this process without an answer."""
    os._exit(3)


if __name__ == "__main__":
    print("a word on the way", file=sys.stderr)
    if "--crash" in sys.argv:
        sys.exit("no licence found")
    pid_file = os.environ.get("PIDFILE", "")
    if pid_file:
        Path(pid_file).write_text(str(os.getpid()))
    server.run("stdio")
    while pid_file == "deaf":  # its input has ended, and it stays
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(60)
