"""Webhooks of an organisation: where it wants to be told of its calls."""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.scope import Scope
from app.store.tables.webhooks import WEBHOOKS
from app.store.types import new_id, now

__all__ = ["MOST_WEBHOOKS", "Sealed", "Webhook", "Webhooks", "find_webhook", "find_webhooks"]

MOST_WEBHOOKS: Final = 20
"""Of one organisation."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A secret as the store keeps it.

    Args:
        sealed: As the vault gave it.
        until: When it is no longer signed with; None of the one that counts.
    """

    sealed: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where an organisation wants to be told of what happens."""

    id: str
    url: str
    events: tuple[str, ...]
    is_active: bool
    secrets: tuple[Sealed, ...]
    created_at: datetime
    updated_at: datetime


class Webhooks:
    """The webhooks of one organisation."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    async def list(self) -> Sequence[Webhook]:
        """All of them, the oldest first."""
        async with self._scope.reading() as connection:
            return await find_webhooks(self._scope, connection)

    async def get(self, webhook_id: str) -> Webhook | None:
        """One of them."""
        async with self._scope.reading() as connection:
            return await find_webhook(self._scope, connection, webhook_id)

    async def create(
        self, *, url: str, events: Sequence[str], sealed: str, is_active: bool = True
    ) -> Webhook | None:
        """A new one, with its secret as the vault sealed it; None where there are too many."""
        webhook_id, moment = new_id(), now()
        row = {"url": url, "events": [*events], "is_active": is_active}
        row |= {"id": webhook_id, "secrets": [_written(Sealed(sealed))]}
        times = {"created_at": moment, "updated_at": moment}
        async with self._scope.writing() as connection:
            if len(await find_webhooks(self._scope, connection)) >= MOST_WEBHOOKS:
                return None
            await connection.execute(self._scope.insert(WEBHOOKS).values(**row, **times))
            made = await find_webhook(self._scope, connection, webhook_id)
            assert made is not None
            shown = _audited(made)
            await self._scope.audit(connection, "create", "webhook", webhook_id, after=shown)
            return made

    async def replace(
        self, webhook_id: str, *, url: str, events: Sequence[str], is_active: bool
    ) -> Webhook | None:
        """Set all but its secrets; None where there is no such webhook."""
        values = {"url": url, "events": [*events], "is_active": is_active}
        return await self._change(webhook_id, "change", lambda _before: values)

    async def rotate(self, webhook_id: str, *, sealed: str, until: datetime) -> Webhook | None:
        """Give it a new secret; the one before counts too for a while, and older ones no more.

        Args:
            webhook_id: Which one; None comes back where there is none.
            sealed: The new secret, as the vault sealed it.
            until: How long the one before counts.
        """

        def secrets(before: Webhook) -> dict[str, Any]:
            last = dataclasses.replace(before.secrets[0], until=until)
            return {"secrets": [_written(Sealed(sealed)), _written(last)]}

        return await self._change(webhook_id, "rotate", secrets)

    async def delete(self, webhook_id: str) -> bool:
        """Remove it, with all that is on its way there; False where there is none."""
        async with self._scope.writing() as connection:
            before = await find_webhook(self._scope, connection, webhook_id)
            if before is None:
                return False
            await connection.execute(
                self._scope.delete(WEBHOOKS).where(WEBHOOKS.c.id == webhook_id)
            )
            shown = _audited(before)
            await self._scope.audit(connection, "delete", "webhook", webhook_id, before=shown)
            return True

    async def _change(
        self, webhook_id: str, action: str, values: Callable[[Webhook], dict[str, Any]]
    ) -> Webhook | None:
        async with self._scope.writing() as connection:
            before = await find_webhook(self._scope, connection, webhook_id)
            if before is None:
                return None
            changed = self._scope.update(WEBHOOKS).where(WEBHOOKS.c.id == webhook_id)
            await connection.execute(changed.values(**values(before), updated_at=now()))
            after = await find_webhook(self._scope, connection, webhook_id)
            assert after is not None
            shown = {"before": _audited(before), "after": _audited(after)}
            await self._scope.audit(connection, action, "webhook", webhook_id, **shown)
            return after


async def find_webhooks(scope: Scope, connection: AsyncConnection) -> Sequence[Webhook]:
    """All of an organisation, the oldest first."""
    query = scope.select(WEBHOOKS).order_by(WEBHOOKS.c.created_at, WEBHOOKS.c.id)
    return [_read(row) for row in await connection.execute(query)]


async def find_webhook(
    scope: Scope, connection: AsyncConnection, webhook_id: str
) -> Webhook | None:
    """One of an organisation."""
    row = (
        await connection.execute(scope.select(WEBHOOKS).where(WEBHOOKS.c.id == webhook_id))
    ).one_or_none()
    return None if row is None else _read(row)


def _read(row: sa.Row[Any]) -> Webhook:
    secrets = tuple(_sealed(one) for one in row.secrets)
    times = (row.created_at, row.updated_at)
    return Webhook(row.id, row.url, tuple(row.events), row.is_active, secrets, *times)


def _sealed(value: dict[str, str | None]) -> Sealed:
    until = value["until"]
    return Sealed(str(value["sealed"]), datetime.fromisoformat(until) if until else None)


def _written(secret: Sealed) -> dict[str, str | None]:
    until = secret.until.isoformat() if secret.until else None
    return {"sealed": secret.sealed, "until": until}


def _audited(webhook: Webhook) -> dict[str, Any]:
    """What the audit log keeps of it: no secret, not even a sealed one."""
    return {
        "url": webhook.url,
        "events": [*webhook.events],
        "is_active": webhook.is_active,
        "secrets": len(webhook.secrets),
    }
