"""What a bank's caller may do: nothing before the PIN, and then only with their own account."""

from dataclasses import dataclass
from secrets import compare_digest
from typing import Annotated

from pydantic import Field

from app import Session, ToolError, tool

MAX_WRONG_PINS = 3


@dataclass
class Account:
    """An account."""

    pin: str
    balance: float


# By telephone number; a real bank has them elsewhere, and no PIN in clear.
ACCOUNTS = {"+15085551212": Account("4321", 250.0)}


@dataclass
class State:
    """What one call has proved. A model can be talked into anything; this can not."""

    account: Account | None = None
    wrong_pins: int = 0

    def verified(self) -> Account:
        """The caller's account; every tool asks again, whatever tools were offered."""
        if self.account is None:
            raise ToolError("The caller is not verified; ask for the PIN.")
        return self.account


@tool
async def verify_pin(session: Session[State], pin: str) -> str:
    """Verify the caller by their PIN.

    Args:
        pin: The four digits, for example "1234".
    """
    state, account = session.state, ACCOUNTS.get(session.from_)
    if state.wrong_pins >= MAX_WRONG_PINS:
        raise ToolError("Too many wrong PINs; say that the caller must come to a branch.")
    if account is None or not compare_digest(pin.encode(), account.pin.encode()):
        state.wrong_pins += 1
        raise ToolError("The PIN is wrong; ask for it again.")
    state.account = account
    await session.update_tools([get_balance, transfer_money])
    return "The PIN is right. What can I do for you?"


@tool
async def get_balance(session: Session[State]) -> dict[str, object]:
    """Balance of the caller's account, in dollars."""
    return {"balance": session.state.verified().balance}


@tool
async def transfer_money(
    session: Session[State], amount: Annotated[float, Field(gt=0)], recipient: str
) -> str:
    """Transfer money from the caller's account.

    Args:
        amount: Dollars, for example 50.
        recipient: Name of who gets the money, for example "Alex".
    """
    account = session.state.verified()
    if amount > account.balance:
        raise ToolError(f"There are only {account.balance:g} dollars in the account.")
    account.balance -= amount
    return f"{amount:g} dollars went to {recipient}."
