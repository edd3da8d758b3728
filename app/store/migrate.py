"""The schema: brought to its newest revision when a node starts, by one node at a time."""

from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from app.store.engine import Engines
from app.store.errors import StoreError
from app.store.tables.bus import EPOCHS
from app.store.tables.knowledge import SEARCH

__all__ = ["head", "is_compared", "migrate"]

SCRIPTS: Final = Path(__file__).parent / "migrations"
LOCK: Final = 0x636F7264  # any number that no other program takes: "cord"
ONLY_IN_ONE: Final = (SEARCH.name, "ix_knowledge_passages_terms", EPOCHS.name)
"""What the names of that begin with which one engine alone has."""


async def migrate(engines: Engines) -> None:
    """Bring the schema to the newest revision, all or nothing; quick where it is there already.

    Nodes that start at the same moment wait for one another: SQLite's own write lock, or in
    PostgreSQL one that lasts as long as the transaction.

    Raises:
        StoreError: The store was made by a newer Cordboard.
    """
    async with engines.writer.begin() as connection:
        if not engines.is_sqlite:
            await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
        await connection.run_sync(upgrade)


def upgrade(connection: sa.Connection) -> None:
    """The same, within a transaction."""
    config = configuration()
    scripts = ScriptDirectory.from_config(config)
    found = MigrationContext.configure(connection).get_current_heads()
    if found == (scripts.get_current_head(),):
        return
    known = {one.revision for one in scripts.walk_revisions()}
    if unknown := set(found) - known:
        raise StoreError(
            f"the store is of revision {', '.join(sorted(unknown))}, which this version does not "
            f"know (it goes up to {scripts.get_current_head()}): start a newer Cordboard"
        )
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def is_compared(_item: object, name: str | None, *_rest: object) -> bool:
    """Whether Alembic is to compare it with `METADATA`: not what one engine alone has."""
    return not (name or "").startswith(ONLY_IN_ONE)


def head() -> str:
    """The newest revision of the schema."""
    return str(ScriptDirectory.from_config(configuration()).get_current_head())


def configuration() -> Config:
    """Alembic's, without a file."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
