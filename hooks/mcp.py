"""The one tool that the MCP server does not have."""

from itertools import count

from app import tool

numbers = count(1001)


@tool
async def open_ticket(problem: str) -> str:
    """Open a ticket for what does not work, where the manual does not help.

    Args:
        problem: What does not work, in the caller's words.
    """
    return f"Ticket {next(numbers)} is open; somebody calls back within a day."
