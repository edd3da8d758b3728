"""Outbox: which deliveries are due, of all organisations; not what is in them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from app.store.store import Store
from app.store.tables.webhooks import DELIVERIES
from app.store.types import now

__all__ = ["Due", "forget_deliveries", "take_due"]

AT_ONCE_TO_ONE: Final = 4
"""Deliveries to one webhook at a time, so that a slow one holds up itself and no other."""


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery whose turn has come."""

    organisation_id: str
    webhook_id: str
    id: str


async def take_due(
    store: Store, *, most: int, busy: Collection[str], lease: timedelta
) -> Sequence[Due]:
    """Take deliveries that are due, so that no other node takes them too.

    Args:
        store: Of all organisations.
        most: How many at most.
        busy: Webhooks that have enough to do.
        lease: After this time a delivery of which nothing was heard is due again: a node that
            dies in the middle loses none.
    """
    moment = now()
    table = DELIVERIES.c
    is_due = (table.status == "waiting") & (table.next_at <= moment) & table.webhook_id.not_in(busy)
    async with store.reading() as connection:  # mostly there is nothing, and nobody is to wait
        if await connection.scalar(sa.select(sa.literal(1)).where(is_due).limit(1)) is None:
            return []
    place = sa.func.row_number().over(partition_by=table.webhook_id, order_by=table.next_at)
    ranked = sa.select(table.id, table.next_at, place.label("place")).where(is_due).subquery()
    taken = (
        sa.select(ranked.c.id)
        .where(ranked.c.place <= AT_ONCE_TO_ONE)
        .order_by(ranked.c.next_at)
        .limit(most)
    )
    # The condition stands here once more: what another node took meanwhile is due no longer.
    query = (
        sa.update(DELIVERIES)
        .where(table.id.in_(taken), is_due)
        .values(next_at=moment + lease)
        .returning(table.organisation_id, table.webhook_id, table.id)
    )
    async with store.writing() as connection:
        return [Due(*row) for row in await connection.execute(query)]


async def forget_deliveries(store: Store, before: datetime) -> int:
    """Remove the deliveries that were finished before a moment; gives how many."""
    query = sa.delete(DELIVERIES).where(DELIVERIES.c.finished_at < before)
    async with store.writing() as connection:
        return (await connection.execute(query)).rowcount
