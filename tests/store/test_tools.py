"""The port of HTTP tools, held to the same promises on both engines."""

import asyncio
from typing import Any

import pytest

from app.store import Store, Tenant, new_id
from app.store.tables.audit import AUDIT
from app.store.tools import NameTaken, StoredTool, ToolMoved
from tests.store_fixtures import another_tenant


async def make(tenant: Tenant, name: str = "find_order", **data: Any) -> StoredTool:
    definition = {"name": name, "url": "https://shop.example/", **data}
    return await tenant.tools.create(name=name, data=definition, secrets={"X-Key": "sealed"})


async def test_a_tool_is_read_as_it_was_saved(tenant: Tenant) -> None:
    made = await make(tenant, parameters={"type": "object"})

    assert await tenant.tools.get(made.id) == made
    assert (made.revision, made.secrets) == (1, {"X-Key": "sealed"})
    assert await tenant.tools.get(new_id()) is None


async def test_tools_are_listed_by_name_all_or_those_that_are_named(tenant: Tenant) -> None:
    for name in ("b", "c", "a"):
        await make(tenant, name)

    assert [one.name for one in await tenant.tools.list()] == ["a", "b", "c"]
    assert [one.name for one in await tenant.tools.list(["c", "a", "x"])] == ["a", "c"]
    assert await tenant.tools.list([]) == []


async def test_a_name_is_there_once(tenant: Tenant) -> None:
    first, other = await make(tenant), await make(tenant, "other")

    with pytest.raises(NameTaken):
        await make(tenant)
    with pytest.raises(NameTaken):
        await tenant.tools.replace(other.id, name=first.name, data={}, secrets={})
    same = await tenant.tools.replace(first.id, name=first.name, data={}, secrets={})
    assert same is not None


async def test_of_two_who_make_one_of_the_same_name_one_wins(tenant: Tenant) -> None:
    made = await asyncio.gather(make(tenant), make(tenant), return_exceptions=True)

    assert sorted(type(one).__name__ for one in made) == ["NameTaken", "StoredTool"]


async def test_a_change_counts_and_keeps_the_id(tenant: Tenant) -> None:
    made = await make(tenant)
    changed = await tenant.tools.replace(made.id, name="seek", data={"a": 1}, secrets={})

    assert changed is not None
    assert (changed.id, changed.name, changed.data) == (made.id, "seek", {"a": 1})
    assert (changed.revision, changed.secrets) == (2, {})
    assert changed.updated_at >= made.updated_at
    assert await tenant.tools.replace(new_id(), name="x", data={}, secrets={}) is None


async def test_what_somebody_else_has_changed_is_not_overwritten(tenant: Tenant) -> None:
    made = await make(tenant)

    with pytest.raises(ToolMoved) as caught:
        await tenant.tools.replace(
            made.id, name="x", data={}, secrets={}, only_if=lambda tool: tool.revision == 7
        )
    assert caught.value.tool == made
    with pytest.raises(ToolMoved):
        await tenant.tools.delete(made.id, only_if=lambda tool: False)
    assert await tenant.tools.get(made.id) == made


async def test_a_deleted_tool_is_gone(tenant: Tenant) -> None:
    made = await make(tenant)

    assert await tenant.tools.delete(made.id) is True
    assert await tenant.tools.delete(made.id) is False
    assert await tenant.tools.list() == []


async def test_another_organisation_sees_and_changes_nothing_of_it(
    store: Store, tenant: Tenant
) -> None:
    made = await make(tenant)
    other = await another_tenant(store)

    assert await other.tools.list() == []
    assert await other.tools.get(made.id) is None
    assert await other.tools.replace(made.id, name="x", data={}, secrets={}) is None
    assert await other.tools.delete(made.id) is False
    assert (await make(other)).name == made.name
    assert await tenant.tools.get(made.id) == made


async def test_the_audit_log_tells_of_each_change_and_no_secret(tenant: Tenant) -> None:
    made = await make(tenant)
    await tenant.tools.replace(made.id, name="seek", data={"name": "seek"}, secrets={})
    await tenant.tools.delete(made.id)

    async with tenant.scope.reading() as connection:
        query = tenant.scope.select(AUDIT).order_by(AUDIT.c.id)
        rows = [row for row in await connection.execute(query) if row.noun == "tool"]
    assert [row.action for row in rows] == ["create", "change", "delete"]
    assert rows[1].before["secret_headers"] == ["X-Key"]
    assert "sealed" not in str([(row.before, row.after) for row in rows])
