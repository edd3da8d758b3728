"""Knowledge bases, and the index by which their passages are found."""

from typing import Final

import sqlalchemy as sa
from alembic import op

from app.store.terms import Terms
from app.store.types import Id, Utc

FORGET: Final = """INSERT INTO knowledge_search (knowledge_search, rowid, knowledge_id, terms)
    VALUES ('delete', old.id, old.knowledge_id, old.terms);"""
LEARN: Final = """INSERT INTO knowledge_search (rowid, knowledge_id, terms)
    VALUES (new.id, new.knowledge_id, new.terms);"""
SEARCH_OF_SQLITE: Final = (
    """CREATE VIRTUAL TABLE knowledge_search USING fts5(
    knowledge_id, terms, content='knowledge_passages', content_rowid='id',
    tokenize='unicode61 remove_diacritics 0')""",
    f"""CREATE TRIGGER knowledge_search_insert AFTER INSERT ON knowledge_passages
    BEGIN {LEARN} END""",
    f"""CREATE TRIGGER knowledge_search_delete AFTER DELETE ON knowledge_passages
    BEGIN {FORGET} END""",
    f"""CREATE TRIGGER knowledge_search_update AFTER UPDATE ON knowledge_passages
    BEGIN {FORGET} {LEARN} END""",
)


def make() -> None:
    """Make these tables; those that they refer to are there."""
    knowledge_bases()
    knowledge_documents()
    knowledge_passages()
    knowledge_terms()
    knowledge_questions()
    search()


def knowledge_bases() -> None:
    """The table `knowledge_bases` and its indexes."""
    op.create_table(
        "knowledge_bases",
        sa.Column("organisation_id", Id, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("changed_at", Utc(), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("updated_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("organisation_id", "id"),
    )


def knowledge_documents() -> None:
    """The table `knowledge_documents` and its indexes."""
    op.create_table(
        "knowledge_documents",
        sa.Column("organisation_id", Id, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("knowledge_id", Id, nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("characters", sa.Integer(), nullable=False),
        sa.Column("passages", sa.Integer(), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("updated_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "knowledge_id"],
            ["knowledge_bases.organisation_id", "knowledge_bases.id"],
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id"),
    )
    op.create_index(None, "knowledge_documents", ["organisation_id", "knowledge_id"], unique=False)


def knowledge_passages() -> None:
    """The table `knowledge_passages` and its indexes."""
    op.create_table(
        "knowledge_passages",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("organisation_id", Id, nullable=False),
        sa.Column("knowledge_id", Id, nullable=False),
        sa.Column("document_id", Id, nullable=False),
        sa.Column("heading", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("terms", Terms(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "document_id"],
            ["knowledge_documents.organisation_id", "knowledge_documents.id"],
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(None, "knowledge_passages", ["organisation_id", "document_id"], unique=False)
    op.create_index(None, "knowledge_passages", ["organisation_id", "knowledge_id"], unique=False)


def knowledge_terms() -> None:
    """The table `knowledge_terms` and its indexes."""
    op.create_table(
        "knowledge_terms",
        sa.Column("organisation_id", Id, nullable=False),
        sa.Column("knowledge_id", Id, nullable=False),
        sa.Column("term", sa.String(length=40), nullable=False),
        sa.Column("passages", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "knowledge_id"],
            ["knowledge_bases.organisation_id", "knowledge_bases.id"],
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organisation_id", "knowledge_id", "term"),
    )


def knowledge_questions() -> None:
    """The table `knowledge_questions` and its indexes."""
    op.create_table(
        "knowledge_questions",
        sa.Column("organisation_id", Id, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("knowledge_id", Id, nullable=False),
        sa.Column("question", sa.String(length=500), nullable=False),
        sa.Column("likeness", sa.String(length=64), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("first_asked_at", Utc(), nullable=False),
        sa.Column("last_asked_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "knowledge_id"],
            ["knowledge_bases.organisation_id", "knowledge_bases.id"],
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id"),
        sa.UniqueConstraint("organisation_id", "knowledge_id", "likeness"),
    )


def search() -> None:
    """The full-text index of passages, by either engine's own means."""
    if op.get_bind().dialect.name == "sqlite":
        for statement in SEARCH_OF_SQLITE:
            op.execute(statement)
        return
    op.create_index(
        None,
        "knowledge_passages",
        ["terms"],
        unique=False,
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
    )
