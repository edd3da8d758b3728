"""The values of a row as JSON knows them, and back: by the type of the column."""

import base64
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

import sqlalchemy as sa

__all__ = ["Change", "packers", "stored_columns", "unpackers"]

Change = Callable[[Any], Any]


def _pack_bytes(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


# To JSON and back; the first type that fits counts.
_CHANGES: Final[tuple[tuple[type[sa.types.TypeEngine[Any]], Change, Change], ...]] = (
    (sa.DateTime, datetime.isoformat, datetime.fromisoformat),
    (sa.Date, date.isoformat, date.fromisoformat),
    (sa.LargeBinary, _pack_bytes, base64.b64decode),
    (sa.Float, float, float),
    (sa.Numeric, str, Decimal),
)
_PLAIN: Final = (sa.String, sa.Integer, sa.Boolean, sa.JSON, sa.Uuid)
"""What holds values that JSON knows."""


def stored_columns(table: sa.Table) -> list[sa.Column[Any]]:
    """The columns that hold something of their own: what the store computes cannot be written."""
    return [column for column in table.columns if column.computed is None]


def packers(columns: Sequence[sa.Column[Any]]) -> list[Change | None]:
    """For each column how its values become JSON; None where they are."""
    return [_optional(pack) for pack, _ in map(_changes, columns)]


def unpackers(columns: Sequence[sa.Column[Any]]) -> list[Change | None]:
    """For each column how its values come back from JSON; None where they need nothing."""
    return [
        _sql_null if _may_hold_sql_null(column) else _optional(_changes(column)[1])
        for column in columns
    ]


def _changes(column: sa.Column[Any]) -> tuple[Change | None, Change | None]:
    kind = column.type.impl_instance if isinstance(column.type, sa.TypeDecorator) else column.type
    for known, pack, unpack in _CHANGES:
        if isinstance(kind, known):
            return pack, unpack
    if isinstance(kind, _PLAIN):
        return None, None
    raise TypeError(f"{column}: a backup does not know values of {kind!r}; add them to {__name__}")


def _optional(change: Change | None) -> Change | None:
    """The same, for a column that may hold nothing."""
    return None if change is None else lambda value: None if value is None else change(value)


def _may_hold_sql_null(column: sa.Column[Any]) -> bool:
    return isinstance(column.type, sa.JSON) and bool(column.nullable)


def _sql_null(value: Any) -> Any:
    """None in a JSON column as SQL has it: given as None, it would become the JSON value `null`."""
    return sa.null() if value is None else value
