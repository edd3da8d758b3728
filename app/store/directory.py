"""Directory: the look-ups that cross organisations, since who asks is not known before them.

They find people, where those are signed in, keys and credentials: never an agent, a document or a
call.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from app.store.access import ApiKey, WsCredential
from app.store.tables.access import ACCESS_CHANGES, API_KEYS, WS_CREDENTIALS
from app.store.tables.organisations import ORGANISATIONS
from app.store.tables.people import MEMBERSHIPS, PASSWORD_TOKENS, SESSIONS, USERS

if TYPE_CHECKING:
    from app.store.store import Store

__all__ = ["Account", "Directory", "Membership", "SignedIn"]


@dataclass(frozen=True, slots=True)
class Account:
    """Who may sign in.

    Attributes:
        password: Hashed; None where none was chosen yet.
    """

    id: str
    email: str
    name: str
    password: str | None


@dataclass(frozen=True, slots=True)
class Membership:
    """An organisation that somebody belongs to."""

    organisation_id: str
    organisation: str
    role: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Where somebody is signed in: for one organisation at a time."""

    digest: str
    user_id: str
    email: str
    name: str
    organisation_id: str
    organisation: str
    role: str
    created_at: datetime
    expires_at: datetime


class Directory:
    """Finds whoever asks.

    Args:
        store: Where.
    """

    def __init__(self, store: "Store") -> None:
        self._store = store

    async def account(self, email: str) -> Account | None:
        """Who has this address, in lower case."""
        return await self._account(USERS.c.email == email)

    async def account_of(self, user_id: str) -> Account | None:
        """The same, by id."""
        return await self._account(USERS.c.id == user_id)

    async def account_by_token(self, digest: str, at: datetime) -> Account | None:
        """Who may choose a password by a token, at this moment."""
        tokens = PASSWORD_TOKENS.c
        good = (tokens.digest == digest) & (tokens.expires_at > at)
        return await self._account(USERS.c.id.in_(sa.select(tokens.user_id).where(good)))

    async def memberships(self, user_id: str) -> Sequence[Membership]:
        """The organisations that somebody belongs to, the first one first."""
        query = (
            sa.select(
                MEMBERSHIPS.c.organisation_id,
                ORGANISATIONS.c.name.label("organisation"),
                MEMBERSHIPS.c.role,
            )
            .join(ORGANISATIONS, ORGANISATIONS.c.id == MEMBERSHIPS.c.organisation_id)
            .where(MEMBERSHIPS.c.user_id == user_id)
            .order_by(MEMBERSHIPS.c.created_at, MEMBERSHIPS.c.organisation_id)
        )
        return [Membership(**row._mapping) for row in await self._rows(query)]

    async def signed_in(self, digest: str, at: datetime) -> SignedIn | None:
        """Who is signed in by a token, as what they are at this moment.

        Args:
            digest: Of the token.
            at: The moment.
        """
        query = (
            sa.select(
                SESSIONS.c.digest,
                SESSIONS.c.user_id,
                USERS.c.email,
                USERS.c.name,
                SESSIONS.c.organisation_id,
                ORGANISATIONS.c.name.label("organisation"),
                MEMBERSHIPS.c.role,
                SESSIONS.c.created_at,
                SESSIONS.c.expires_at,
            )
            .select_from(SESSIONS)
            .join(USERS, USERS.c.id == SESSIONS.c.user_id)
            .join(ORGANISATIONS, ORGANISATIONS.c.id == SESSIONS.c.organisation_id)
            .join(
                MEMBERSHIPS,
                (MEMBERSHIPS.c.user_id == SESSIONS.c.user_id)
                & (MEMBERSHIPS.c.organisation_id == SESSIONS.c.organisation_id),
            )
            .where(SESSIONS.c.digest == digest, SESSIONS.c.expires_at > at)
        )
        return next((SignedIn(**row._mapping) for row in await self._rows(query)), None)

    async def access_version(self) -> int:
        """A number that grows with every change of a key or credential, of any organisation."""
        query = sa.select(sa.func.coalesce(sa.func.sum(ACCESS_CHANGES.c.number), 0))
        return int((await self._rows(query))[0][0])

    async def access(self) -> tuple[Sequence[ApiKey], Sequence[WsCredential]]:
        """All keys and credentials, for a node to know them without asking."""
        async with self._store.reading() as connection:
            keys = await connection.execute(sa.select(API_KEYS))
            credentials = await connection.execute(sa.select(WS_CREDENTIALS))
            return (
                [ApiKey(**row._mapping) for row in keys],
                [WsCredential(**row._mapping) for row in credentials],
            )

    async def retentions(self) -> Sequence[tuple[str, int | None]]:
        """All organisations, and how many days each keeps the records of its calls."""
        rows = await self._rows(sa.select(ORGANISATIONS.c.id, ORGANISATIONS.c.settings))
        return [(row.id, row.settings.get("retention_days")) for row in rows]

    async def call_limits(self) -> Mapping[str, int]:
        """The organisations that bound how many calls they have at once, and by how many."""
        limit = ORGANISATIONS.c.settings["max_calls"].as_integer()
        rows = await self._rows(
            sa.select(ORGANISATIONS.c.id, limit.label("most")).where(limit.is_not(None))
        )
        return {row.id: row.most for row in rows}

    async def _account(self, condition: sa.ColumnElement[bool]) -> Account | None:
        columns = (USERS.c.id, USERS.c.email, USERS.c.name, USERS.c.password)
        rows = await self._rows(sa.select(*columns).where(condition))
        return next((Account(**row._mapping) for row in rows), None)

    async def _rows(self, query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        async with self._store.reading() as connection:
            return [*await connection.execute(query)]
