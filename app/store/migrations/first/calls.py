"""Records of calls, and who is told of them."""

import sqlalchemy as sa
from alembic import op

from app.store.types import Id, Json, Utc


def make() -> None:
    """Make these tables; those that they refer to are there."""
    calls()
    call_parts()
    turns()
    webhooks()
    webhook_deliveries()


def calls() -> None:
    """The table `calls` and its indexes."""
    op.create_table(
        "calls",
        sa.Column("organisation_id", Id, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("call_sid", sa.String(length=200), nullable=False),
        sa.Column("application", sa.String(length=200), nullable=False),
        sa.Column("agent_id", Id, nullable=True),
        sa.Column("agent_version", sa.Integer(), nullable=True),
        sa.Column("direction", sa.String(length=20), nullable=False),
        sa.Column("from_number", sa.String(length=200), nullable=False),
        sa.Column("to_number", sa.String(length=200), nullable=False),
        sa.Column("started_at", Utc(), nullable=False),
        sa.Column("seen_at", Utc(), nullable=False),
        sa.Column("ended_at", Utc(), nullable=True),
        sa.Column("seconds", sa.Float(), nullable=True),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("end_reason", sa.String(length=100), nullable=True),
        sa.Column("turns", sa.Integer(), nullable=False),
        sa.Column("interruptions", sa.Integer(), nullable=False),
        sa.Column("tool_calls", sa.Integer(), nullable=False),
        sa.Column("tool_failures", sa.Integer(), nullable=False),
        sa.Column("input_tokens", sa.Integer(), nullable=True),
        sa.Column("output_tokens", sa.Integer(), nullable=True),
        sa.Column("cost", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("organisation_id", "id"),
    )
    op.create_index(
        "ix_calls_live",
        "calls",
        ["organisation_id", "status", "started_at", "id"],
        unique=False,
        sqlite_where=sa.text("status = 'live'"),
        postgresql_where=sa.text("status = 'live'"),
    )
    op.create_index(
        None,
        "calls",
        ["organisation_id", "agent_id", "started_at", "id"],
        unique=False,
        sqlite_where=sa.text("agent_id IS NOT NULL"),
        postgresql_where=sa.text("agent_id IS NOT NULL"),
    )
    op.create_index(
        None, "calls", ["organisation_id", "application", "started_at", "id"], unique=False
    )
    op.create_index(
        None, "calls", ["organisation_id", "from_number", "started_at", "id"], unique=False
    )
    op.create_index(None, "calls", ["organisation_id", "started_at", "id"], unique=False)
    op.create_index(
        None, "calls", ["organisation_id", "to_number", "started_at", "id"], unique=False
    )


def call_parts() -> None:
    """The table `call_parts` and its indexes."""
    op.create_table(
        "call_parts",
        sa.Column("organisation_id", Id, nullable=False),
        sa.Column("call_id", Id, nullable=False),
        sa.Column("part", sa.BigInteger(), nullable=False),
        sa.Column("entries", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "call_id"],
            ["calls.organisation_id", "calls.id"],
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organisation_id", "call_id", "part"),
    )


def turns() -> None:
    """The table `turns` and its indexes."""
    op.create_table(
        "turns",
        sa.Column("organisation_id", Id, nullable=False),
        sa.Column("call_id", Id, nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.Column("agent_id", Id, nullable=True),
        sa.Column("agent_version", sa.Integer(), nullable=True),
        sa.Column("stt_ms", sa.Float(), nullable=True),
        sa.Column("eot_ms", sa.Float(), nullable=True),
        sa.Column("llm_ms", sa.Float(), nullable=True),
        sa.Column("tool_ms", sa.Float(), nullable=True),
        sa.Column("tts_ms", sa.Float(), nullable=True),
        sa.Column("interrupted", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "call_id"],
            ["calls.organisation_id", "calls.id"],
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organisation_id", "call_id", "at"),
    )
    op.create_index(
        None,
        "turns",
        ["organisation_id", "agent_id", "at"],
        unique=False,
        sqlite_where=sa.text("agent_id IS NOT NULL"),
        postgresql_where=sa.text("agent_id IS NOT NULL"),
    )
    op.create_index(None, "turns", ["organisation_id", "at"], unique=False)


def webhooks() -> None:
    """The table `webhooks` and its indexes."""
    op.create_table(
        "webhooks",
        sa.Column("id", Id, nullable=False),
        sa.Column("organisation_id", Id, nullable=False),
        sa.Column("url", sa.String(length=2000), nullable=False),
        sa.Column("events", Json, nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("secrets", Json, nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("updated_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("organisation_id", "id"),
    )


def webhook_deliveries() -> None:
    """The table `webhook_deliveries` and its indexes."""
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", Id, nullable=False),
        sa.Column("organisation_id", Id, nullable=False),
        sa.Column("webhook_id", Id, nullable=False),
        sa.Column("event", sa.String(length=40), nullable=False),
        sa.Column("event_id", Id, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", Utc(), nullable=True),
        sa.Column("until", Utc(), nullable=False),
        sa.Column("answered", sa.Integer(), nullable=True),
        sa.Column("error", sa.String(length=300), nullable=True),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("finished_at", Utc(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id", "webhook_id"],
            ["webhooks.organisation_id", "webhooks.id"],
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("organisation_id", "event_id", "webhook_id"),
    )
    op.create_index(None, "webhook_deliveries", ["finished_at"], unique=False)
    op.create_index(
        None,
        "webhook_deliveries",
        ["organisation_id", "webhook_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_webhook_deliveries_waiting_next_at",
        "webhook_deliveries",
        ["next_at"],
        unique=False,
        sqlite_where=sa.text("status = 'waiting'"),
        postgresql_where=sa.text("status = 'waiting'"),
    )
    op.create_index(
        "ix_webhook_deliveries_waiting_webhook_id",
        "webhook_deliveries",
        ["webhook_id"],
        unique=False,
        sqlite_where=sa.text("status = 'waiting'"),
        postgresql_where=sa.text("status = 'waiting'"),
    )
