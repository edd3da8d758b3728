"""The first schema.

It is never changed: what the tables say later is brought about by later revisions. Constraints and
indexes get their names by the rule of `METADATA`.
"""

from typing import Any, Final

import sqlalchemy as sa
from alembic import op

from app.organisation import DEFAULT_ORGANISATION
from app.store.terms import Terms
from app.store.types import Id, Json, Utc, now

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

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


def upgrade() -> None:
    """Make all tables, and the organisation that owns what the settings and the code say."""
    organisations()
    users()
    access_changes()
    agents()
    api_keys()
    audit()
    calls()
    http_tools()
    knowledge_bases()
    memberships()
    password_tokens()
    sessions()
    webhooks()
    ws_credentials()
    agent_versions()
    call_parts()
    knowledge_documents()
    knowledge_questions()
    knowledge_terms()
    turns()
    webhook_deliveries()
    agent_knowledge()
    knowledge_passages()
    search()
    first_organisation()


def organisations() -> None:
    """The table `organisations` and its indexes."""
    op.create_table(
        "organisations",
        sa.Column("id", Id, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("settings", Json, nullable=False),
        sa.Column("secrets", Json, nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("updated_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def users() -> None:
    """The table `users` and its indexes."""
    op.create_table(
        "users",
        sa.Column("id", Id, nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("password", sa.String(length=300), nullable=True),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("updated_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("email"),
    )


def access_changes() -> None:
    """The table `access_changes` and its indexes."""
    op.create_table(
        "access_changes",
        sa.Column("organisation_id", Id, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("organisation_id"),
    )


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


def api_keys() -> None:
    """The table `api_keys` and its indexes."""
    op.create_table(
        "api_keys",
        sa.Column("id", Id, nullable=False),
        sa.Column("organisation_id", Id, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("prefix", sa.String(length=20), nullable=False),
        sa.Column("scopes", Json, nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("expires_at", Utc(), nullable=True),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
    )
    op.create_index(None, "api_keys", ["organisation_id"], unique=False)


def audit() -> None:
    """The table `audit` and its indexes."""
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("organisation_id", Id, nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("noun", sa.String(length=40), nullable=False),
        sa.Column("noun_id", sa.String(length=100), nullable=False),
        sa.Column("before", Json, nullable=True),
        sa.Column("after", Json, nullable=True),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(None, "audit", ["organisation_id", "id"], unique=False)


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


def memberships() -> None:
    """The table `memberships` and its indexes."""
    op.create_table(
        "memberships",
        sa.Column("user_id", Id, nullable=False),
        sa.Column("organisation_id", Id, nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "organisation_id"),
    )
    op.create_index(None, "memberships", ["organisation_id"], unique=False)


def password_tokens() -> None:
    """The table `password_tokens` and its indexes."""
    op.create_table(
        "password_tokens",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("expires_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index(None, "password_tokens", ["user_id"], unique=False)


def sessions() -> None:
    """The table `sessions` and its indexes."""
    op.create_table(
        "sessions",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("organisation_id", Id, nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("expires_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index(None, "sessions", ["expires_at"], unique=False)
    op.create_index(None, "sessions", ["user_id"], unique=False)


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


def ws_credentials() -> None:
    """The table `ws_credentials` and its indexes."""
    op.create_table(
        "ws_credentials",
        sa.Column("id", Id, nullable=False),
        sa.Column("organisation_id", Id, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("user_name", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("account_sids", Json, nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("user_name"),
    )
    op.create_index(None, "ws_credentials", ["organisation_id"], unique=False)


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


def first_organisation() -> None:
    """Owns what the settings and the code say."""
    columns: list[Any] = [sa.column("id", Id), sa.column("name"), sa.column("settings", Json)]
    times = [sa.column("created_at", Utc()), sa.column("updated_at", Utc())]
    table = sa.table("organisations", *columns, sa.column("secrets", Json), *times)
    row = {"id": DEFAULT_ORGANISATION, "name": "Default", "settings": {}, "secrets": {}}
    op.bulk_insert(table, [{**row, "created_at": now(), "updated_at": now()}])
