"""Knowledge: bases, their documents, the passages these are found by, and what nobody could answer.

Passages carry their terms, cut by us, in a column with a full-text index: FTS5 in SQLite, which
reads them from the table and is told of every change by triggers, and GIN in PostgreSQL.
"""

from typing import Final

import sqlalchemy as sa

from app.store.tables.metadata import METADATA
from app.store.terms import LONGEST, Terms
from app.store.types import Id, Utc

__all__ = ["BASES", "DOCUMENTS", "PASSAGES", "QUESTIONS", "SEARCH", "TERMS"]


def _of(parent: str, column: str) -> sa.ForeignKeyConstraint:
    """What goes with its parent, and is of the same organisation."""
    return sa.ForeignKeyConstraint(
        ["organisation_id", column],
        [f"{parent}.organisation_id", f"{parent}.id"],
        ondelete="CASCADE",
    )


BASES: Final = sa.Table(
    "knowledge_bases",
    METADATA,
    sa.Column(
        "organisation_id",
        Id,
        sa.ForeignKey("organisations.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("id", Id, primary_key=True),
    sa.Column("title", sa.String(200), nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("changed_at", Utc, nullable=False),  # the last change of what agents read of it
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("updated_at", Utc, nullable=False),
)

DOCUMENTS: Final = sa.Table(
    "knowledge_documents",
    METADATA,
    sa.Column("organisation_id", Id, primary_key=True),
    sa.Column("id", Id, primary_key=True),
    sa.Column("knowledge_id", Id, nullable=False),
    sa.Column("title", sa.String(200), nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("media_type", sa.String(100), nullable=False),
    sa.Column("source", sa.Text, nullable=False),  # the name of a file, a URL, or ""
    sa.Column("characters", sa.Integer, nullable=False),
    sa.Column("passages", sa.Integer, nullable=False),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("updated_at", Utc, nullable=False),
    _of("knowledge_bases", "knowledge_id"),
    sa.Index(None, "organisation_id", "knowledge_id"),
)

PASSAGES: Final = sa.Table(
    "knowledge_passages",
    METADATA,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("organisation_id", Id, nullable=False),
    sa.Column("knowledge_id", Id, nullable=False),
    sa.Column("document_id", Id, nullable=False),
    sa.Column("heading", sa.Text, nullable=False),
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("length", sa.Integer, nullable=False),  # in terms
    sa.Column("terms", Terms, nullable=False),  # of its document's title, its heading and itself
    _of("knowledge_documents", "document_id"),
    sa.Index(None, "organisation_id", "document_id"),
    sa.Index(None, "organisation_id", "knowledge_id"),
    sa.Index(None, "terms", postgresql_using="gin", postgresql_with={"fastupdate": "off"}).ddl_if(
        dialect="postgresql"
    ),
)

TERMS: Final = sa.Table(
    "knowledge_terms",
    METADATA,
    sa.Column("organisation_id", Id, primary_key=True),
    sa.Column("knowledge_id", Id, primary_key=True),
    sa.Column("term", sa.String(LONGEST), primary_key=True),
    sa.Column("passages", sa.Integer, nullable=False),  # in how many of them it stands
    _of("knowledge_bases", "knowledge_id"),
)

QUESTIONS: Final = sa.Table(
    "knowledge_questions",
    METADATA,
    sa.Column("organisation_id", Id, primary_key=True),
    sa.Column("id", Id, primary_key=True),
    sa.Column("knowledge_id", Id, nullable=False),
    sa.Column("question", sa.String(500), nullable=False),
    sa.Column("likeness", sa.String(64), nullable=False),  # the same for the same words
    sa.Column("times", sa.Integer, nullable=False),
    sa.Column("first_asked_at", Utc, nullable=False),
    sa.Column("last_asked_at", Utc, nullable=False),
    _of("knowledge_bases", "knowledge_id"),
    sa.UniqueConstraint("organisation_id", "knowledge_id", "likeness"),
)

SEARCH: Final = sa.table("knowledge_search", sa.column("rowid", sa.Integer))
"""SQLite's index of passages; read by way of `PASSAGES`, which knows whose they are."""
