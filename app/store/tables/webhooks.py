"""Webhooks: where an organisation wants to be told of its calls, and what is on its way there."""

from typing import Final

import sqlalchemy as sa

from app.store.tables.metadata import METADATA
from app.store.types import Id, Json, Utc

__all__ = ["DELIVERIES", "WEBHOOKS"]

WEBHOOKS: Final = sa.Table(
    "webhooks",
    METADATA,
    sa.Column("id", Id, primary_key=True),
    sa.Column(
        "organisation_id", Id, sa.ForeignKey("organisations.id", ondelete="CASCADE"), nullable=False
    ),
    sa.Column("url", sa.String(2000), nullable=False),
    sa.Column("events", Json, nullable=False),  # names, such as "call.ended"
    sa.Column("is_active", sa.Boolean, nullable=False),
    sa.Column("secrets", Json, nullable=False),  # [{"sealed": …, "until": …}], the newest first
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("updated_at", Utc, nullable=False),
    sa.UniqueConstraint("organisation_id", "id"),
)

DELIVERIES: Final = sa.Table(
    "webhook_deliveries",
    METADATA,
    sa.Column("id", Id, primary_key=True),
    sa.Column("organisation_id", Id, nullable=False),
    sa.Column("webhook_id", Id, nullable=False),
    sa.Column("event", sa.String(40), nullable=False),
    sa.Column("event_id", Id, nullable=False),  # the same for all webhooks that are told of it
    sa.Column("body", sa.Text, nullable=False),  # as it is signed and sent
    sa.Column("status", sa.String(10), nullable=False),  # waiting, delivered, failed
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("next_at", Utc),  # of the next attempt; while one runs, when it counts as lost
    sa.Column("until", Utc, nullable=False),  # after that it is given up
    sa.Column("answered", sa.Integer),  # the last status of HTTP
    sa.Column("error", sa.String(300)),  # why the last attempt was in vain
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("finished_at", Utc),
    sa.ForeignKeyConstraint(
        ["organisation_id", "webhook_id"],
        ["webhooks.organisation_id", "webhooks.id"],
        ondelete="CASCADE",
    ),
    sa.UniqueConstraint("organisation_id", "event_id", "webhook_id"),
    sa.Index(None, "organisation_id", "webhook_id", "created_at", "id"),
    sa.Index(None, "finished_at"),
)

# What is waiting is little beside what is done, and is looked for all the time.
_IS_WAITING: Final = DELIVERIES.c.status == "waiting"
for _column in (DELIVERIES.c.next_at, DELIVERIES.c.webhook_id):
    sa.Index(
        f"ix_webhook_deliveries_waiting_{_column.name}",
        _column,
        sqlite_where=_IS_WAITING,
        postgresql_where=_IS_WAITING,
    )
