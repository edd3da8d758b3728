"""The port of agents, held to the same promises on both engines."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
import sqlalchemy as sa

from app.store import Store, Tenant, new_id
from app.store.agents import Moved, Saved, StoredAgent, UnknownBases
from app.store.tables.audit import AUDIT
from app.store.tables.knowledge import BASES
from app.store.types import now


def saved(
    name: str = "Front desk",
    prompt: str = "Be brief.",
    bases: Sequence[str] = (),
    note: str = "",
    **more: Any,
) -> Saved:
    return Saved({"name": name, "prompt": prompt, **more}, bases, note)


async def make_base(tenant: Tenant) -> str:
    id_, moment = new_id(), now()
    about = {"id": id_, "title": "Hours", "description": ""}
    times = dict.fromkeys(("changed_at", "created_at", "updated_at"), moment)
    async with tenant.scope.writing() as connection:
        await connection.execute(tenant.scope.insert(BASES).values(**about, **times))
    return id_


async def delete_base(tenant: Tenant, base: str) -> None:
    async with tenant.scope.writing() as connection:
        await connection.execute(tenant.scope.delete(BASES).where(BASES.c.id == base))


async def audited(tenant: Tenant) -> list[sa.Row[Any]]:
    async with tenant.scope.reading() as connection:
        return list(await connection.execute(tenant.scope.select(AUDIT).order_by(AUDIT.c.id)))


def names(agents: Sequence[StoredAgent]) -> list[str]:
    return [agent.version.name for agent in agents]


async def test_an_agent_is_read_as_it_was_saved(tenant: Tenant) -> None:
    data: dict[str, Any] = {"zone": {"b": 1, "a": [1.0, None, "ä"]}, "speed": 1.5}
    made = await tenant.agents.create(saved(**data, note="first"))

    agent = await tenant.agents.get(made.id)

    assert agent == made
    assert agent.data == {"name": "Front desk", "prompt": "Be brief.", **data}
    assert list(agent.data["zone"]) == ["b", "a"], "the order of keys is kept"
    assert agent.version.number == 1
    assert agent.version.is_published
    assert agent.version.published_at is not None
    assert (agent.version.note, agent.version.created_by) == ("first", "test")


async def test_nobody_else_finds_lists_or_changes_it(tenant: Tenant, other_tenant: Tenant) -> None:
    agent = await tenant.agents.create(saved())
    theirs = other_tenant.agents

    assert await theirs.get(agent.id) is None
    assert await theirs.get(agent.id, 1) is None
    assert await theirs.list() == []
    assert await theirs.versions(agent.id) == []
    assert await theirs.replace(agent.id, saved("Stolen")) is None
    assert await theirs.publish(agent.id, 1) is None
    assert await theirs.delete(agent.id) is False
    assert await tenant.agents.get(agent.id) == agent


async def test_to_replace_it_is_to_publish_a_version(tenant: Tenant) -> None:
    first = await tenant.agents.create(saved())
    second = await tenant.agents.replace(first.id, saved("Night desk"))

    assert second is not None
    assert second.version.number == 2
    assert await tenant.agents.get(first.id) == second
    assert (await tenant.agents.get(first.id, 1)) is not None
    assert second.created_at == first.created_at
    assert second.updated_at > first.updated_at
    assert second.tag != first.tag


async def test_a_draft_changes_nothing_of_what_answers_calls(tenant: Tenant) -> None:
    agent = await tenant.agents.create(saved())
    base = await make_base(tenant)
    draft = await tenant.agents.replace(agent.id, saved("Night desk", bases=[base]), is_draft=True)

    assert draft is not None
    assert (draft.version.number, draft.version.is_published) == (2, False)
    assert draft.version.published_at is None
    assert draft.knowledge_base_ids == (base,)
    assert await tenant.agents.get(agent.id) == agent
    assert await tenant.agents.list(search="night") == []
    assert await tenant.agents.get(agent.id, 2) == draft


async def test_an_agent_that_never_was_published_shows_its_latest_draft(tenant: Tenant) -> None:
    first = await tenant.agents.create(saved("One"), is_draft=True)
    assert not first.version.is_published

    second = await tenant.agents.replace(first.id, saved("Two"), is_draft=True)

    assert await tenant.agents.get(first.id) == second
    assert names(await tenant.agents.list(search="two")) == ["Two"]


async def test_an_older_version_is_published_to_go_back(tenant: Tenant) -> None:
    base = await make_base(tenant)
    agent = await tenant.agents.create(saved("One", bases=[base]))
    await tenant.agents.replace(agent.id, saved("Two"))

    back = await tenant.agents.publish(agent.id, 1)

    assert back is not None
    assert back.version.is_published
    assert (back.version.number, back.version.name) == (1, "One")
    assert back.knowledge_base_ids == (base,)
    assert await tenant.agents.get(agent.id) == back
    assert names(await tenant.agents.list(search="one")) == ["One"]
    assert (await tenant.agents.replace(agent.id, saved("Three"))).version.number == 3  # type: ignore[union-attr]


async def test_to_publish_what_is_published_changes_nothing(tenant: Tenant) -> None:
    agent = await tenant.agents.create(saved())

    assert await tenant.agents.publish(agent.id, 1) == agent
    assert [row.action for row in await audited(tenant)] == ["create"]


async def test_a_version_that_is_not_there_is_none(tenant: Tenant) -> None:
    agent = await tenant.agents.create(saved())

    assert await tenant.agents.get(agent.id, 2) is None
    assert await tenant.agents.publish(agent.id, 2) is None
    assert await tenant.agents.publish(new_id(), 1) is None
    assert await tenant.agents.replace(new_id(), saved()) is None


async def test_versions_are_listed_the_newest_first_and_in_pages(tenant: Tenant) -> None:
    agent = await tenant.agents.create(saved("One"))
    for name in ("Two", "Three"):
        await tenant.agents.replace(agent.id, saved(name), is_draft=name == "Three")

    versions = await tenant.agents.versions(agent.id)

    assert [(one.number, one.name, one.is_published) for one in versions] == [
        (3, "Three", False),
        (2, "Two", True),
        (1, "One", False),
    ]
    assert list(await tenant.agents.versions(agent.id, limit=1)) == versions[:1]
    assert list(await tenant.agents.versions(agent.id, after=3, limit=9)) == versions[1:]


async def test_the_links_are_replaced_in_order_and_are_the_versions_own(tenant: Tenant) -> None:
    one, two = await make_base(tenant), await make_base(tenant)
    agent = await tenant.agents.create(saved(bases=[two, one]))

    assert agent.knowledge_base_ids == (two, one)

    changed = await tenant.agents.replace(agent.id, saved(bases=[one]))

    assert changed is not None
    assert changed.knowledge_base_ids == (one,)
    (listed,) = await tenant.agents.list()
    assert listed == changed
    assert (await tenant.agents.get(agent.id, 1)).knowledge_base_ids == (two, one)  # type: ignore[union-attr]


async def test_a_base_that_is_gone_is_linked_no_more(tenant: Tenant) -> None:
    one, two = await make_base(tenant), await make_base(tenant)
    agent = await tenant.agents.create(saved(bases=[one, two]))

    await delete_base(tenant, one)

    left = await tenant.agents.get(agent.id)
    assert left is not None
    assert left.knowledge_base_ids == (two,)
    assert left.tag != agent.tag


async def test_bases_of_nobody_and_of_others_are_refused(
    tenant: Tenant, other_tenant: Tenant
) -> None:
    mine, theirs, nobodys = await make_base(tenant), await make_base(other_tenant), new_id()

    with pytest.raises(UnknownBases) as refused:
        await tenant.agents.create(saved(bases=[theirs, mine, nobodys]))

    assert refused.value.ids == (theirs, nobodys)
    assert await tenant.agents.list() == [], "nothing of it is kept"
    agent = await tenant.agents.create(saved())
    with pytest.raises(UnknownBases):
        await tenant.agents.replace(agent.id, saved("New", bases=[theirs]))
    assert await tenant.agents.get(agent.id) == agent


async def test_a_change_on_condition_sees_the_agent_as_it_is(tenant: Tenant) -> None:
    agent = await tenant.agents.create(saved())
    newer = await tenant.agents.replace(agent.id, saved("Two"), only_if=lambda now: now == agent)

    with pytest.raises(Moved) as moved:
        await tenant.agents.replace(agent.id, saved("Three"), only_if=lambda now: now == agent)
    assert moved.value.agent == newer
    with pytest.raises(Moved):
        await tenant.agents.publish(agent.id, 1, only_if=lambda now: now.tag == agent.tag)
    with pytest.raises(Moved):
        await tenant.agents.delete(agent.id, only_if=lambda now: now.tag == agent.tag)

    assert await tenant.agents.get(agent.id) == newer
    assert len(await tenant.agents.versions(agent.id)) == 2


async def test_of_two_who_change_the_same_at_once_one_wins(tenant: Tenant) -> None:
    agent = await tenant.agents.create(saved())

    outcomes = await asyncio.gather(
        *(
            tenant.agents.replace(agent.id, saved(f"{n}"), only_if=lambda now: now == agent)
            for n in range(8)
        ),
        return_exceptions=True,
    )

    assert sum(isinstance(one, Moved) for one in outcomes) == 7
    assert len(await tenant.agents.versions(agent.id)) == 2


async def test_versions_that_are_saved_at_once_have_a_number_each(tenant: Tenant) -> None:
    agent = await tenant.agents.create(saved())

    await asyncio.gather(*(tenant.agents.replace(agent.id, saved(f"{n}")) for n in range(8)))

    versions = await tenant.agents.versions(agent.id)
    assert [one.number for one in versions] == [9, 8, 7, 6, 5, 4, 3, 2, 1]
    assert sum(one.is_published for one in versions) == 1


async def test_to_delete_an_agent_is_to_delete_its_versions_too(tenant: Tenant) -> None:
    agent = await tenant.agents.create(saved(bases=[await make_base(tenant)]))
    other = await tenant.agents.create(saved("Other"))

    assert await tenant.agents.delete(agent.id) is True
    assert await tenant.agents.delete(agent.id) is False
    assert await tenant.agents.get(agent.id) is None
    assert await tenant.agents.versions(agent.id) == []
    assert await tenant.agents.list() == [other]


async def test_pages_are_the_whole_list_in_pieces(tenant: Tenant) -> None:
    made = [await tenant.agents.create(saved(f"{n}")) for n in range(5)]
    made.reverse()

    assert await tenant.agents.list() == made

    last, found = None, list[StoredAgent]()
    while page := await tenant.agents.list(after=last, limit=2):
        assert len(page) <= 2
        found += page
        last = (page[-1].created_at, page[-1].id)
    assert found == made


@pytest.mark.parametrize("search", ["ÄRZTE", "brief", "100%", "a_b", "c\\d", "'); drop", "/"])
async def test_what_is_searched_for_is_found_as_it_is_written(tenant: Tenant, search: str) -> None:
    await tenant.agents.create(saved("Other", "1000 axb"))
    await tenant.agents.create(saved("Ärzte", "be BRIEF 100% a_b c\\d '); drop /"))

    assert names(await tenant.agents.list(search=search)) == ["Ärzte"]


async def test_who_changed_what_is_in_the_audit_log(store: Store, tenant: Tenant) -> None:
    agent = await tenant.agents.create(saved("One"))
    editor = store.tenant(tenant.organisation_id, "person:1")
    await editor.agents.replace(agent.id, saved("Two"))
    await editor.agents.publish(agent.id, 1)
    await editor.agents.delete(agent.id)

    rows = await audited(tenant)

    assert {(row.noun, row.noun_id) for row in rows} == {("agent", agent.id)}
    about = [
        (row.actor, row.action, row.before and row.before["name"], row.after and row.after["name"])
        for row in rows
    ]
    assert about == [
        ("test", "create", None, "One"),
        ("person:1", "change", "One", "Two"),
        ("person:1", "publish", "Two", "One"),
        ("person:1", "delete", "One", None),
    ]
