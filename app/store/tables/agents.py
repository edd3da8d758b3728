"""Agents: every version that was saved, which one answers calls, and what each may look up.

A version is never changed, but for the moment of its publishing. What it is linked to is its own,
so that a draft changes nothing of what callers hear, and going back brings the older links too.
"""

from typing import Final

import sqlalchemy as sa

from app.store.tables.metadata import METADATA
from app.store.types import Id, Utc

__all__ = ["AGENTS", "LINKS", "VERSIONS"]

AGENTS: Final = sa.Table(
    "agents",
    METADATA,
    sa.Column(
        "organisation_id",
        Id,
        sa.ForeignKey("organisations.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("id", Id, primary_key=True),
    sa.Column("words", sa.Text, nullable=False),  # name and prompt in one case, to search in
    sa.Column("published", sa.Integer),  # the number of the version that answers calls
    sa.Column("latest", sa.Integer, nullable=False),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("updated_at", Utc, nullable=False),  # of what `get` shows
    sa.Index(None, "organisation_id", "created_at", "id"),
)

VERSIONS: Final = sa.Table(
    "agent_versions",
    METADATA,
    sa.Column("organisation_id", Id, primary_key=True),
    sa.Column("agent_id", Id, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("data", sa.JSON, nullable=False),  # not JSONB, which forgets the order of keys
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("created_by", sa.String(200), nullable=False),  # an actor, as in the audit log
    sa.Column("published_at", Utc),  # when it last was
    sa.ForeignKeyConstraint(
        ["organisation_id", "agent_id"],
        ["agents.organisation_id", "agents.id"],
        ondelete="CASCADE",
    ),
)

LINKS: Final = sa.Table(
    "agent_knowledge",
    METADATA,
    sa.Column("organisation_id", Id, primary_key=True),
    sa.Column("agent_id", Id, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("knowledge_base_id", Id, primary_key=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.ForeignKeyConstraint(
        ["organisation_id", "agent_id", "number"],
        ["agent_versions.organisation_id", "agent_versions.agent_id", "agent_versions.number"],
        ondelete="CASCADE",
    ),
    sa.ForeignKeyConstraint(
        ["organisation_id", "knowledge_base_id"],
        ["knowledge_bases.organisation_id", "knowledge_bases.id"],
        ondelete="CASCADE",
    ),
    sa.Index(None, "organisation_id", "knowledge_base_id"),
)
