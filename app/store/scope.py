"""Scope: what one organisation can reach. Nothing else builds a query on what organisations own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.tables.audit import AUDIT
from app.store.types import now

if TYPE_CHECKING:
    from app.store.store import Store

__all__ = ["Scope"]

MOST_ACTOR = 200


class Scope:
    """Queries of one organisation, on behalf of somebody.

    Args:
        store: Where they run.
        organisation_id: Whose rows they see.
        actor: Who asks, for the audit log: ``key:<id>``, ``person:<id>``, ``settings``, ``system``.
    """

    __slots__ = ("_store", "actor", "organisation_id")

    def __init__(self, store: "Store", organisation_id: str, actor: str) -> None:
        self._store = store
        self.organisation_id = organisation_id
        self.actor = actor[:MOST_ACTOR]

    @property
    def is_sqlite(self) -> bool:
        """Which of the two engines it is, where a query has to differ."""
        return self._store.is_sqlite

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that only looks."""
        async with self._store.reading() as connection:
            yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that changes something: all of it at the end of the block, or nothing."""
        async with self._store.writing() as connection:
            yield connection

    def owns(self, table: sa.FromClause) -> sa.ColumnElement[bool]:
        """That a row is the organisation's; for each table of a join."""
        owned: sa.ColumnElement[bool] = table.c.organisation_id == self.organisation_id
        return owned

    def select(self, table: sa.FromClause, *columns: Any) -> sa.Select[Any]:
        """Rows of the organisation; all columns unless some are named."""
        return sa.select(*(columns or (table,))).select_from(table).where(self.owns(table))

    def insert(self, table: sa.Table) -> sa.Insert:
        """A new row of the organisation."""
        return sa.insert(table).values(organisation_id=self.organisation_id)

    def upsert(self, table: sa.Table) -> postgresql.Insert:
        """The same, with ``on_conflict_do_update`` and ``on_conflict_do_nothing``."""
        # SQLite's has the same methods; each engine compiles its own only.
        insert: Any = sqlite.insert if self.is_sqlite else postgresql.insert
        made: postgresql.Insert = insert(table).values(organisation_id=self.organisation_id)
        return made

    def update(self, table: sa.Table) -> sa.Update:
        """A change of rows of the organisation."""
        return sa.update(table).where(self.owns(table))

    def delete(self, table: sa.Table) -> sa.Delete:
        """The removal of rows of the organisation."""
        return sa.delete(table).where(self.owns(table))

    async def audit(
        self,
        connection: AsyncConnection,
        action: str,
        noun: str,
        noun_id: str,
        *,
        before: Any = None,
        after: Any = None,
    ) -> None:
        """Note a change, in the transaction that makes it.

        Args:
            connection: Of that transaction.
            action: ``create``, ``change``, ``delete`` …
            noun: What was changed: ``agent``, ``key`` …
            noun_id: Which one.
            before: As it was, as JSON without secrets; None of what is new.
            after: As it is now; None of what is gone.
        """
        row = {"actor": self.actor, "action": action, "noun": noun, "noun_id": noun_id}
        values = {"at": now(), "before": _json(before), "after": _json(after)}
        await connection.execute(self.insert(AUDIT).values(**row, **values))


def _json(value: Any) -> Any:
    """None as SQL has it, not as JSON has it."""
    return sa.null() if value is None else value
