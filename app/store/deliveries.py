"""Deliveries: news on their way to the webhooks of an organisation."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.news import News
from app.store.scope import Scope
from app.store.tables.webhooks import DELIVERIES
from app.store.types import new_id, now
from app.store.webhooks import Webhook, find_webhook, find_webhooks

__all__ = ["GIVE_UP_AFTER", "Deliveries", "Delivery", "Outgoing", "Status"]

Status = Literal["waiting", "delivered", "failed"]

GIVE_UP_AFTER: Final = timedelta(hours=24)
"""How long a delivery is tried again and again."""
MOST_WAITING: Final = 10_000
"""Deliveries that may wait for one webhook; what comes then is lost, and told as lost."""
MOST_ERROR: Final = 300


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one webhook, and what became of it."""

    id: str
    webhook_id: str
    event: str
    event_id: str
    status: Status
    attempts: int
    next_at: datetime | None
    answered: int | None
    error: str | None
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A delivery whose turn has come, with all that it takes to send it."""

    id: str
    event: str
    event_id: str
    body: str
    attempts: int
    until: datetime
    webhook: Webhook


_SHOWN: Final = tuple(DELIVERIES.c[field.name] for field in fields(Delivery))


class Deliveries:
    """What is on its way to the webhooks of one organisation, and what was."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    async def listeners(self, connection: AsyncConnection) -> Sequence[Webhook]:
        """The webhooks that are to be told of anything at all."""
        return [one for one in await find_webhooks(self._scope, connection) if one.is_active]

    async def announce(
        self, connection: AsyncConnection, listeners: Sequence[Webhook], news: Sequence[News]
    ) -> int:
        """Put news on their way to those that want them; what they were told of already is not.

        Args:
            connection: Of the transaction that makes them true: with it they are kept, or not.
            listeners: As they were found in it.
            news: In the order in which they happened.

        Returns:
            How many messages are lost, since too many wait already.
        """
        lost = 0
        rows: list[dict[str, Any]] = []
        for webhook in listeners:
            wanted = [one for one in news if one.event in webhook.events]
            if wanted:
                room = max(0, MOST_WAITING - await self._count_waiting(connection, webhook.id))
                lost += max(0, len(wanted) - room)
                rows += (self._row(webhook.id, one) for one in wanted[:room])
        if rows:
            made = (
                sqlite.insert(DELIVERIES)
                if self._scope.is_sqlite
                else postgresql.insert(DELIVERIES)
            )
            added = made.values(organisation_id=self._scope.organisation_id)
            await connection.execute(added.on_conflict_do_nothing(), rows)
        return lost

    async def send(self, webhook_id: str, news: News) -> Delivery | None:
        """Put something on its way to one webhook; None where there is no such webhook."""
        async with self._scope.writing() as connection:
            if await find_webhook(self._scope, connection, webhook_id) is None:
                return None
            row = self._row(webhook_id, news)
            await connection.execute(self._scope.insert(DELIVERIES), row)
        shown: dict[str, Any] = {column.name: row.get(column.name) for column in _SHOWN}
        return Delivery(**shown)

    async def list(
        self,
        webhook_id: str,
        *,
        most: int,
        status: Status | None = None,
        after: tuple[datetime, str] | None = None,
    ) -> Sequence[Delivery]:
        """What was sent to it or waits to be, the newest first.

        Args:
            webhook_id: To which.
            most: How many at most.
            status: Of those that are wanted; all unless set.
            after: Moment and id of the last one that was seen already.
        """
        table = DELIVERIES.c
        query = self._scope.select(DELIVERIES, *_SHOWN).where(table.webhook_id == webhook_id)
        if status is not None:
            query = query.where(table.status == status)
        if after is not None:
            moment, last = after
            is_older = table.created_at < moment
            query = query.where(
                is_older | ((table.created_at == moment) & (table.id < last)),
            )
        query = query.order_by(table.created_at.desc(), table.id.desc()).limit(most)
        async with self._scope.reading() as connection:
            return [Delivery(**row._mapping) for row in await connection.execute(query)]

    async def again(self, webhook_id: str, delivery_id: str) -> Delivery | None:
        """Try a delivery anew, also one that was delivered; None where there is no such one."""
        moment = now()
        values = {
            "status": "waiting",
            "attempts": 0,
            "next_at": moment,
            "until": moment + GIVE_UP_AFTER,
            "finished_at": None,
        }
        changed = (
            self._scope.update(DELIVERIES)
            .where(DELIVERIES.c.id == delivery_id, DELIVERIES.c.webhook_id == webhook_id)
            .values(**values)
            .returning(*_SHOWN)
        )
        async with self._scope.writing() as connection:
            row = (await connection.execute(changed)).one_or_none()
        return None if row is None else Delivery(**row._mapping)

    async def outgoing(self, delivery_id: str) -> Outgoing | None:
        """What it takes to send a delivery; None where it is gone."""
        wanted = ("id", "event", "event_id", "body", "attempts", "until", "webhook_id")
        columns = [DELIVERIES.c[name] for name in wanted]
        query = self._scope.select(DELIVERIES, *columns).where(DELIVERIES.c.id == delivery_id)
        async with self._scope.reading() as connection:
            row = (await connection.execute(query)).one_or_none()
            if row is None:
                return None
            values = dict(row._mapping)
            webhook_id = values.pop("webhook_id")
            webhook = await find_webhook(self._scope, connection, webhook_id)
        return None if webhook is None else Outgoing(**values, webhook=webhook)

    async def settle(
        self,
        delivery_id: str,
        *,
        answered: int | None,
        error: str | None,
        next_at: datetime | None,
    ) -> None:
        """Note how an attempt went.

        Args:
            delivery_id: Of which.
            answered: The status of HTTP, if there was one.
            error: Why it was in vain; None if it was not.
            next_at: When to try again; None if that is over.
        """
        is_over = next_at is None
        values = {
            "status": "waiting" if not is_over else "failed" if error else "delivered",
            "attempts": DELIVERIES.c.attempts + 1,
            "next_at": next_at,
            "answered": answered,
            "error": error[:MOST_ERROR] if error else None,
            "finished_at": now() if is_over else None,
        }
        changed = self._scope.update(DELIVERIES).where(DELIVERIES.c.id == delivery_id)
        async with self._scope.writing() as connection:
            await connection.execute(changed.values(**values))

    async def _count_waiting(self, connection: AsyncConnection, webhook_id: str) -> int:
        is_waiting = (DELIVERIES.c.webhook_id == webhook_id) & (DELIVERIES.c.status == "waiting")
        query = self._scope.select(DELIVERIES, sa.func.count()).where(is_waiting)
        return int(await connection.scalar(query) or 0)

    def _row(self, webhook_id: str, news: News) -> dict[str, Any]:
        moment = now()
        return {
            "id": new_id(),
            "webhook_id": webhook_id,
            "event": news.event,
            "event_id": news.id,
            "body": news.body,
            "status": "waiting",
            "attempts": 0,
            "next_at": moment,
            "until": moment + GIVE_UP_AFTER,
            "created_at": moment,
        }
