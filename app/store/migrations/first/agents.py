"""Agents, what they may look up, and the tools of organisations."""

import sqlalchemy as sa
from alembic import op

from app.store.types import Id, Json, Utc


def make() -> None:
    """Make these tables; those that they refer to are there."""
    agents()
    agent_versions()
    agent_knowledge()
    http_tools()


def agents() -> None:
    """The table `agents` and its indexes."""
    op.create_table(
        "agents",
        sa.Column("organisation_id", Id, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("published", sa.Integer(), nullable=True),
        sa.Column("latest", sa.Integer(), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("updated_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("organisation_id", "id"),
    )
    op.create_index(None, "agents", ["organisation_id", "created_at", "id"], unique=False)


def agent_versions() -> None:
    """The table `agent_versions` and its indexes."""
    op.create_table(
        "agent_versions",
        sa.Column("organisation_id", Id, nullable=False),
        sa.Column("agent_id", Id, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("published_at", Utc(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id", "agent_id"],
            ["agents.organisation_id", "agents.id"],
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organisation_id", "agent_id", "number"),
    )


def agent_knowledge() -> None:
    """The table `agent_knowledge` and its indexes."""
    op.create_table(
        "agent_knowledge",
        sa.Column("organisation_id", Id, nullable=False),
        sa.Column("agent_id", Id, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("knowledge_base_id", Id, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
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
        sa.PrimaryKeyConstraint("organisation_id", "agent_id", "number", "knowledge_base_id"),
    )
    op.create_index(None, "agent_knowledge", ["organisation_id", "knowledge_base_id"], unique=False)


def http_tools() -> None:
    """The table `http_tools` and its indexes."""
    op.create_table(
        "http_tools",
        sa.Column("id", Id, nullable=False),
        sa.Column("organisation_id", Id, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.Column("secrets", Json, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("updated_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("organisation_id", "name"),
    )
