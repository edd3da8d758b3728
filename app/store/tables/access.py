"""Access: keys of the REST API, and credentials that jambonz gives when it opens a WebSocket."""

from typing import Final

import sqlalchemy as sa

from app.store.tables.metadata import METADATA
from app.store.types import Id, Json, Utc

__all__ = ["ACCESS_CHANGES", "API_KEYS", "WS_CREDENTIALS"]

DIGEST: Final = 64


def _organisation(*, is_key: bool = False) -> sa.Column[str]:
    return sa.Column(
        "organisation_id",
        Id,
        sa.ForeignKey("organisations.id", ondelete="CASCADE"),
        nullable=False,
        primary_key=is_key,
        index=not is_key,
    )


API_KEYS: Final = sa.Table(
    "api_keys",
    METADATA,
    sa.Column("id", Id, primary_key=True),
    _organisation(),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("digest", sa.String(DIGEST), nullable=False, unique=True),
    sa.Column("prefix", sa.String(20), nullable=False),  # the beginning, to tell keys apart
    sa.Column("scopes", Json, nullable=False),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("created_by", sa.String(200), nullable=False),
    sa.Column("expires_at", Utc),
)

WS_CREDENTIALS: Final = sa.Table(
    "ws_credentials",
    METADATA,
    sa.Column("id", Id, primary_key=True),
    _organisation(),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("user_name", sa.String(64), nullable=False, unique=True),
    sa.Column("digest", sa.String(DIGEST), nullable=False),
    sa.Column("account_sids", Json, nullable=False),  # of jambonz; none binds it to no account
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("created_by", sa.String(200), nullable=False),
)

ACCESS_CHANGES: Final = sa.Table(
    "access_changes",
    METADATA,
    _organisation(is_key=True),
    sa.Column("number", sa.BigInteger, nullable=False),
)
"""How often keys and credentials of an organisation have changed; other nodes look at the sum."""
