"""Documents of knowledge bases: kept whole, and in passages that are found by their words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.indexing import Passage, add_to_index, make_index, take_from_index
from app.store.knowledge import TooMany
from app.store.scope import Scope
from app.store.tables.knowledge import BASES, DOCUMENTS
from app.store.types import new_id, now

__all__ = ["MOST_DOCUMENTS", "Document", "DocumentDraft", "Documents", "Text"]

MOST_DOCUMENTS: Final = 1000
"""How many a base may have."""


@dataclass(frozen=True, slots=True)
class DocumentDraft:
    """What a document is to be.

    Attributes:
        title: What the model and people know it by.
        content: Plain text or Markdown.
        passages: The same, cut into parts.
        description: For people.
        media_type: What it was before it was text.
        source: The name of its file, or its URL; "" where somebody wrote it here.
    """

    title: str
    content: str
    passages: Sequence[Passage]
    description: str = ""
    media_type: str = "text/plain"
    source: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A document.

    Attributes:
        id: Its id.
        knowledge_id: The base it is in.
        title: What the model and people know it by.
        description: For people.
        content: Its text; None in a list.
        characters: How long the text is.
        media_type: What it was before it was text.
        source: Where it came from, or "".
        created_at: When it was added.
        updated_at: When it was last replaced.
    """

    id: str
    knowledge_id: str
    title: str
    description: str
    content: str | None
    characters: int
    media_type: str
    source: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Text:
    """A document as an agent reads it."""

    title: str
    content: str


class Documents:
    """The documents of one organisation, by their base."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    async def list(self, knowledge_id: str) -> Sequence[Document]:
        """The documents of a base without their text, the oldest first."""
        columns = [column for column in DOCUMENTS.c if column is not DOCUMENTS.c.content]
        query = self._scope.select(DOCUMENTS, *columns)
        query = query.where(DOCUMENTS.c.knowledge_id == knowledge_id)
        query = query.order_by(DOCUMENTS.c.created_at, DOCUMENTS.c.id)
        async with self._scope.reading() as connection:
            return [_document(row, None) for row in await connection.execute(query)]

    async def get(self, knowledge_id: str, document_id: str) -> Document | None:
        """One document with its text, or None."""
        async with self._scope.reading() as connection:
            return await self._find(connection, knowledge_id, document_id)

    async def texts(self, knowledge_id: str) -> Sequence[Text]:
        """All that is in a base, for an agent to read."""
        query = self._scope.select(DOCUMENTS, DOCUMENTS.c.title, DOCUMENTS.c.content)
        query = query.where(DOCUMENTS.c.knowledge_id == knowledge_id)
        query = query.order_by(DOCUMENTS.c.created_at, DOCUMENTS.c.id)
        async with self._scope.reading() as connection:
            return [Text(row.title, row.content) for row in await connection.execute(query)]

    async def add(self, knowledge_id: str, draft: DocumentDraft) -> Document | None:
        """A new document of a base; None where there is no such base.

        Raises:
            TooMany: The base has as many as it may.
        """
        id_, moment = new_id(), now()
        index = await make_index(draft.title, draft.passages)
        async with self._scope.writing() as connection:
            if not await self._touch(connection, knowledge_id, moment):
                return None
            counted = self._scope.select(DOCUMENTS, sa.func.count())
            is_in_base = DOCUMENTS.c.knowledge_id == knowledge_id
            count = await connection.scalar(counted.where(is_in_base))
            if (count or 0) >= MOST_DOCUMENTS:
                raise TooMany(f"the base holds {count} documents, and more are not kept in one")
            row = {"id": id_, "knowledge_id": knowledge_id, "created_at": moment}
            new = self._scope.insert(DOCUMENTS).values(**row, **_kept(draft, moment))
            await connection.execute(new)
            ids = {"knowledge_id": knowledge_id, "document_id": id_}
            await add_to_index(self._scope, connection, index, **ids)
            after = await self._find(connection, knowledge_id, id_)
            await self._audit(connection, "create", id_, None, after)
            return after

    async def replace(
        self, knowledge_id: str, document_id: str, draft: DocumentDraft
    ) -> Document | None:
        """Put a document in the place of another; None where there is no such document."""
        ids = {"knowledge_id": knowledge_id, "document_id": document_id}
        moment = now()
        index = await make_index(draft.title, draft.passages)
        async with self._scope.writing() as connection:
            await self._touch(connection, knowledge_id, moment)
            before = await self._find(connection, knowledge_id, document_id)
            if before is None:
                return None
            await take_from_index(self._scope, connection, **ids)
            changed = self._scope.update(DOCUMENTS).where(_is(knowledge_id, document_id))
            await connection.execute(changed.values(**_kept(draft, moment)))
            await add_to_index(self._scope, connection, index, **ids)
            after = await self._find(connection, knowledge_id, document_id)
            await self._audit(connection, "change", document_id, before, after)
            return after

    async def delete(self, knowledge_id: str, document_id: str) -> bool:
        """Remove a document; False where there is none."""
        ids = {"knowledge_id": knowledge_id, "document_id": document_id}
        async with self._scope.writing() as connection:
            await self._touch(connection, knowledge_id, now())
            before = await self._find(connection, knowledge_id, document_id)
            if before is None:
                return False
            await take_from_index(self._scope, connection, **ids)
            gone = self._scope.delete(DOCUMENTS).where(_is(knowledge_id, document_id))
            await connection.execute(gone)
            await self._audit(connection, "delete", document_id, before, None)
            return True

    async def _touch(
        self, connection: AsyncConnection, knowledge_id: str, moment: datetime
    ) -> bool:
        """Note that a base changes. Nobody else changes it until the end of the transaction."""
        touched = self._scope.update(BASES).where(BASES.c.id == knowledge_id)
        found = await connection.execute(touched.values(changed_at=moment))
        return bool(found.rowcount)

    async def _find(
        self, connection: AsyncConnection, knowledge_id: str, document_id: str
    ) -> Document | None:
        query = self._scope.select(DOCUMENTS).where(_is(knowledge_id, document_id))
        row = (await connection.execute(query)).one_or_none()
        return None if row is None else _document(row, row.content)

    async def _audit(
        self,
        connection: AsyncConnection,
        action: str,
        document_id: str,
        before: Document | None,
        after: Document | None,
    ) -> None:
        changed = {"before": _audited(before), "after": _audited(after)}
        await self._scope.audit(connection, action, "document", document_id, **changed)


def _is(knowledge_id: str, document_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(DOCUMENTS.c.knowledge_id == knowledge_id, DOCUMENTS.c.id == document_id)


def _kept(draft: DocumentDraft, moment: datetime) -> dict[str, Any]:
    return {
        "title": draft.title,
        "description": draft.description,
        "content": draft.content,
        "media_type": draft.media_type,
        "source": draft.source,
        "characters": len(draft.content),
        "passages": len(draft.passages),
        "updated_at": moment,
    }


def _document(row: sa.Row[Any], content: str | None) -> Document:
    return Document(
        id=row.id,
        knowledge_id=row.knowledge_id,
        title=row.title,
        description=row.description,
        content=content,
        characters=row.characters,
        media_type=row.media_type,
        source=row.source,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _audited(document: Document | None) -> dict[str, Any] | None:
    """What the audit log keeps: not the text, which may be long."""
    if document is None:
        return None
    names = ("knowledge_id", "title", "description", "characters", "media_type", "source")
    return {name: getattr(document, name) for name in names}
