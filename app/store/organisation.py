"""The organisation itself: its name, its settings, and the secrets that only the vault can read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.scope import Scope
from app.store.tables.organisations import ORGANISATIONS
from app.store.types import now

__all__ = ["Organisation", "OrganisationPort"]


@dataclass(frozen=True, slots=True)
class Organisation:
    """An organisation.

    Attributes:
        settings: What may be shown, by name; what was never set is not there.
        secrets: Sealed texts, by name.
    """

    id: str
    name: str
    settings: Mapping[str, Any]
    secrets: Mapping[str, str]
    created_at: datetime
    updated_at: datetime


class OrganisationPort:
    """One organisation."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    async def get(self) -> Organisation:
        """As it is.

        Raises:
            LookupError: There is none of that id.
        """
        async with self._scope.reading() as connection:
            return await self._get(connection)

    async def change(
        self,
        *,
        name: str | None = None,
        settings: Mapping[str, Any] | None = None,
        secrets: Mapping[str, str | None] | None = None,
    ) -> Organisation:
        """Change what is named; None takes a setting or a secret away.

        Args:
            name: The new name.
            settings: New settings, by name.
            secrets: New secrets, sealed, by name.
        """
        scope = self._scope
        async with scope.writing() as connection:
            before = await self._get(connection, hold=True)
            values = {
                "name": before.name if name is None else name,
                "settings": _merged(before.settings, settings or {}),
                "secrets": _merged(before.secrets, secrets or {}),
                "updated_at": now(),
            }
            mine = ORGANISATIONS.c.id == scope.organisation_id
            await connection.execute(sa.update(ORGANISATIONS).where(mine).values(**values))
            after = await self._get(connection)
            told = {"before": _told(before), "after": _told(after, before)}
            await scope.audit(connection, "change", "organisation", after.id, **told)
        return after

    async def _get(self, connection: AsyncConnection, *, hold: bool = False) -> Organisation:
        query = sa.select(ORGANISATIONS).where(ORGANISATIONS.c.id == self._scope.organisation_id)
        row = (await connection.execute(query.with_for_update() if hold else query)).first()
        if row is None:
            raise LookupError(f"there is no organisation {self._scope.organisation_id!r}")
        return Organisation(**row._mapping)


def _merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**old, **new}.items() if value is not None}


def _told(one: Organisation, before: Organisation | None = None) -> dict[str, Any]:
    """What the audit log says of it: of secrets only which there are, and which are new."""
    told: dict[str, Any] = {"name": one.name, "settings": dict(one.settings)}
    told["secrets"] = sorted(one.secrets)
    if before is not None:
        told["new_secrets"] = sorted(
            name for name, sealed in one.secrets.items() if before.secrets.get(name) != sealed
        )
    return told
