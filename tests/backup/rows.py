"""Rows for any table, made up from its columns: values of their types, and references that hold."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from app.backup.values import stored_columns
from app.store import Store, Tenant, new_id
from app.store.tables import METADATA
from app.store.tables.audit import AUDIT
from app.store.tables.organisations import ORGANISATIONS
from app.store.terms import Terms

Rows = dict[str, list[dict[str, Any]]]

ROWS_OF_A_TABLE = 2


async def fill(store: Store) -> None:
    """Put rows into every table."""
    made: Rows = {}
    async with store.writing() as connection:
        found = await connection.execute(sa.select(ORGANISATIONS))
        made[ORGANISATIONS.name] = [dict(row._mapping) for row in found]
        for table in METADATA.sorted_tables:
            for number in range(ROWS_OF_A_TABLE):
                row = make(table, number, made)
                await connection.execute(sa.insert(table).values(row))
                made.setdefault(table.name, []).append(row)


async def read(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """What is in every table, in an order that does not depend on the engine."""
    async with store.reading() as connection:
        return {
            table.name: sorted(
                [tuple(row) for row in await connection.execute(sa.select(*stored_columns(table)))],
                key=repr,
            )
            for table in METADATA.sorted_tables
        }


def make(table: sa.Table, number: int, made: Rows) -> dict[str, Any]:
    """A row whose references lead to rows that are there."""
    row = {column.name: value(column, number) for column in stored_columns(table)}
    row.update(_references(table, number, made))
    return row


def _references(table: sa.Table, number: int, made: Rows) -> Iterator[tuple[str, Any]]:
    for constraint in table.foreign_key_constraints:
        if constraint.referred_table is table:
            yield from (
                (name, None) for name in constraint.column_keys if name.startswith("parent")
            )
            continue
        target = made[constraint.referred_table.name][number - ROWS_OF_A_TABLE]
        for name, key in zip(constraint.column_keys, constraint.elements, strict=True):
            yield name, target[key.column.name]


def value(column: sa.Column[Any], number: int) -> Any:
    """A value of a column's type that its checks allow."""
    if column.nullable and number:
        return sa.null() if isinstance(column.type, sa.JSON) else None
    kind = column.type.impl_instance if isinstance(column.type, sa.TypeDecorator) else column.type
    if isinstance(column.type, Terms):
        return f"word {number} word"
    if isinstance(kind, sa.String):
        return _allowed(column) or f"Zoë’s {column.name} {number}\n"[: kind.length or 60]
    return {
        sa.Uuid: new_id(),
        sa.DateTime: datetime(2026, 3, 29, 1, 59, number, 123456, tzinfo=UTC),
        sa.Date: date(2026, 3, 29),
        sa.Boolean: bool(number),
        sa.Float: 0.1 + number,
        sa.LargeBinary: bytes([0, 255, number]),
        sa.JSON: {"ä": [1, 2.5, None, True], "n": number},
    }.get(_known(kind), 1000 + number)


def _known(kind: sa.types.TypeEngine[Any]) -> type:
    kinds = (sa.Uuid, sa.DateTime, sa.Date, sa.Boolean, sa.Float, sa.LargeBinary, sa.JSON)
    return next((one for one in kinds if isinstance(kind, one)), int)


def _allowed(column: sa.Column[Any]) -> str | None:
    """The first word of a check such as ``status IN ('waiting', 'done')``."""
    for constraint in column.table.constraints:
        if isinstance(constraint, sa.CheckConstraint):
            pattern = rf"\b{column.name} IN \('(\w+)'"
            if found := re.search(pattern, str(constraint.sqltext)):
                return found[1]
    return None


async def note(tenant: Tenant, noun_id: str = "1") -> None:
    async with tenant.scope.writing() as connection:
        await tenant.scope.audit(connection, "create", "agent", noun_id)


async def notes(store: Store) -> list[Any]:
    async with store.reading() as connection:
        return list(await connection.scalars(sa.select(AUDIT.c.noun_id).order_by(AUDIT.c.id)))
