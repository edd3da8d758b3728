"""Calls: a row for each, what happened in it, and what each turn took.

A call's id follows from its organisation and its call_sid, so that what comes later of the same
call, from another node perhaps, finds its row without a look.
"""

from typing import Final

import sqlalchemy as sa

from app.store.tables.metadata import METADATA
from app.store.types import Id, Utc

__all__ = ["CALLS", "CALL_PARTS", "TURNS"]

CALLS: Final = sa.Table(
    "calls",
    METADATA,
    sa.Column(
        "organisation_id", Id, sa.ForeignKey("organisations.id", ondelete="CASCADE"), nullable=False
    ),
    sa.Column("id", Id, nullable=False),
    sa.Column("call_sid", sa.String(200), nullable=False),
    sa.Column("application", sa.String(200), nullable=False),  # its path
    # No foreign key: the record of a call outlives the agent.
    sa.Column("agent_id", Id),
    sa.Column("agent_version", sa.Integer),
    sa.Column("direction", sa.String(20), nullable=False),
    sa.Column("from_number", sa.String(200), nullable=False),
    sa.Column("to_number", sa.String(200), nullable=False),
    sa.Column("started_at", Utc, nullable=False),
    sa.Column("seen_at", Utc, nullable=False),  # of a live call: when its node last wrote
    sa.Column("ended_at", Utc),
    sa.Column("seconds", sa.Float),
    sa.Column("status", sa.String(10), nullable=False),  # live, ended, or lost with its node
    sa.Column("end_reason", sa.String(100)),
    sa.Column("turns", sa.Integer, nullable=False),
    sa.Column("interruptions", sa.Integer, nullable=False),
    sa.Column("tool_calls", sa.Integer, nullable=False),
    sa.Column("tool_failures", sa.Integer, nullable=False),
    sa.Column("input_tokens", sa.Integer),
    sa.Column("output_tokens", sa.Integer),
    sa.Column("cost", sa.Float),  # an estimate in US dollars; unknown without usage or price
    sa.PrimaryKeyConstraint("organisation_id", "id"),
    sa.Index(None, "organisation_id", "started_at", "id"),
    sa.Index(None, "organisation_id", "application", "started_at", "id"),
    sa.Index(None, "organisation_id", "from_number", "started_at", "id"),
    sa.Index(None, "organisation_id", "to_number", "started_at", "id"),
    sa.Index(
        None,
        *("organisation_id", "agent_id", "started_at", "id"),
        sqlite_where=sa.text("agent_id IS NOT NULL"),
        postgresql_where=sa.text("agent_id IS NOT NULL"),
    ),
    sa.Index(
        "ix_calls_live",
        *("organisation_id", "status", "started_at", "id"),  # else SQLite takes another one
        sqlite_where=sa.text("status = 'live'"),
        postgresql_where=sa.text("status = 'live'"),
    ),
)

CALL_PARTS: Final = sa.Table(
    "call_parts",
    METADATA,
    sa.Column("organisation_id", Id, nullable=False),
    sa.Column("call_id", Id, nullable=False),
    sa.Column("part", sa.BigInteger, nullable=False),  # microseconds: when its first entry happened
    # JSON as text: written without being read, and jambonz may send what JSONB cannot hold.
    sa.Column("entries", sa.Text, nullable=False),
    sa.PrimaryKeyConstraint("organisation_id", "call_id", "part"),
    sa.ForeignKeyConstraint(
        ["organisation_id", "call_id"],
        ["calls.organisation_id", "calls.id"],
        ondelete="CASCADE",
    ),
)
"""What happened in a call, in parts as they were written; see :mod:`app.records.entries`."""

TURNS: Final = sa.Table(
    "turns",
    METADATA,
    sa.Column("organisation_id", Id, nullable=False),
    sa.Column("call_id", Id, nullable=False),
    sa.Column("at", Utc, nullable=False),
    sa.Column("agent_id", Id),
    sa.Column("agent_version", sa.Integer),
    # Milliseconds by stage, as far as the platform measured them.
    sa.Column("stt_ms", sa.Float),
    sa.Column("eot_ms", sa.Float),
    sa.Column("llm_ms", sa.Float),
    sa.Column("tool_ms", sa.Float),
    sa.Column("tts_ms", sa.Float),
    sa.Column("interrupted", sa.Boolean, nullable=False),
    sa.PrimaryKeyConstraint("organisation_id", "call_id", "at"),
    sa.Index(None, "organisation_id", "at"),
    sa.ForeignKeyConstraint(
        ["organisation_id", "call_id"],
        ["calls.organisation_id", "calls.id"],
        ondelete="CASCADE",
    ),
    sa.Index(
        None,
        *("organisation_id", "agent_id", "at"),
        sqlite_where=sa.text("agent_id IS NOT NULL"),
        postgresql_where=sa.text("agent_id IS NOT NULL"),
    ),
)
