"""People over REST: inviting, roles, passwords by token, and what nobody may do."""

from typing import Any

import pytest

from app.identity import ROLES
from app.organisation import DEFAULT_ORGANISATION
from app.store import new_id
from tests.identity.asking import OWNER, PASSWORD, STRANGER, Asking, Client

NEW = "editor@example.com"
CHOSEN = "a password of their own"


async def invite(owner: Client, email: str = NEW, role: str = "editor") -> Any:
    answer = await owner.post("/api/people", {"email": email, "role": role, "name": "New one"})
    assert answer.status == 201, answer.body
    return answer.body


async def test_who_is_invited_chooses_a_password_and_signs_in(asking: Asking) -> None:
    owner, invited = await asking.person(), await asking.nobody()
    person = await invite(owner, "Editor@Example.com")
    chosen = await invited.post(
        "/api/password", {"token": person["password_token"], "new_password": CHOSEN}
    )

    assert (person["email"], person["role"], person["has_password"]) == (NEW, "editor", False)
    assert chosen.status == 204
    assert (await invited.sign_in(NEW, CHOSEN)).body["role"] == "editor"
    shown = (await owner.get(f"/api/people/{person['id']}")).body
    assert shown["has_password"] is True
    assert "password_token" not in shown


async def test_a_token_is_good_once_and_for_a_good_password_only(asking: Asking) -> None:
    owner, invited = await asking.person(), await asking.nobody()
    token = (await invite(owner))["password_token"]
    weak = await invited.post("/api/password", {"token": token, "new_password": "short"})
    first = await invited.post("/api/password", {"token": token, "new_password": CHOSEN})
    again = await invited.post("/api/password", {"token": token, "new_password": "stolen again"})

    assert (weak.status, weak.fields) == (422, ["new_password"])
    assert first.status == 204
    assert (again.status, again.fields) == (403, ["token"])


async def test_people_are_listed_by_address(asking: Asking) -> None:
    owner = await asking.person()
    await invite(owner)
    listed = (await owner.get("/api/people")).body

    assert [one["email"] for one in listed] == [NEW, OWNER]


async def test_nobody_is_invited_twice_or_out_of_another_organisation(asking: Asking) -> None:
    owner = await asking.person()
    for email, kind in ((OWNER, "already-member"), (STRANGER, "known-elsewhere")):
        answer = await owner.post("/api/people", {"email": email, "role": "owner"})
        assert (answer.status, answer.fields) == (409, ["email"])
        assert answer.body["type"].endswith(kind)


async def test_a_role_is_changed_and_the_last_owner_stays_one(asking: Asking) -> None:
    owner = await asking.person()
    person = await invite(owner)
    me = next(one for one in (await owner.get("/api/people")).body if one["email"] == OWNER)
    last = await owner.patch(f"/api/people/{me['id']}", {"role": "viewer"})
    gone = await owner.delete(f"/api/people/{me['id']}")
    changed = await owner.patch(f"/api/people/{person['id']}", {"role": "owner"})

    assert [one.status for one in (last, gone, changed)] == [409, 409, 200]
    assert last.body["type"].endswith("last-owner")
    assert changed.body["role"] == "owner"
    assert (await owner.patch(f"/api/people/{me['id']}", {"role": "viewer"})).status == 200
    assert (await owner.get("/api/session")).body["role"] == "viewer"
    assert (
        await owner.post("/api/people", {"email": "x@y.example", "role": "viewer"})
    ).status == 403


async def test_who_is_removed_can_do_nothing_more(asking: Asking) -> None:
    owner, editor = await asking.person(), await asking.member("editor")
    person = next(one for one in (await owner.get("/api/people")).body if one["email"] == NEW)
    assert (await owner.delete(f"/api/people/{person['id']}")).status == 204

    assert (await editor.get("/api/organisation")).status == 401
    assert (await (await asking.nobody()).sign_in(NEW)).status == 401
    assert (await owner.get(f"/api/people/{person['id']}")).status == 404


