"""The audit log of an organisation, the newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.store.scope import Scope
from app.store.tables.audit import AUDIT

__all__ = ["AuditEntry", "Audits"]


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who changed what, and when.

    Attributes:
        actor: ``key:<id>``, ``person:<id>``, ``settings``, ``anonymous`` or ``system``.
        before: As it was, without secrets; None of what is new.
        after: As it became; None of what is gone.
    """

    id: int
    at: datetime
    actor: str
    action: str
    noun: str
    noun_id: str
    before: Any
    after: Any


class Audits:
    """The audit log of one organisation."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    async def list(
        self,
        *,
        limit: int,
        before: int | None = None,
        noun: str | None = None,
        noun_id: str | None = None,
        actor: str | None = None,
    ) -> Sequence[AuditEntry]:
        """A page of it.

        Args:
            limit: How many entries at most.
            before: Only entries with a lower id: the last one of the page before.
            noun: Only entries about this kind of thing, such as ``agent``.
            noun_id: Only entries about this one.
            actor: Only what this one did.
        """
        scope, columns = self._scope, AUDIT.c
        named = (columns.id, columns.at, columns.actor, columns.action, columns.noun)
        query = scope.select(AUDIT, *named, columns.noun_id, columns.before, columns.after)
        wanted = ((columns.noun, noun), (columns.noun_id, noun_id), (columns.actor, actor))
        for column, value in wanted:
            if value is not None:
                query = query.where(column == value)
        if before is not None:
            query = query.where(columns.id < before)
        async with scope.reading() as connection:
            rows = await connection.execute(query.order_by(columns.id.desc()).limit(limit))
            return [AuditEntry(**row._mapping) for row in rows]
