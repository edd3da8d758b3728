"""Accounts: what is written about people as themselves, who may belong to several organisations."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from app.organisation import DEFAULT_ORGANISATION
from app.store.people import OWNER, People
from app.store.scope import Scope
from app.store.tables.organisations import ORGANISATIONS
from app.store.tables.people import MEMBERSHIPS, PASSWORD_TOKENS, SESSIONS, USERS
from app.store.types import new_id, now

if TYPE_CHECKING:
    from app.store.store import Store

__all__ = ["Accounts"]

MOST_SESSIONS: Final = 20
"""Of one person; a further one ends the oldest."""


class Accounts:
    """Signs people in and out, and keeps what their passwords are checked by.

    Args:
        store: Where.
    """

    def __init__(self, store: "Store") -> None:
        self._store = store

    async def sign_in(
        self, *, digest: str, user_id: str, organisation_id: str, until: datetime
    ) -> None:
        """Keep that somebody is signed in; what has expired is forgotten on the way.

        Args:
            digest: Of the token that proves it from now on.
            user_id: Who.
            organisation_id: For which organisation.
            until: When it ends.
        """
        at, columns = now(), SESSIONS.c
        row = {"digest": digest, "user_id": user_id, "organisation_id": organisation_id}
        oldest = (
            sa.select(columns.digest)
            .where(columns.user_id == user_id)
            .order_by(columns.created_at.desc())
            .offset(MOST_SESSIONS - 1)
            .limit(1000)
        )
        async with self._store.writing() as connection:
            gone = [*(await connection.execute(oldest)).scalars()]
            over = (columns.expires_at <= at) | columns.digest.in_(gone)
            await connection.execute(sa.delete(SESSIONS).where(over))
            await connection.execute(
                sa.insert(SESSIONS).values(**row, created_at=at, expires_at=until)
            )

    async def stay(self, digest: str, until: datetime) -> None:
        """Let somebody who is signed in be so for longer."""
        await self._change_session(digest, expires_at=until)

    async def choose(self, digest: str, organisation_id: str) -> None:
        """Let them act for another organisation from now on; they have to belong to it."""
        await self._change_session(digest, organisation_id=organisation_id)

    async def sign_out(self, digest: str) -> None:
        """Forget that somebody is signed in."""
        async with self._store.writing() as connection:
            await connection.execute(sa.delete(SESSIONS).where(SESSIONS.c.digest == digest))

    async def set_password(
        self, user_id: str, password: str, *, actor: str, keep: str | None = None
    ) -> None:
        """Keep a new password; wherever else the person is signed in, they no longer are.

        Args:
            user_id: Who.
            password: Hashed.
            actor: Who did it, for the audit logs of their organisations.
            keep: Digest of the token by which they may stay signed in.
        """
        async with self._store.writing() as connection:
            await self._set_password(connection, user_id, password, actor)
            others = SESSIONS.c.user_id == user_id
            if keep is not None:
                others &= SESSIONS.c.digest != keep
            await connection.execute(sa.delete(SESSIONS).where(others))

    async def rehash(self, user_id: str, *, old: str, new: str) -> None:
        """Keep the same password in a stronger form."""
        same = (USERS.c.id == user_id) & (USERS.c.password == old)
        async with self._store.writing() as connection:
            await connection.execute(sa.update(USERS).where(same).values(password=new))

    async def use_token(self, digest: str, password: str) -> str | None:
        """Let somebody choose a password by a token, which is good once.

        Returns:
            The address of the person; None where the token is not good.
        """
        tokens = PASSWORD_TOKENS.c
        async with self._store.writing() as connection:
            good = sa.delete(PASSWORD_TOKENS).where(
                tokens.digest == digest, tokens.expires_at > now()
            )
            user_id = (await connection.execute(good.returning(tokens.user_id))).scalar()
            if user_id is None:
                return None
            await self._set_password(connection, user_id, password, f"person:{user_id}")
            await connection.execute(sa.delete(SESSIONS).where(SESSIONS.c.user_id == user_id))
            email = sa.select(USERS.c.email).where(USERS.c.id == user_id)
            return str((await connection.execute(email)).scalar_one())

    async def found(self, *, name: str, email: str, password: str | None) -> tuple[str, bool]:
        """Make an organisation with its first owner; the very first is the one of the settings.

        Args:
            name: Of the organisation.
            email: Of the owner, in lower case.
            password: Hashed; None for a person who has one.

        Returns:
            Its id, and whether it is the one that owns what the settings and the code say.
        """
        async with self._store.writing() as connection:
            organisation_id = await self._organisation(connection, name)
            people = People(Scope(self._store, organisation_id, "system"))
            owner = await people.add_within(
                connection, email=email, name="", role=OWNER, is_known_elsewhere=True
            )
            if password is not None:
                await self._set_password(connection, owner.id, password, "system")
        return organisation_id, organisation_id == DEFAULT_ORGANISATION

    async def organisations(self) -> Sequence[tuple[str, str, int]]:
        """All: id, name, and how many people belong to each."""
        people = sa.select(sa.func.count()).where(
            MEMBERSHIPS.c.organisation_id == ORGANISATIONS.c.id
        )
        query = sa.select(
            ORGANISATIONS.c.id, ORGANISATIONS.c.name, people.scalar_subquery()
        ).order_by(ORGANISATIONS.c.created_at)
        async with self._store.reading() as connection:
            return [(row[0], row[1], row[2]) for row in await connection.execute(query)]

    async def _organisation(self, connection: AsyncConnection, name: str) -> str:
        """The default one while it has no people, else a new one."""
        default = ORGANISATIONS.c.id == DEFAULT_ORGANISATION
        await connection.execute(sa.select(ORGANISATIONS.c.id).where(default).with_for_update())
        owned = sa.select(MEMBERSHIPS.c.user_id).where(
            MEMBERSHIPS.c.organisation_id == DEFAULT_ORGANISATION
        )
        at = now()
        if (await connection.execute(owned)).first() is None:
            values = {"name": name, "updated_at": at}
            await connection.execute(sa.update(ORGANISATIONS).where(default).values(values))
            return DEFAULT_ORGANISATION
        row = {"id": new_id(), "name": name, "settings": {}, "secrets": {}}
        moments = {"created_at": at, "updated_at": at}
        await connection.execute(sa.insert(ORGANISATIONS).values(**row, **moments))
        return str(row["id"])

    async def _set_password(
        self, connection: AsyncConnection, user_id: str, password: str, actor: str
    ) -> None:
        change = sa.update(USERS).where(USERS.c.id == user_id)
        await connection.execute(change.values(password=password, updated_at=now()))
        tokens = PASSWORD_TOKENS.c.user_id == user_id
        await connection.execute(sa.delete(PASSWORD_TOKENS).where(tokens))
        belongs = sa.select(MEMBERSHIPS.c.organisation_id).where(MEMBERSHIPS.c.user_id == user_id)
        for organisation_id in (await connection.execute(belongs)).scalars().all():
            scope = Scope(self._store, organisation_id, actor)
            await scope.audit(connection, "change password", "person", user_id)

    async def _change_session(self, digest: str, **values: object) -> None:
        change = sa.update(SESSIONS).where(SESSIONS.c.digest == digest).values(**values)
        async with self._store.writing() as connection:
            await connection.execute(change)
