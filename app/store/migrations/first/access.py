"""Organisations, people, keys, and who changed what."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from app.organisation import DEFAULT_ORGANISATION
from app.store.types import Id, Json, Utc, now


def make() -> None:
    """Make these tables; those that they refer to are there."""
    organisations()
    users()
    memberships()
    sessions()
    password_tokens()
    api_keys()
    ws_credentials()
    access_changes()
    audit()
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


def access_changes() -> None:
    """The table `access_changes` and its indexes."""
    op.create_table(
        "access_changes",
        sa.Column("organisation_id", Id, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("organisation_id"),
    )


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


def first_organisation() -> None:
    """Owns what the settings and the code say."""
    columns: list[Any] = [sa.column("id", Id), sa.column("name"), sa.column("settings", Json)]
    times = [sa.column("created_at", Utc()), sa.column("updated_at", Utc())]
    table = sa.table("organisations", *columns, sa.column("secrets", Json), *times)
    row = {"id": DEFAULT_ORGANISATION, "name": "Default", "settings": {}, "secrets": {}}
    op.bulk_insert(table, [{**row, "created_at": now(), "updated_at": now()}])
