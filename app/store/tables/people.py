"""People: who signs in, to which organisations they belong, and where they are signed in."""

from typing import Final

import sqlalchemy as sa

from app.store.tables.metadata import METADATA
from app.store.types import Id, Utc

__all__ = ["MEMBERSHIPS", "PASSWORD_TOKENS", "SESSIONS", "USERS"]

DIGEST: Final = 64
"""Length of a SHA-256 in hexadecimal."""


def _user() -> sa.Column[str]:
    return sa.Column(
        "user_id", Id, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True
    )


USERS: Final = sa.Table(
    "users",
    METADATA,
    sa.Column("id", Id, primary_key=True),
    sa.Column("email", sa.String(254), nullable=False, unique=True),  # in lower case
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("password", sa.String(300)),  # hashed; none until the person has chosen one
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("updated_at", Utc, nullable=False),
)

MEMBERSHIPS: Final = sa.Table(
    "memberships",
    METADATA,
    sa.Column("user_id", Id, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    sa.Column(
        "organisation_id",
        Id,
        sa.ForeignKey("organisations.id", ondelete="CASCADE"),
        primary_key=True,
        index=True,
    ),
    sa.Column("role", sa.String(20), nullable=False),
    sa.Column("created_at", Utc, nullable=False),
)

SESSIONS: Final = sa.Table(
    "sessions",
    METADATA,
    sa.Column("digest", sa.String(DIGEST), primary_key=True),  # the token itself is nowhere
    _user(),
    sa.Column(
        "organisation_id", Id, sa.ForeignKey("organisations.id", ondelete="CASCADE"), nullable=False
    ),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("expires_at", Utc, nullable=False, index=True),
)

PASSWORD_TOKENS: Final = sa.Table(
    "password_tokens",
    METADATA,
    sa.Column("digest", sa.String(DIGEST), primary_key=True),
    _user(),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("expires_at", Utc, nullable=False),
)
"""Each lets a person choose a password, once."""
