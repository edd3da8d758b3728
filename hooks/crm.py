"""What the CRM knows of a caller, told to the agent in the midst of the call."""

from dataclasses import dataclass

from app import AgentResponse, Session, UserTranscript, event_hook


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer, as far as an agent may know."""

    name: str
    tier: str
    last_order: str


# By telephone number; a real application would ask its CRM in find_customer.
CUSTOMERS = {
    "+15085551212": Customer("Sarah Mitchell", "gold", "a garden table, delivered on Monday"),
    "+15085553434": Customer("James Okafor", "silver", "two lamps, on their way"),
}


@dataclass
class State:
    """What one call remembers."""

    is_looked_up: bool = False


async def find_customer(number: str) -> Customer | None:
    """Who has this number."""
    return CUSTOMERS.get(number)


@event_hook
async def look_caller_up(session: Session[State], event: AgentResponse | UserTranscript) -> None:
    """Ask the CRM once, at the greeting: the caller does not wait for it."""
    if session.state.is_looked_up:
        return
    session.state.is_looked_up = True
    customer = await find_customer(session.from_)
    if customer is not None:
        await session.inject_context(
            f"The caller's name is {customer.name}, {customer.tier} member. "
            f"Their last order: {customer.last_order}. "
            "A number can be forged, so ask for the order's number before you change anything."
        )
