"""Knowledge bases of an organisation: what its agents may look up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.scope import Scope
from app.store.tables.agents import AGENTS, LINKS
from app.store.tables.knowledge import BASES, DOCUMENTS
from app.store.types import new_id, now

__all__ = ["MOST_BASES", "Knowledge", "KnowledgeBase", "Shelf", "TooMany"]

MOST_BASES: Final = 1000


class TooMany(Exception):
    """There is no room for another one; the message says how many there may be."""


@dataclass(frozen=True, slots=True)
class KnowledgeBase:
    """Documents about one thing.

    Attributes:
        id: Its id.
        title: What it is about, in the eyes of the model too.
        description: For people.
        document_count: How many documents it has.
        characters: How long they are together.
        agent_ids: The agents that are linked to it, in the version that answers calls.
        created_at: When it was made.
        updated_at: When it, or a document of it, was last changed.
    """

    id: str
    title: str
    description: str
    document_count: int
    characters: int
    agent_ids: Sequence[str]
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Shelf:
    """What a call has to know of a base before it looks anything up.

    Attributes:
        id: The base.
        title: Of the base.
        changed_at: When the base, or a document of it, was last changed.
        characters: How long its documents are together.
        documents: Their titles, in order.
    """

    id: str
    title: str
    changed_at: datetime
    characters: int
    documents: Sequence[str]


class Knowledge:
    """The knowledge bases of one organisation."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    async def list(self) -> Sequence[KnowledgeBase]:
        """All of them, by title."""
        async with self._scope.reading() as connection:
            return await self._read(connection)

    async def get(self, knowledge_id: str) -> KnowledgeBase | None:
        """One of them, or None."""
        async with self._scope.reading() as connection:
            found = await self._read(connection, BASES.c.id == knowledge_id)
            return found[0] if found else None

    async def create(self, title: str, description: str = "") -> KnowledgeBase:
        """A new base, empty.

        Raises:
            TooMany: The organisation has as many as it may.
        """
        id_, moment = new_id(), now()
        row = {"id": id_, "title": title, "description": description, "changed_at": moment}
        async with self._scope.writing() as connection:
            count = await connection.scalar(self._scope.select(BASES, sa.func.count()))
            if (count or 0) >= MOST_BASES:
                raise TooMany(f"there are {count} knowledge bases, and more are not kept")
            times = {"created_at": moment, "updated_at": moment}
            await connection.execute(self._scope.insert(BASES).values(**row, **times))
            (base,) = await self._read(connection, BASES.c.id == id_)
            await self._audit(connection, "create", id_, None, base)
        return base

    async def replace(
        self, knowledge_id: str, title: str, description: str = ""
    ) -> KnowledgeBase | None:
        """Give a base another title and description; None where there is none."""
        is_it = BASES.c.id == knowledge_id
        async with self._scope.writing() as connection:
            before = await self._read(connection, is_it)
            if not before:
                return None
            moment = now()
            changed = self._scope.update(BASES).where(is_it)
            words = {"title": title, "description": description}
            await connection.execute(changed.values(**words, changed_at=moment, updated_at=moment))
            (after,) = await self._read(connection, is_it)
            await self._audit(connection, "change", knowledge_id, before[0], after)
            return after

    async def delete(self, knowledge_id: str) -> bool:
        """Remove a base with its documents, and from the agents; False where there is none."""
        is_it = BASES.c.id == knowledge_id
        async with self._scope.writing() as connection:
            before = await self._read(connection, is_it)
            if not before:
                return False
            await connection.execute(self._scope.delete(BASES).where(is_it))
            await self._audit(connection, "delete", knowledge_id, before[0], None)
            return True

    async def shelves(self, knowledge_ids: Sequence[str]) -> Sequence[Shelf]:
        """What a call has to know of some bases, in their order; those that are gone are left out.

        Args:
            knowledge_ids: Which ones.
        """
        wanted = self._scope.select(BASES, BASES.c.id, BASES.c.title, BASES.c.changed_at)
        wanted = wanted.where(BASES.c.id.in_(knowledge_ids))
        held = self._scope.select(
            DOCUMENTS, DOCUMENTS.c.knowledge_id, DOCUMENTS.c.title, DOCUMENTS.c.characters
        )
        held = held.where(DOCUMENTS.c.knowledge_id.in_(knowledge_ids))
        held = held.order_by(DOCUMENTS.c.created_at, DOCUMENTS.c.id)
        async with self._scope.reading() as connection:
            bases = {row.id: row for row in await connection.execute(wanted)}
            documents = (await connection.execute(held)).all()
        return [
            _shelf(bases[id_], [row for row in documents if row.knowledge_id == id_])
            for id_ in dict.fromkeys(knowledge_ids)
            if id_ in bases
        ]

    async def _read(
        self, connection: AsyncConnection, *conditions: sa.ColumnElement[bool]
    ) -> Sequence[KnowledgeBase]:
        query = self._scope.select(BASES).where(*conditions).order_by(BASES.c.title, BASES.c.id)
        rows = (await connection.execute(query)).all()
        ids = [row.id for row in rows]
        counts = await self._count(connection, ids)
        links = await self._links(connection, ids)
        return [
            KnowledgeBase(
                row.id,
                row.title,
                row.description,
                *counts.get(row.id, (0, 0)),
                links.get(row.id, ()),
                row.created_at,
                max(row.updated_at, row.changed_at),
            )
            for row in rows
        ]

    async def _count(
        self, connection: AsyncConnection, ids: Sequence[str]
    ) -> dict[str, tuple[int, int]]:
        """How many documents each base has, and how many characters these."""
        key = DOCUMENTS.c.knowledge_id
        query = self._scope.select(
            DOCUMENTS, key, sa.func.count(), sa.func.sum(DOCUMENTS.c.characters)
        )
        found = await connection.execute(query.where(key.in_(ids)).group_by(key))
        return {id_: (int(count), int(characters)) for id_, count, characters in found}

    async def _links(
        self, connection: AsyncConnection, ids: Sequence[str]
    ) -> dict[str, Sequence[str]]:
        """The agents of each base, the oldest first."""
        shown = sa.func.coalesce(AGENTS.c.published, AGENTS.c.latest)
        is_shown = sa.and_(
            AGENTS.c.organisation_id == LINKS.c.organisation_id,
            AGENTS.c.id == LINKS.c.agent_id,
            LINKS.c.number == shown,
        )
        query = self._scope.select(LINKS, LINKS.c.knowledge_base_id, LINKS.c.agent_id)
        query = query.join(AGENTS, is_shown).where(LINKS.c.knowledge_base_id.in_(ids))
        found: dict[str, list[str]] = {}
        for id_, agent in await connection.execute(query.order_by(AGENTS.c.created_at)):
            found.setdefault(id_, []).append(agent)
        return dict(found)

    async def _audit(
        self,
        connection: AsyncConnection,
        action: str,
        knowledge_id: str,
        before: KnowledgeBase | None,
        after: KnowledgeBase | None,
    ) -> None:
        changed = {"before": _audited(before), "after": _audited(after)}
        await self._scope.audit(connection, action, "knowledge_base", knowledge_id, **changed)


def _shelf(base: sa.Row[Any], documents: Sequence[sa.Row[Any]]) -> Shelf:
    characters = sum(row.characters for row in documents)
    titles = [row.title for row in documents]
    return Shelf(base.id, base.title, base.changed_at, characters, titles)


def _audited(base: KnowledgeBase | None) -> dict[str, Any] | None:
    if base is None:
        return None
    return {
        "title": base.title,
        "description": base.description,
        "document_count": base.document_count,
    }
