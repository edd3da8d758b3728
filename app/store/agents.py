"""Agents of an organisation: each in versions, of which one answers calls."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.agent_versions import (
    Saved,
    StoredAgent,
    UnknownBases,
    Version,
    add_version,
    read_agents,
    read_versions,
    shown,
    with_number,
)
from app.store.scope import Scope
from app.store.tables.agents import AGENTS, VERSIONS
from app.store.types import new_id, now

__all__ = ["Agents", "Condition", "Moved", "Saved", "StoredAgent", "UnknownBases", "Version"]

Condition = Callable[[StoredAgent], bool]
"""Whether an agent is as whoever changes it believes; asked while nobody else can change it."""


class Moved(Exception):
    """The agent is not as whoever wants to change it believes.

    Attributes:
        agent: As it is.
    """

    def __init__(self, agent: StoredAgent) -> None:
        self.agent = agent
        super().__init__(f"the agent is at version {agent.version.number} now")


class Agents:
    """The agents of one organisation."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    async def list(
        self,
        *,
        search: str = "",
        after: tuple[datetime, str] | None = None,
        limit: int | None = None,
    ) -> Sequence[StoredAgent]:
        """The newest first, each as `get` gives it.

        Args:
            search: Text in their names and prompts, in any case.
            after: `created_at` and `id` of the last one that is known already.
            limit: How many at most.
        """
        query = shown(self._scope).order_by(AGENTS.c.created_at.desc(), AGENTS.c.id.desc())
        if search:
            query = query.where(AGENTS.c.words.contains(search.casefold(), autoescape=True))
        if after is not None:
            moment, id_ = after
            same = sa.and_(AGENTS.c.created_at == moment, AGENTS.c.id < id_)
            query = query.where(sa.or_(AGENTS.c.created_at < moment, same))
        async with self._scope.reading() as connection:
            return await read_agents(self._scope, connection, query.limit(limit))

    async def get(self, agent_id: str, number: int | None = None) -> StoredAgent | None:
        """An agent as it answers calls, or its latest draft where it answers none yet.

        Args:
            agent_id: Which one; None comes back where there is none.
            number: This version instead, whether it is published or not.
        """
        async with self._scope.reading() as connection:
            return await self._find(connection, agent_id, number)

    async def create(self, saved: Saved, *, is_draft: bool = False) -> StoredAgent:
        """A new agent.

        Raises:
            UnknownBases: It is linked to what the organisation does not have.
        """
        id_, version = new_id(), self._version(saved, 1, is_draft=is_draft)
        moment = version.created_at
        row = {"latest": 1, "published": None if is_draft else 1, "words": _words(saved)}
        times = {"created_at": moment, "updated_at": moment}
        async with self._scope.writing() as connection:
            await connection.execute(self._scope.insert(AGENTS).values(id=id_, **row, **times))
            await add_version(self._scope, connection, id_, version, saved)
            after = _agent(id_, saved, version, is_shown=True, **times)
            await self._audit(connection, "create", id_, None, after)
            return after

    async def replace(
        self,
        agent_id: str,
        saved: Saved,
        *,
        is_draft: bool = False,
        only_if: Condition | None = None,
    ) -> StoredAgent | None:
        """Save a version, which answers the next call unless it is a draft.

        Args:
            agent_id: Which one; None comes back where there is none.
            saved: All of it, with all its links.
            is_draft: Leave the version that is published where it is.
            only_if: What must be so now.

        Returns:
            The agent in the version that was saved.

        Raises:
            Moved: It is not so.
            UnknownBases: It is linked to what the organisation does not have.
        """
        async with self._scope.writing() as connection:
            before = await self._lock(connection, agent_id, only_if)
            if before is None:
                return None
            after = await self._save(connection, before, saved, is_draft=is_draft)
            await self._audit(connection, "change", agent_id, before, after)
            return after

    async def publish(
        self, agent_id: str, number: int, *, only_if: Condition | None = None
    ) -> StoredAgent | None:
        """Let a version answer calls: a draft, or an older one to go back to.

        Args:
            agent_id: Which agent; None comes back where there is none of that version.
            number: Which version.
            only_if: What must be so now.

        Raises:
            Moved: It is not so.
        """
        async with self._scope.writing() as connection:
            before = await self._lock(connection, agent_id, only_if)
            wanted = await self._find(connection, agent_id, number)
            if before is None or wanted is None or wanted.version.is_published:
                return wanted
            after = await self._publish(connection, wanted)
            await self._audit(connection, "publish", agent_id, before, after)
            return after

    async def delete(self, agent_id: str, *, only_if: Condition | None = None) -> bool:
        """Remove an agent with all its versions; False where there is none.

        Args:
            agent_id: Which one.
            only_if: What must be so now.

        Raises:
            Moved: It is not so.
        """
        async with self._scope.writing() as connection:
            before = await self._lock(connection, agent_id, only_if)
            if before is None:
                return False
            await connection.execute(self._scope.delete(AGENTS).where(AGENTS.c.id == agent_id))
            await self._audit(connection, "delete", agent_id, before, None)
            return True

    async def versions(
        self, agent_id: str, *, after: int | None = None, limit: int | None = None
    ) -> Sequence[Version]:
        """The versions of an agent, the newest first; none where there is no such agent.

        Args:
            agent_id: Which agent.
            after: The number of the last one that is known already.
            limit: How many at most.
        """
        async with self._scope.reading() as connection:
            return await read_versions(self._scope, connection, agent_id, after=after, limit=limit)

    async def _find(
        self, connection: AsyncConnection, agent_id: str, number: int | None = None
    ) -> StoredAgent | None:
        query = shown(self._scope)
        if number is not None:
            query = with_number(self._scope, sa.literal(number))
        found = await read_agents(self._scope, connection, query.where(AGENTS.c.id == agent_id))
        return found[0] if found else None

    async def _lock(
        self, connection: AsyncConnection, agent_id: str, only_if: Condition | None
    ) -> StoredAgent | None:
        """The agent, which nobody else changes until the end of the transaction."""
        if not self._scope.is_sqlite:  # where whoever writes is alone
            row = self._scope.select(AGENTS, AGENTS.c.id).where(AGENTS.c.id == agent_id)
            await connection.execute(row.with_for_update())
        agent = await self._find(connection, agent_id)
        if agent is not None and only_if is not None and not only_if(agent):
            raise Moved(agent)
        return agent

    async def _save(
        self, connection: AsyncConnection, before: StoredAgent, saved: Saved, *, is_draft: bool
    ) -> StoredAgent:
        """Add a version; what `get` shows is searched in."""
        is_shown = not (is_draft and before.version.is_published)
        number = AGENTS.c.latest + 1
        values: dict[str, Any] = {"latest": number}
        if is_shown:
            values |= {"words": _words(saved), "updated_at": now()}
        if not is_draft:
            values["published"] = number
        row = self._scope.update(AGENTS).where(AGENTS.c.id == before.id).values(**values)
        counted = await connection.execute(row.returning(AGENTS.c.latest))
        version = self._version(saved, counted.scalar_one(), is_draft=is_draft)
        await add_version(self._scope, connection, before.id, version, saved)
        times = {"created_at": before.created_at}
        times["updated_at"] = values.get("updated_at", before.updated_at)
        return _agent(before.id, saved, version, is_shown=is_shown, **times)

    async def _publish(self, connection: AsyncConnection, agent: StoredAgent) -> StoredAgent:
        """Let a version answer calls that is there already."""
        moment, number = now(), agent.version.number
        row = self._scope.update(AGENTS).where(AGENTS.c.id == agent.id)
        values = {"published": number, "words": _words(agent), "updated_at": moment}
        await connection.execute(row.values(**values))
        version = self._scope.update(VERSIONS).where(VERSIONS.c.agent_id == agent.id)
        version = version.where(VERSIONS.c.number == number)
        await connection.execute(version.values(published_at=moment))
        published = replace(agent.version, published_at=moment, is_published=True)
        return replace(agent, version=published, is_shown=True, updated_at=moment)

    def _version(self, saved: Saved, number: int, *, is_draft: bool) -> Version:
        """A version as it is saved now."""
        moment, name = now(), str(saved.data["name"])
        published_at = None if is_draft else moment
        by = self._scope.actor
        return Version(number, name, saved.note, moment, by, published_at, not is_draft)

    async def _audit(
        self,
        connection: AsyncConnection,
        action: str,
        agent_id: str,
        before: StoredAgent | None,
        after: StoredAgent | None,
    ) -> None:
        changed = {"before": _audited(before), "after": _audited(after)}
        await self._scope.audit(connection, action, "agent", agent_id, **changed)


def _agent(
    id_: str, saved: Saved, version: Version, *, is_shown: bool, **times: datetime
) -> StoredAgent:
    """The agent in a version that has just been saved."""
    links = tuple(saved.knowledge_base_ids)
    return StoredAgent(id_, dict(saved.data), links, version, is_shown, **times)


def _words(agent: Saved | StoredAgent) -> str:
    """What is searched in."""
    return f"{agent.data['name']}\n{agent.data.get('prompt', '')}".casefold()


def _audited(agent: StoredAgent | None) -> dict[str, Any] | None:
    """What the audit log keeps: the versions themselves are never changed, and hold secrets."""
    if agent is None:
        return None
    version = agent.version
    return {
        "name": version.name,
        "version": version.number,
        "is_published": version.is_published,
        "knowledge_base_ids": [*agent.knowledge_base_ids],
    }
