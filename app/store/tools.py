"""HTTP tools of an organisation: what they are, and their sealed secrets."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.scope import Scope
from app.store.tables.tools import HTTP_TOOLS
from app.store.types import new_id, now

__all__ = ["NameTaken", "StoredTool", "ToolCondition", "ToolMoved", "Tools"]


class NameTaken(Exception):
    """The organisation has another tool of this name."""


@dataclass(frozen=True, slots=True)
class StoredTool:
    """A tool.

    Attributes:
        name: What models call it.
        data: Its definition, without its secrets.
        secrets: Sealed texts, by the name of their header.
        revision: Counts its changes, from 1.
    """

    id: str
    name: str
    data: Mapping[str, Any]
    secrets: Mapping[str, str]
    revision: int
    created_at: datetime
    updated_at: datetime

    @property
    def tag(self) -> str:
        """Stands for the state that it is in."""
        return f"{self.id}-{self.revision}"


ToolCondition = Callable[[StoredTool], bool]
"""Whether a tool is as whoever changes it believes; asked while nobody else can change it."""


class ToolMoved(Exception):
    """The tool is not as whoever wants to change it believes.

    Attributes:
        tool: As it is.
    """

    def __init__(self, tool: StoredTool) -> None:
        self.tool = tool
        super().__init__(f"the tool is at revision {tool.revision} now")


class Tools:
    """The HTTP tools of one organisation."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    async def list(self, names: Collection[str] | None = None) -> Sequence[StoredTool]:
        """By name; of those that are named, the ones that are there."""
        query = self._scope.select(HTTP_TOOLS).order_by(HTTP_TOOLS.c.name)
        if names is not None:
            query = query.where(HTTP_TOOLS.c.name.in_(names))
        async with self._scope.reading() as connection:
            return [_read(row) for row in await connection.execute(query)]

    async def get(self, tool_id: str) -> StoredTool | None:
        """One of them."""
        async with self._scope.reading() as connection:
            return await self._find(connection, tool_id)

    async def create(
        self, *, name: str, data: Mapping[str, Any], secrets: Mapping[str, str]
    ) -> StoredTool:
        """A new one.

        Raises:
            NameTaken: There is one of this name.
        """
        moment = now()
        tool = StoredTool(new_id(), name, dict(data), dict(secrets), 1, moment, moment)
        async with self._writing() as connection:
            values = {one: getattr(tool, one) for one in StoredTool.__slots__}
            await connection.execute(self._scope.insert(HTTP_TOOLS).values(**values))
            await self._scope.audit(connection, "create", "tool", tool.id, after=_told(tool))
        return tool

    async def replace(
        self,
        tool_id: str,
        *,
        name: str,
        data: Mapping[str, Any],
        secrets: Mapping[str, str],
        only_if: ToolCondition | None = None,
    ) -> StoredTool | None:
        """Set all of it; None where there is no such tool.

        Raises:
            NameTaken: There is another one of this name.
            ToolMoved: It is not as ``only_if`` has it.
        """
        async with self._writing() as connection:
            before = await self._expect(connection, tool_id, only_if)
            if before is None:
                return None
            values = {"name": name, "data": dict(data), "secrets": dict(secrets)}
            times = {"revision": before.revision + 1, "updated_at": now()}
            mine = HTTP_TOOLS.c.id == tool_id
            await connection.execute(
                self._scope.update(HTTP_TOOLS).where(mine).values(**values, **times)
            )
            after = await self._find(connection, tool_id)
            assert after is not None
            told = {"before": _told(before), "after": _told(after)}
            await self._scope.audit(connection, "change", "tool", tool_id, **told)
        return after

    async def delete(self, tool_id: str, *, only_if: ToolCondition | None = None) -> bool:
        """Remove it; False where there is none.

        Raises:
            ToolMoved: It is not as ``only_if`` has it.
        """
        async with self._scope.writing() as connection:
            before = await self._expect(connection, tool_id, only_if)
            if before is None:
                return False
            mine = HTTP_TOOLS.c.id == tool_id
            await connection.execute(self._scope.delete(HTTP_TOOLS).where(mine))
            await self._scope.audit(connection, "delete", "tool", tool_id, before=_told(before))
        return True

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._scope.writing() as connection:
                yield connection
        except IntegrityError as error:
            if "name" not in str(error.orig):
                raise
            raise NameTaken from None

    async def _expect(
        self, connection: AsyncConnection, tool_id: str, only_if: ToolCondition | None
    ) -> StoredTool | None:
        tool = await self._find(connection, tool_id, hold=True)
        if tool is not None and only_if is not None and not only_if(tool):
            raise ToolMoved(tool)
        return tool

    async def _find(
        self, connection: AsyncConnection, tool_id: str, *, hold: bool = False
    ) -> StoredTool | None:
        query = self._scope.select(HTTP_TOOLS).where(HTTP_TOOLS.c.id == tool_id)
        row = (await connection.execute(query.with_for_update() if hold else query)).one_or_none()
        return None if row is None else _read(row)


def _read(row: sa.Row[Any]) -> StoredTool:
    return StoredTool(**{name: getattr(row, name) for name in StoredTool.__slots__})


def _told(tool: StoredTool) -> dict[str, Any]:
    """What the audit log keeps of it: of secrets only which there are."""
    return {**tool.data, "secret_headers": sorted(tool.secrets)}
