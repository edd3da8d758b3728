"""The organisation itself: its name, its settings, and the secrets that only the vault can read."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, Final, Self

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.scope import Scope
from app.store.tables.organisations import ORGANISATIONS
from app.store.types import now

__all__ = ["LOOKUP_SECRET", "VENDOR", "Organisation", "OrganisationPort", "OrganisationSettings"]


LOOKUP_SECRET: Final = "client_lookup_secret"  # noqa: S105 - its name
VENDOR: Final = "vendor:"
"""Begins the name of a secret that is the credential of a model vendor, as JSON."""


@dataclass(frozen=True, slots=True)
class OrganisationSettings:
    """What an organisation has set; each has a default.

    Attributes:
        client_lookup_url: Asked who has a number; None for nobody to ask.
        client_lookup_header: The header that carries the secret of that address.
        client_lookup_early: Whether it is asked when a call begins, before the first words.
        worker_model: ``vendor:model`` that answers from documents; None for that of the settings.
        retention_days: How long records of calls are kept; None for as long as anybody wants.
        max_calls: How many calls it may have at once, on all nodes together; None for no bound.
    """

    client_lookup_url: str | None = None
    client_lookup_header: str = "loquent_x_check"
    client_lookup_early: bool = False
    worker_model: str | None = None
    retention_days: int | None = None
    max_calls: int | None = None

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Self:
        """As they stand in the store; what a newer version has set is not known here."""
        return cls(**{name: kept[name] for name in SETTINGS if name in kept})


SETTINGS: Final = tuple(field.name for field in fields(OrganisationSettings))


@dataclass(frozen=True, slots=True)
class Organisation:
    """An organisation.

    Attributes:
        secrets: Sealed texts, by name: `LOOKUP_SECRET`, and `VENDOR` with the name of a vendor.
    """

    id: str
    name: str
    settings: OrganisationSettings
    secrets: Mapping[str, str]
    created_at: datetime
    updated_at: datetime

    @property
    def vendors(self) -> Sequence[str]:
        """The model vendors of which it has a credential."""
        return sorted(name.removeprefix(VENDOR) for name in self.secrets if name.startswith(VENDOR))


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
            settings: New ones, by the names of `OrganisationSettings`.
            secrets: New secrets, sealed, by name.
        """
        scope = self._scope
        async with scope.writing() as connection:
            kept = await self._row(connection, hold=True)
            before = _organisation(kept)
            values = {
                "name": before.name if name is None else name,
                "settings": _merged(kept.settings, settings or {}),
                "secrets": _merged(before.secrets, secrets or {}),
                "updated_at": now(),
            }
            mine = ORGANISATIONS.c.id == scope.organisation_id
            await connection.execute(sa.update(ORGANISATIONS).where(mine).values(**values))
            after = await self._get(connection)
            told = {"before": _told(before), "after": _told(after, before)}
            await scope.audit(connection, "change", "organisation", after.id, **told)
        return after

    async def _get(self, connection: AsyncConnection) -> Organisation:
        return _organisation(await self._row(connection))

    async def _row(self, connection: AsyncConnection, *, hold: bool = False) -> sa.Row[Any]:
        query = sa.select(ORGANISATIONS).where(ORGANISATIONS.c.id == self._scope.organisation_id)
        row = (await connection.execute(query.with_for_update() if hold else query)).first()
        if row is None:
            raise LookupError(f"there is no organisation {self._scope.organisation_id!r}")
        return row


def _organisation(row: sa.Row[Any]) -> Organisation:
    return Organisation(**{**row._mapping, "settings": OrganisationSettings.of(row.settings)})


def _merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**old, **new}.items() if value is not None}


def _told(one: Organisation, before: Organisation | None = None) -> dict[str, Any]:
    """What the audit log says of it: of secrets only which there are, and which are new."""
    told: dict[str, Any] = {"name": one.name, "settings": asdict(one.settings)}
    told["secrets"] = sorted(one.secrets)
    if before is not None:
        told["new_secrets"] = sorted(
            name for name, sealed in one.secrets.items() if before.secrets.get(name) != sealed
        )
    return told
