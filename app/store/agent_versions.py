"""What is kept of an agent, as values; how its versions are read and added."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2s
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.scope import Scope
from app.store.tables.agents import AGENTS, LINKS, VERSIONS
from app.store.tables.knowledge import BASES

__all__ = [
    "Saved",
    "StoredAgent",
    "UnknownBases",
    "Version",
    "add_version",
    "read_agents",
    "read_versions",
    "shown",
    "with_number",
]

ABOUT: Final = ("number", "name", "note", "created_at", "created_by", "published_at")


@dataclass(frozen=True, slots=True)
class Saved:
    """What is saved as a version.

    Attributes:
        data: What the agent is, as JSON; its ``name`` and ``prompt`` are searched in. Secrets in it
            are sealed.
        knowledge_base_ids: What it may look up.
        note: Why it was saved, for people.
    """

    data: Mapping[str, Any]
    knowledge_base_ids: Sequence[str] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an agent, without what it says.

    Attributes:
        number: Counted from 1 in each agent.
        name: Of the agent, in this version.
        note: Why it was saved.
        created_at: When.
        created_by: By whom, as in the audit log.
        published_at: When it last began to answer calls; None where it never did.
        is_published: Whether it is the one that answers calls.
    """

    number: int
    name: str
    note: str
    created_at: datetime
    created_by: str
    published_at: datetime | None
    is_published: bool


@dataclass(frozen=True, slots=True)
class StoredAgent:
    """An agent in one of its versions.

    Attributes:
        id: Its id, the same in all versions.
        data: What it is, as it was saved.
        knowledge_base_ids: What it may look up, in the order in which it was linked; bases that are
            gone are no longer among them.
        version: Which one this is.
        is_shown: Whether this is the version that `Agents.get` gives when none is asked for.
        created_at: When the agent was made.
        updated_at: When what it is to callers last became another.
    """

    id: str
    data: Mapping[str, Any]
    knowledge_base_ids: tuple[str, ...]
    version: Version
    is_shown: bool
    created_at: datetime
    updated_at: datetime

    @property
    def tag(self) -> str:
        """A short text that is another one as soon as anything of this is."""
        parts = (self.updated_at, self.version.is_published, self.knowledge_base_ids)
        return f"{self.version.number}-{blake2s(repr(parts).encode(), digest_size=5).hexdigest()}"


class UnknownBases(Exception):
    """There are no such knowledge bases.

    Attributes:
        ids: As they were given.
    """

    def __init__(self, ids: Sequence[str]) -> None:
        self.ids = tuple(ids)
        super().__init__(f"there are no knowledge bases {', '.join(ids)}")


def shown(scope: Scope) -> sa.Select[Any]:
    """Agents in the version that answers calls, or in their latest where none does yet."""
    return with_number(scope, sa.func.coalesce(AGENTS.c.published, AGENTS.c.latest))


def with_number(scope: Scope, number: sa.ColumnElement[int]) -> sa.Select[Any]:
    """Agents in the version of this number."""
    return _joined(scope, VERSIONS.c.data).where(VERSIONS.c.number == number)


async def read_versions(
    scope: Scope,
    connection: AsyncConnection,
    agent_id: str,
    *,
    after: int | None,
    limit: int | None,
) -> Sequence[Version]:
    """The versions of an agent, the newest first."""
    query = _joined(scope).where(AGENTS.c.id == agent_id)
    if after is not None:
        query = query.where(VERSIONS.c.number < after)
    query = query.order_by(VERSIONS.c.number.desc()).limit(limit)
    return [_version(row) for row in await connection.execute(query)]


async def read_agents(
    scope: Scope, connection: AsyncConnection, query: sa.Select[Any]
) -> Sequence[StoredAgent]:
    """The agents that a query finds, with their links."""
    rows = (await connection.execute(query)).all()
    if not rows:
        return []
    links = await _read_links(scope, connection, {row.id: row.number for row in rows})
    return [_agent(row, links.get(row.id, ())) for row in rows]


async def add_version(
    scope: Scope, connection: AsyncConnection, agent_id: str, version: Version, saved: Saved
) -> None:
    """Add a version to an agent.

    Raises:
        UnknownBases: It is linked to what the organisation does not have.
    """
    await _require_bases(scope, connection, saved.knowledge_base_ids)
    key = {"agent_id": agent_id, "number": version.number}
    about = {name: getattr(version, name) for name in ABOUT}
    row = scope.insert(VERSIONS).values(**key | about, data=dict(saved.data))
    await connection.execute(row)
    for position, id_ in enumerate(saved.knowledge_base_ids):
        link = scope.insert(LINKS).values(**key, knowledge_base_id=id_, position=position)
        await connection.execute(link)


def _joined(scope: Scope, *columns: Any) -> sa.Select[Any]:
    """Agents with all their versions."""
    is_of_it = sa.and_(
        VERSIONS.c.organisation_id == AGENTS.c.organisation_id, VERSIONS.c.agent_id == AGENTS.c.id
    )
    about = [VERSIONS.c[name] for name in ABOUT]
    times = (AGENTS.c.created_at.label("made_at"), AGENTS.c.updated_at)
    query = sa.select(AGENTS.c.id, AGENTS.c.published, AGENTS.c.latest, *times, *about, *columns)
    query = query.select_from(AGENTS.join(VERSIONS, is_of_it))
    return query.where(scope.owns(AGENTS), scope.owns(VERSIONS))


def _agent(row: sa.Row[Any], links: tuple[str, ...]) -> StoredAgent:
    is_shown = row.number == (row.latest if row.published is None else row.published)
    times = (row.made_at, row.updated_at)
    return StoredAgent(row.id, row.data, links, _version(row), is_shown, *times)


def _version(row: sa.Row[Any]) -> Version:
    times = (row.created_at, row.created_by, row.published_at)
    return Version(row.number, row.name, row.note, *times, row.number == row.published)


async def _read_links(
    scope: Scope, connection: AsyncConnection, numbers: Mapping[str, int]
) -> Mapping[str, tuple[str, ...]]:
    """The ids of the linked bases by agent, each in one version."""
    found: dict[str, tuple[str, ...]] = {}
    ids = LINKS.c.agent_id.in_(list(numbers))
    for link in await connection.execute(scope.select(LINKS).where(ids).order_by(LINKS.c.position)):
        if link.number == numbers[link.agent_id]:
            found[link.agent_id] = (*found.get(link.agent_id, ()), link.knowledge_base_id)
    return found


async def _require_bases(scope: Scope, connection: AsyncConnection, ids: Sequence[str]) -> None:
    """That there are these, which nobody deletes until the end of the transaction."""
    if not ids:
        return
    query = scope.select(BASES, BASES.c.id).where(BASES.c.id.in_(ids))
    kept = query.with_for_update(read=True, key_share=True)
    known = set((await connection.execute(kept)).scalars())
    if unknown := [id_ for id_ in ids if id_ not in known]:
        raise UnknownBases(unknown)
