"""The personas of one agent: each has its instructions and its tools."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from app import Session, Tool, ToolError, tool

PRICES = {"chair": 80, "lamp": 45, "table": 240}
TICKETS = {"1001": "waits for a spare part", "1002": "is solved"}


@dataclass(frozen=True, slots=True)
class Persona:
    """Who the agent is, and what it may do as such."""

    instructions: str
    tools: Sequence[Tool[..., Any]]


@tool
async def connect_to(session: Session, department: Literal["sales", "support", "reception"]) -> str:
    """Connect the caller to another department.

    Args:
        department: Department that the caller needs.
    """
    persona = PERSONAS[department]
    await session.update_tools(persona.tools)
    await session.update_instructions(persona.instructions)
    return f"You are connected to {department} now. How can I help?"


@tool
async def get_price(article: Literal["chair", "lamp", "table"]) -> str:
    """Price of an article: what it costs, in dollars.

    Args:
        article: What the caller asks for.
    """
    return f"A {article} costs {PRICES[article]} dollars."


@tool
async def get_ticket(ticket_number: str) -> str:
    """State of a support ticket.

    Args:
        ticket_number: Number of the ticket, for example "1001".
    """
    if ticket_number not in TICKETS:
        raise ToolError(f"There is no ticket {ticket_number}; ask for the number again.")
    return f"Ticket {ticket_number} {TICKETS[ticket_number]}."


PERSONAS = {
    "reception": Persona(
        "You are the receptionist of a furniture shop. Connect the caller to a department.",
        [connect_to],
    ),
    "sales": Persona(
        "You are the sales desk of a furniture shop. Name no price without the tool.",
        [get_price, connect_to],
    ),
    "support": Persona(
        "You are the support desk of a furniture shop. Ask for the number of the ticket.",
        [get_ticket, connect_to],
    ),
}
