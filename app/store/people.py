"""People of an organisation: who belongs to it, and in which role."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.scope import Scope
from app.store.tables.organisations import ORGANISATIONS
from app.store.tables.people import MEMBERSHIPS, PASSWORD_TOKENS, SESSIONS, USERS
from app.store.types import new_id, now

__all__ = ["AlreadyMember", "KnownElsewhere", "LastOwner", "NotOnlyHere", "People", "Person"]

OWNER: Final = "owner"


class AlreadyMember(Exception):
    """The person belongs to the organisation already."""


class KnownElsewhere(Exception):
    """The address is that of somebody of another organisation."""


class LastOwner(Exception):
    """Without this person nobody could change the organisation any more."""


class NotOnlyHere(Exception):
    """The person belongs to another organisation too, so that this one may not decide alone."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who belongs to an organisation.

    Attributes:
        role: ``owner``, ``editor`` or ``viewer``, in this organisation.
        has_password: Whether they have chosen one; before that they cannot sign in.
    """

    id: str
    email: str
    name: str
    role: str
    has_password: bool
    created_at: datetime


COLUMNS: Final = (
    USERS.c.id,
    USERS.c.email,
    USERS.c.name,
    MEMBERSHIPS.c.role,
    (USERS.c.password.is_not(None)).label("has_password"),
    MEMBERSHIPS.c.created_at,
)


class People:
    """The people of one organisation."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    async def list(self) -> Sequence[Person]:
        """All, by address."""
        query = self._members().order_by(USERS.c.email)
        async with self._scope.reading() as connection:
            return [_person(row) for row in await connection.execute(query)]

    async def get(self, user_id: str) -> Person | None:
        """One; None where nobody of that id belongs to the organisation."""
        async with self._scope.reading() as connection:
            return await self._find(connection, user_id)

    async def add(
        self, *, email: str, name: str, role: str, is_known_elsewhere: bool = False
    ) -> Person:
        """Let somebody belong to the organisation.

        Nobody has proved that an address is theirs. Who let somebody choose a password for it would
        come in here as well, so that only whoever runs the server may say that it is the same one.

        Args:
            email: In lower case.
            name: For a person who is new.
            role: In this organisation.
            is_known_elsewhere: Whether they may be somebody of another organisation.

        Raises:
            AlreadyMember: They do already.
            KnownElsewhere: They belong to another organisation.
        """
        async with self._scope.writing() as connection:
            return await self.add_within(
                connection,
                email=email,
                name=name,
                role=role,
                is_known_elsewhere=is_known_elsewhere,
            )

    async def add_within(
        self,
        connection: AsyncConnection,
        *,
        email: str,
        name: str,
        role: str,
        is_known_elsewhere: bool,
    ) -> Person:
        """The same, within a transaction that does more."""
        scope, at = self._scope, now()
        await self._hold_all(connection)
        query = sa.select(USERS.c.id).where(USERS.c.email == email)
        user_id = (await connection.execute(query)).scalar()
        if user_id is None:
            user_id = await _new_user(connection, email, name, at)
        elif await self._find(connection, user_id) is not None:
            raise AlreadyMember
        elif not is_known_elsewhere:
            raise KnownElsewhere
        else:  # a token that another organisation gave out would open this one too
            await connection.execute(_tokens_of(user_id))
        membership = {"user_id": user_id, "role": role, "created_at": at}
        await connection.execute(scope.insert(MEMBERSHIPS).values(membership))
        added = await self._get(connection, user_id)
        await scope.audit(connection, "create", "person", user_id, after=_told(added))
        return added

    async def change_role(self, user_id: str, role: str) -> Person | None:
        """Give somebody another role.

        Raises:
            LastOwner: Nobody else is an owner.
        """
        scope = self._scope
        async with scope.writing() as connection:
            before = await self._hold(connection, user_id)
            if before is None:
                return None
            if role != OWNER:
                await self._require_other_owner(connection, before)
            change = scope.update(MEMBERSHIPS).where(MEMBERSHIPS.c.user_id == user_id)
            await connection.execute(change.values(role=role))
            after = await self._get(connection, user_id)
            told = {"before": _told(before), "after": _told(after)}
            await scope.audit(connection, "change", "person", user_id, **told)
        return after

    async def remove(self, user_id: str) -> Person | None:
        """Let somebody belong to the organisation no more; who belongs to none is forgotten.

        Raises:
            LastOwner: Nobody else is an owner.
        """
        scope = self._scope
        async with scope.writing() as connection:
            before = await self._hold(connection, user_id)
            if before is None:
                return None
            await self._require_other_owner(connection, before)
            for table in (MEMBERSHIPS, SESSIONS):
                await connection.execute(scope.delete(table).where(table.c.user_id == user_id))
            belongs = sa.select(MEMBERSHIPS.c.user_id).where(MEMBERSHIPS.c.user_id == user_id)
            forgotten = sa.delete(USERS).where(USERS.c.id == user_id, ~belongs.exists())
            await connection.execute(forgotten)
            await scope.audit(connection, "delete", "person", user_id, before=_told(before))
        return before

    async def let_choose_password(
        self, user_id: str, digest: str, expires_at: datetime
    ) -> Person | None:
        """Let somebody choose a password by a token, instead of any that they were given before.

        Args:
            user_id: Who.
            digest: Of the token.
            expires_at: Until when.

        Raises:
            NotOnlyHere: They belong to another organisation too.
        """
        scope, at = self._scope, now()
        async with scope.writing() as connection:
            person = await self._hold(connection, user_id)
            if person is None:
                return None
            elsewhere = sa.select(MEMBERSHIPS.c.user_id).where(
                MEMBERSHIPS.c.user_id == user_id, ~scope.owns(MEMBERSHIPS)
            )
            if (await connection.execute(elsewhere)).first() is not None:
                raise NotOnlyHere
            await connection.execute(_tokens_of(user_id))
            token = {"digest": digest, "user_id": user_id, "created_at": at}
            await connection.execute(
                sa.insert(PASSWORD_TOKENS).values(**token, expires_at=expires_at)
            )
            await scope.audit(connection, "let choose a password", "person", user_id)
        return person

    def _members(self) -> sa.Select[Any]:
        query = self._scope.select(MEMBERSHIPS, *COLUMNS)
        return query.join(USERS, USERS.c.id == MEMBERSHIPS.c.user_id)

    async def _find(self, connection: AsyncConnection, user_id: str) -> Person | None:
        row = (await connection.execute(self._members().where(USERS.c.id == user_id))).first()
        return None if row is None else _person(row)

    async def _get(self, connection: AsyncConnection, user_id: str) -> Person:
        person = await self._find(connection, user_id)
        assert person is not None
        return person

    async def _hold(self, connection: AsyncConnection, user_id: str) -> Person | None:
        """The same, while nobody else changes the people of this organisation."""
        await self._hold_all(connection)
        return await self._find(connection, user_id)

    async def _hold_all(self, connection: AsyncConnection) -> None:
        mine = ORGANISATIONS.c.id == self._scope.organisation_id
        await connection.execute(sa.select(ORGANISATIONS.c.id).where(mine).with_for_update())

    async def _require_other_owner(self, connection: AsyncConnection, person: Person) -> None:
        query = self._scope.select(MEMBERSHIPS, MEMBERSHIPS.c.user_id).where(
            MEMBERSHIPS.c.role == OWNER, MEMBERSHIPS.c.user_id != person.id
        )
        if person.role == OWNER and (await connection.execute(query)).first() is None:
            raise LastOwner


async def _new_user(connection: AsyncConnection, email: str, name: str, at: datetime) -> str:
    row = {"id": new_id(), "email": email, "name": name, "created_at": at, "updated_at": at}
    try:
        await connection.execute(sa.insert(USERS).values(row))
    except IntegrityError:  # another organisation has invited them in this very moment
        raise KnownElsewhere from None
    return str(row["id"])


def _tokens_of(user_id: str) -> sa.Delete:
    """Whatever tokens somebody could choose a password by are good no more."""
    return sa.delete(PASSWORD_TOKENS).where(PASSWORD_TOKENS.c.user_id == user_id)


def _person(row: sa.Row[Any]) -> Person:
    return Person(**{**row._mapping, "has_password": bool(row.has_password)})


def _told(person: Person) -> dict[str, Any]:
    """What the audit log says of a person."""
    told = asdict(person)
    return {key: told[key] for key in ("email", "name", "role")}
