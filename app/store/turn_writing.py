"""Writing what turns took: a row for each, but all of them in one value.

A busy node has thousands of turns a second. Handed over row by row they would cost several times
what all else of a record costs, and in the thread that calls wait for; so the database takes the
rows out of one JSON text by itself.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any, Final, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import JSONB

from app.store.tables.calls import TURNS

__all__ = ["Turn", "add_turns", "turn_cells"]

COLUMNS: Final = (
    *("call_id", "agent_id", "agent_version", "at", "interrupted"),
    *("stt_ms", "eot_ms", "llm_ms", "tool_ms", "tts_ms"),
)


class Turn(NamedTuple):
    """A turn: when it ended, in seconds since the epoch, and its stages in milliseconds.

    What the platform did not measure is None.
    """

    at: float
    interrupted: bool
    stt_ms: float | None = None
    eot_ms: float | None = None
    llm_ms: float | None = None
    tool_ms: float | None = None
    tts_ms: float | None = None


def turn_cells(
    call_id: str, agent_id: str | None, agent_version: int | None, turns: Iterable[Turn]
) -> list[tuple[Any, ...]]:
    """The rows of a call's turns, in the order of `COLUMNS`, as both engines read them."""
    call_id = call_id.replace("-", "")  # as SQLite keeps it
    agent_id = agent_id and agent_id.replace("-", "")
    return [
        (call_id, agent_id, agent_version, written(turn.at), turn[1], *turn[2:]) for turn in turns
    ]


def written(at: float) -> str:
    """A moment as SQLite keeps it."""
    second = int(at)
    return f"{second_written(second)}.{int((at - second) * 1_000_000):06}"


@lru_cache(maxsize=128)
def second_written(second: int) -> str:
    """The same of a whole second: many turns end in one."""
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%d %H:%M:%S")


@cache
def add_turns(*, is_sqlite: bool) -> Any:
    """The statement that adds rows of turns; those that are there stay.

    Its parameters are ``owner``, the organisation's id, and ``turns``, the rows as JSON.
    """
    chosen = from_sqlite() if is_sqlite else from_postgres()
    owner = sa.bindparam("owner", type_=TURNS.c.organisation_id.type)
    # Without a condition SQLite would take ON for that of a join.
    query = sa.select(owner, *chosen).where(sa.text("true"))
    insertion = sqlite.insert(TURNS) if is_sqlite else postgresql.insert(TURNS)
    return insertion.from_select(["organisation_id", *COLUMNS], query).on_conflict_do_nothing()


def from_sqlite() -> list[sa.ColumnElement[Any]]:
    """The columns of the rows in a text, for SQLite, which keeps each as it is written there."""
    text = sa.bindparam("turns", type_=sa.Text)
    rows = sa.func.json_each(text).table_valued("value", name="turn")
    return [
        sa.func.json_extract(rows.c.value, sa.literal_column(f"'$[{place}]'"))
        for place in range(len(COLUMNS))
    ]


def from_postgres() -> list[sa.ColumnElement[Any]]:
    """The same for PostgreSQL, which wants to be told the types."""
    whole = sa.cast(sa.bindparam("turns", type_=sa.Text), JSONB)
    rows = sa.func.jsonb_array_elements(whole).table_valued(sa.column("value", JSONB), name="turn")
    cells = (rows.c.value[sa.literal_column(str(n))].astext for n in range(len(COLUMNS)))
    found = dict(zip(COLUMNS, cells, strict=True))
    found["at"] = found["at"] + sa.literal_column("'+00'")
    return [sa.cast(cell, TURNS.c[name].type) for name, cell in found.items()]
