"""Column types that are the same on both engines, and ids."""

import uuid
from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

__all__ = ["Id", "Json", "Utc", "new_id", "now"]

Id: Final = sa.Uuid(as_uuid=False)
"""A UUID, as text in lower case with hyphens."""

Json: Final = sa.JSON().with_variant(JSONB(), "postgresql")


class Utc(sa.TypeDecorator[datetime]):
    """A moment, aware and in UTC; SQLite itself knows no zones."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """A naive time is refused: nobody knows which one it is."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"expected a time with its zone, came {value!r}")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any | None, dialect: sa.Dialect) -> datetime | None:
        """As it was, in UTC."""
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def new_id() -> str:
    """A new id."""
    return str(uuid.uuid4())


def now() -> datetime:
    """The present moment, in UTC."""
    return datetime.now(UTC)
