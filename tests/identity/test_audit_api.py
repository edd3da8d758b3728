"""The audit log over REST."""

import pytest
from yarl import URL

from app.store import new_id
from tests.identity.asking import OWNER, STRANGER, Asking


async def test_every_change_is_told_the_newest_first(asking: Asking) -> None:
    owner = await asking.person()
    me = (await owner.get("/api/session")).body["actor"]
    made = (await owner.post("/api/keys", {"name": "x", "scopes": ["calls:read"]})).body
    await owner.delete(f"/api/keys/{made['id']}")
    await owner.post("/api/people", {"email": "new@example.com", "role": "viewer"})
    told = (await owner.get("/api/audit")).body

    assert [(one["action"], one["noun"]) for one in told] == [
        ("let choose a password", "person"),
        ("create", "person"),
        ("delete", "key"),
        ("create", "key"),
        ("change password", "person"),
        ("create", "person"),
    ]
    assert [one["actor"] for one in told] == [me] * 4 + ["system"] * 2
    assert told[3]["before"] is None
    assert told[3]["after"]["scopes"] == ["calls:read"]
    assert made["key"] not in str(told)


async def test_it_is_read_in_pages_and_in_part(asking: Asking) -> None:
    owner = await asking.person()
    for n in range(5):
        await owner.patch("/api/organisation", {"name": f"Pier {n}"})
    names, path = [], "/api/audit?noun=organisation&limit=2"
    while path:
        answer = await owner.get(path)
        names.append([one["after"]["name"] for one in answer.body])
        link = answer.headers.get("Link", "")
        path = link.partition(">")[0].removeprefix("<")

    assert names == [["Pier 4", "Pier 3"], ["Pier 2", "Pier 1"], ["Pier 0"]]
    actor = (await owner.get("/api/session")).body["actor"]
    assert len((await owner.get(str(URL("/api/audit") % {"actor": actor}))).body) == 5
    assert (await owner.get(f"/api/audit?noun_id={new_id()}")).body == []


async def test_each_organisation_has_its_own(asking: Asking) -> None:
    await (await asking.person(OWNER)).patch("/api/organisation", {"name": "Harbour 2"})
    told = (await (await asking.person(STRANGER)).get("/api/audit")).body

    assert {one["noun"] for one in told} == {"person"}


@pytest.mark.parametrize("role", ["editor", "viewer"])
async def test_only_owners_read_it(asking: Asking, role: str) -> None:
    assert (await (await asking.member(role)).get("/api/audit")).status == 403


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "after=x", "noun=", "color=blue"])
async def test_what_is_wrong_is_refused(asking: Asking, query: str) -> None:
    answer = await (await asking.person()).get(f"/api/audit?{query}")

    assert (answer.status, answer.fields) == (422, [query.partition("=")[0]])
