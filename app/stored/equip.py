"""The tools of a stored agent: each builder is asked for what the agent has switched on."""

from collections.abc import Sequence

from app.builtin_tools import Built, Target, build_end_call, build_transfer_call
from app.stored.source import Builder, Order

__all__ = ["BUILDERS"]


async def end_call(order: Order) -> Sequence[Built]:
    """The model may end the call."""
    return [build_end_call()] if order.data.tools.end_call else []


async def transfer_call(order: Order) -> Sequence[Built]:
    """The model may hand the caller over to one of the targets."""
    if not order.data.tools.transfer_call:
        return []
    targets = [
        Target(one.number, one.name, one.description or "") for one in order.data.transfer_targets
    ]
    built = build_transfer_call(targets)
    return [] if built is None else [built]


BUILDERS: tuple[Builder, ...] = (end_call, transfer_call)
"""What needs nothing but the agent itself."""
