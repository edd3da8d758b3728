"""Keys and credentials of an organisation; what is secret about them is kept as a digest only."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.scope import Scope
from app.store.tables.access import ACCESS_CHANGES, API_KEYS, WS_CREDENTIALS
from app.store.tables.organisations import ORGANISATIONS
from app.store.types import new_id, now

__all__ = ["ApiKey", "ApiKeys", "UserNameTaken", "WsCredential", "WsCredentials"]

NOT_TOLD: Final = frozenset({"id", "organisation_id", "digest", "created_at", "created_by"})


class UserNameTaken(Exception):
    """Another credential has this user name, maybe one of another organisation."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key of the REST API.

    Attributes:
        digest: SHA-256 of the key, in hexadecimal.
        prefix: How the key begins, so that people can tell one from another.
        created_by: As the audit log names them.
        expires_at: From when on it opens nothing; None for never.
    """

    id: str
    organisation_id: str
    name: str
    digest: str
    prefix: str
    scopes: Sequence[str]
    created_at: datetime
    created_by: str
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class WsCredential:
    """What jambonz gives when it opens a WebSocket.

    Attributes:
        digest: SHA-256 of the password, in hexadecimal.
        account_sids: Of the jambonz accounts that may use it; none for any.
    """

    id: str
    organisation_id: str
    name: str
    user_name: str
    digest: str
    account_sids: Sequence[str]
    created_at: datetime
    created_by: str


Row = TypeVar("Row", ApiKey, WsCredential)


class _Access(Generic[Row]):
    """What both have in common: rows of which other nodes must hear every change."""

    noun: str
    table: sa.Table
    kind: type[Row]

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    async def list(self) -> Sequence[Row]:
        """All, in the order in which they were made."""
        query = self._scope.select(self.table).order_by(self.table.c.created_at, self.table.c.id)
        async with self._scope.reading() as connection:
            return [self._row(row) for row in await connection.execute(query)]

    async def get(self, row_id: str) -> Row | None:
        """One; None where the organisation has none of that id."""
        async with self._scope.reading() as connection:
            return await self._find(connection, row_id)

    async def delete(self, row_id: str) -> Row | None:
        """Take one away, for ever."""
        async with self._writing() as connection:
            before = await self._find(connection, row_id)
            if before is not None:
                gone = self._scope.delete(self.table).where(self.table.c.id == row_id)
                await connection.execute(gone)
                await self._audit(connection, "delete", before, None)
        return before

    async def _create(self, values: Mapping[str, Any]) -> Row:
        made = {"id": new_id(), "created_at": now(), "created_by": self._scope.actor, **values}
        async with self._writing() as connection:
            await connection.execute(self._scope.insert(self.table).values(made))
            after = await self._find(connection, made["id"])
            assert after is not None
            await self._audit(connection, "create", None, after)
        return after

    async def _change(self, row_id: str, values: Mapping[str, Any]) -> Row | None:
        async with self._writing() as connection:
            before = await self._find(connection, row_id)
            if before is None or not values:
                return before
            change = self._scope.update(self.table).where(self.table.c.id == row_id)
            await connection.execute(change.values(**values))
            after = await self._find(connection, row_id)
            await self._audit(connection, "change", before, after)
        return after

    async def _find(self, connection: AsyncConnection, row_id: str) -> Row | None:
        query = self._scope.select(self.table).where(self.table.c.id == row_id)
        row = (await connection.execute(query)).first()
        return None if row is None else self._row(row)

    def _row(self, row: sa.Row[Any]) -> Row:
        return self.kind(**row._mapping)

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[AsyncConnection]:
        """A transaction, one at a time in an organisation, which is counted as a change."""
        scope, table = self._scope, ACCESS_CHANGES
        mine = ORGANISATIONS.c.id == scope.organisation_id
        async with scope.writing() as connection:
            await connection.execute(sa.select(ORGANISATIONS.c.id).where(mine).with_for_update())
            count = scope.update(table).values(number=table.c.number + 1)
            if not (await connection.execute(count)).rowcount:
                await connection.execute(scope.insert(table).values(number=1))
            yield connection

    async def _audit(
        self, connection: AsyncConnection, action: str, before: Row | None, after: Row | None
    ) -> None:
        row = after or before
        assert row is not None
        told = {"before": before and _told(before), "after": after and _told(after)}
        await self._scope.audit(connection, action, self.noun, row.id, **told)


class ApiKeys(_Access[ApiKey]):
    """The keys of one organisation."""

    noun = "key"
    table = API_KEYS
    kind = ApiKey

    async def create(
        self,
        *,
        name: str,
        digest: str,
        prefix: str,
        scopes: Sequence[str],
        expires_at: datetime | None = None,
    ) -> ApiKey:
        """Keep a new key; the fields are those of `ApiKey`."""
        values = {"name": name, "digest": digest, "prefix": prefix, "scopes": [*scopes]}
        return await self._create({**values, "expires_at": expires_at})

    async def change(self, key_id: str, values: Mapping[str, Any]) -> ApiKey | None:
        """Change `name`, `scopes` or `expires_at`; what is not named stays."""
        return await self._change(key_id, values)


class WsCredentials(_Access[WsCredential]):
    """The credentials of one organisation."""

    noun = "credential"
    table = WS_CREDENTIALS
    kind = WsCredential

    async def create(
        self, *, name: str, user_name: str, digest: str, account_sids: Sequence[str]
    ) -> WsCredential:
        """Keep a new one; the fields are those of `WsCredential`.

        Raises:
            UserNameTaken: There is one of that user name, here or elsewhere.
        """
        values = {"name": name, "user_name": user_name, "digest": digest}
        try:
            return await self._create({**values, "account_sids": [*account_sids]})
        except IntegrityError as error:
            if "user_name" not in str(error.orig):
                raise
            raise UserNameTaken from None

    async def change(self, credential_id: str, values: Mapping[str, Any]) -> WsCredential | None:
        """Change `name`, `account_sids` or `digest`; what is not named stays."""
        return await self._change(credential_id, values)


def _told(row: ApiKey | WsCredential) -> dict[str, Any]:
    """What the audit log says of one."""
    told = {key: value for key, value in asdict(row).items() if key not in NOT_TOLD}
    if isinstance(row, ApiKey):
        told["expires_at"] = row.expires_at and row.expires_at.isoformat()
    return told
