"""The tools of a support desk: one of its own, and those of a program that speaks MCP."""

import sys
from itertools import count
from pathlib import Path

from app import mcp_tools, tool

numbers = count(1001)

manual = mcp_tools(
    [sys.executable, "-P", str(Path(__file__).with_name("manual_server.py"))],
    only=["search_manual"],
    filler="I am looking that up.",
)


@tool
async def open_ticket(problem: str) -> str:
    """Open a ticket for what does not work, where the manual does not help.

    Args:
        problem: What does not work, in the caller's words.
    """
    return f"Ticket {next(numbers)} is open; somebody calls back within a day."