async def test_a_lost_password_is_replaced_by_way_of_an_owner(asking: Asking) -> None:
    owner, editor = await asking.person(), await asking.member("editor")
    person = next(one for one in (await owner.get("/api/people")).body if one["email"] == NEW)
    given = await owner.post(f"/api/people/{person['id']}/password", None)
    token = given.body["password_token"]

    assert given.status == 201
    assert (await editor.get("/api/session")).status == 200, "nothing has changed yet"
    body = {"token": token, "new_password": CHOSEN}
    assert (await (await asking.nobody()).post("/api/password", body)).status == 204
    assert (await editor.get("/api/session")).status == 401
    assert (await (await asking.nobody()).sign_in(NEW, PASSWORD)).status == 401
    assert (await (await asking.nobody()).sign_in(NEW, CHOSEN)).status == 201


async def test_the_password_of_somebody_of_two_organisations_is_theirs(asking: Asking) -> None:
    owner = await asking.person()
    tenant = asking.store.tenant(DEFAULT_ORGANISATION)
    shared = await tenant.people.add(
        email=STRANGER, name="", role="viewer", is_known_elsewhere=True
    )
    answer = await owner.post(f"/api/people/{shared.id}/password", None)

    assert answer.status == 409
    assert answer.body["type"].endswith("not-only-here")


async def test_people_of_another_organisation_are_unknown(asking: Asking) -> None:
    owner, stranger = await asking.person(), await asking.person(STRANGER)
    (other,) = (await stranger.get("/api/people")).body
    one = f"/api/people/{other['id']}"

    for answer in (
        await owner.get(one),
        await owner.patch(one, {"role": "viewer"}),
        await owner.delete(one),
        await owner.post(f"{one}/password", None),
        await owner.get(f"/api/people/{new_id()}"),
    ):
        assert answer.status == 404
        assert answer.body["type"].endswith("no-such-person")
    assert (await stranger.get(one)).status == 200


@pytest.mark.parametrize("role", ["editor", "viewer"])
async def test_only_owners_change_people(asking: Asking, role: str) -> None:
    member = await asking.member(role)
    listed = (await member.get("/api/people")).body
    one = f"/api/people/{listed[0]['id']}"

    for answer in (
        await member.post("/api/people", {"email": "x@y.example", "role": "viewer"}),
        await member.patch(one, {"role": "viewer"}),
        await member.delete(one),
        await member.post(f"{one}/password", None),
    ):
        assert answer.status == 403
        assert "'organisation:write'" in answer.body["detail"]


async def test_a_key_makes_nobody_who_may_do_more_than_itself(asking: Asking) -> None:
    owner = await asking.person()
    made = await owner.post(
        "/api/keys", {"name": "people", "scopes": ["organisation:read", "organisation:write"]}
    )
    program = await asking.key(made.body["key"])
    me = next(one for one in (await owner.get("/api/people")).body if one["email"] == OWNER)
    one = f"/api/people/{me['id']}"

    for answer in (
        await program.post("/api/people", {"email": NEW, "role": "owner"}),
        await program.patch(one, {"role": "viewer"}),
        await program.delete(one),
        await program.post(f"{one}/password", None),
    ):
        assert answer.status == 403
        assert "may do what 'people' may not" in answer.body["detail"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"email": "nobody", "role": "viewer"}, "email"),
        ({"email": "a b@c.d", "role": "viewer"}, "email"),
        ({"email": NEW, "role": "king"}, "role"),
        ({"email": NEW}, "role"),
        ({"email": NEW, "role": "viewer", "name": "two\nlines"}, "name"),
        ({"email": NEW, "role": "viewer", "password": PASSWORD}, "password"),
    ],
)
async def test_what_is_wrong_is_named(asking: Asking, body: dict[str, Any], field: str) -> None:
    answer = await (await asking.person()).post("/api/people", body)

    assert (answer.status, answer.fields) == (422, [field])


async def test_every_role_sees_its_organisation(asking: Asking) -> None:
    for role in ROLES:
        email = f"{role}@example.com"
        client = await (asking.person(email) if email == OWNER else asking.member(role))
        assert (await client.get("/api/organisation")).body["name"] == "Harbour"
