"""Keys and WebSocket credentials over REST: shown once, bounded in what they may do, revocable."""

from datetime import timedelta
from typing import Any

import aiohttp
import pytest
import sqlalchemy as sa

from app.identity.tokens import KEY_PREFIX
from app.keys import IDENTITY, WS_USERS
from app.organisation import DEFAULT_ORGANISATION
from app.server.credentials import admit
from app.store import new_id, now
from app.store.tables.access import API_KEYS, WS_CREDENTIALS
from app.testing import serving
from tests.identity.asking import STRANGER, Asking, Client, settings

READ = ["organisation:read"]


async def make_key(owner: Client, scopes: list[str] | None = None, **more: Any) -> Any:
    body = {"name": "build", "scopes": scopes or READ, **more}
    answer = await owner.post("/api/keys", body)
    assert answer.status == 201, answer.body
    return answer.body


async def make_credential(owner: Client, user_name: str = "harbour", **more: Any) -> Any:
    answer = await owner.post(
        "/api/credentials", {"name": "portal", "user_name": user_name, **more}
    )
    assert answer.status == 201, answer.body
    return answer.body


def basic(user: str, password: str) -> str:
    return aiohttp.encode_basic_auth(user, password)


async def test_a_key_opens_what_its_scopes_say(asking: Asking) -> None:
    made = await make_key(await asking.person())
    program = await asking.key(made["key"])
    me = (await program.get("/api/session")).body

    assert made["key"].startswith(KEY_PREFIX)
    assert (me["kind"], me["name"], me["actor"]) == ("key", "build", f"key:{made['id']}")
    assert me["scopes"] == READ
    assert (await program.get("/api/organisation")).status == 200
    refused = await program.get("/v1/calls")
    assert refused.status == 403
    assert "'calls:read'" in refused.body["detail"]


async def test_a_key_is_shown_once_and_kept_as_a_digest(asking: Asking) -> None:
    owner = await asking.person()
    made = await make_key(owner)
    async with asking.store.reading() as connection:
        rows = [dict(row._mapping) for row in await connection.execute(sa.select(API_KEYS))]
    shown = [(await owner.get(path)).body for path in ("/api/keys", f"/api/keys/{made['id']}")]
    noted = await asking.store.tenant(DEFAULT_ORGANISATION).audits.list(limit=10)

    assert made["key"].startswith(made["prefix"])
    assert made["key"] not in repr((rows, shown, noted))
    assert shown == [[shown[1]], shown[1]]


async def test_a_revoked_key_opens_nothing_at_once(asking: Asking) -> None:
    owner = await asking.person()
    made = await make_key(owner)
    program = await asking.key(made["key"])
    assert (await program.get("/api/session")).status == 200
    assert (await owner.delete(f"/api/keys/{made['id']}")).status == 204

    assert (await program.get("/api/session")).status == 401
    assert (await owner.delete(f"/api/keys/{made['id']}")).status == 404


async def test_a_key_expires(asking: Asking) -> None:
    owner = await asking.person()
    soon = (now() + timedelta(hours=1)).isoformat()
    made = await make_key(owner, expires_at=soon)
    program = await asking.key(made["key"])
    assert (await program.get("/api/session")).status == 200
    async with asking.store.writing() as connection:
        await connection.execute(sa.update(API_KEYS).values(expires_at=now()))
    await make_key(owner)

    assert (await program.get("/api/session")).status == 401


async def test_a_key_is_changed(asking: Asking) -> None:
    owner = await asking.person()
    made = await make_key(owner)
    program, one = await asking.key(made["key"]), f"/api/keys/{made['id']}"
    answer = await owner.patch(one, {"name": "deploy", "scopes": ["calls:read", "calls:read"]})

    assert (answer.body["name"], answer.body["scopes"]) == ("deploy", ["calls:read"])
    assert (await program.get("/v1/calls")).status == 200
    assert (await program.get("/api/organisation")).status == 403
    unchanged = await owner.patch(one, {})
    assert unchanged.body == answer.body


async def test_a_key_may_do_no_more_than_whoever_makes_it(asking: Asking) -> None:
    owner = await asking.person()
    maker = await asking.key((await make_key(owner, ["organisation:write"]))["key"])
    strong = await make_key(owner, ["calls:write"])
    made = await maker.post("/api/keys", {"name": "x", "scopes": ["organisation:write"]})

    assert made.status == 201
    for answer in (
        await maker.post("/api/keys", {"name": "x", "scopes": ["calls:write"]}),
        await maker.patch(f"/api/keys/{made.body['id']}", {"scopes": ["calls:write"]}),
        await maker.patch(f"/api/keys/{strong['id']}", {"name": "mine"}),
    ):
        assert (answer.status, answer.fields) == (403, ["scopes"])


async def test_a_key_acts_for_its_organisation_only(asking: Asking) -> None:
    owner, stranger = await asking.person(), await asking.person(STRANGER)
    made = await make_key(stranger)
    program = await asking.key(made["key"])

    assert (await program.get("/api/organisation")).body["name"] == "Pier"
    assert (await owner.get("/api/keys")).body == []
    for answer in (
        await owner.get(f"/api/keys/{made['id']}"),
        await owner.patch(f"/api/keys/{made['id']}", {"name": "mine"}),
        await owner.delete(f"/api/keys/{made['id']}"),
        await owner.get(f"/api/keys/{new_id()}"),
    ):
        assert answer.status == 404
    assert (await program.get("/api/session")).status == 200


@pytest.mark.parametrize("role", ["editor", "viewer"])
@pytest.mark.parametrize("route", ["/api/keys", "/api/credentials"])
async def test_only_owners_see_and_make_what_opens(asking: Asking, role: str, route: str) -> None:
    member = await asking.member(role)

    assert (await member.get(route)).status == 403
    assert (await member.get(f"{route}/{new_id()}")).status == 403
    assert (await member.post(route, {})).status == 403
    assert (await member.patch(f"{route}/{new_id()}", {})).status == 403
    assert (await member.delete(f"{route}/{new_id()}")).status == 403


async def test_another_node_knows_a_new_key_at_once_and_a_revoked_one_soon(asking: Asking) -> None:
    async with (
        serving([], settings(), asking.store) as running,
        Asking(running, asking.store) as elsewhere,
    ):
        owner = await asking.person()
        made = await make_key(owner)
        program = await elsewhere.key(made["key"])
        assert (await program.get("/api/session")).status == 200
        await owner.delete(f"/api/keys/{made['id']}")
        await running.app[IDENTITY].ring.refresh()  # as it does every two seconds
        assert (await program.get("/api/session")).status == 401


@pytest.mark.parametrize("key", [f"{KEY_PREFIX}{'a' * 43}", KEY_PREFIX, "cbk_ä"])
async def test_what_only_looks_like_a_key_opens_nothing(asking: Asking, key: str) -> None:
    assert (await (await asking.key(key)).get("/api/session")).status == 401


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"scopes": READ}, "name"),
        ({"name": " ", "scopes": READ}, "name"),
        ({"name": "x", "scopes": []}, "scopes"),
        ({"name": "x", "scopes": ["all"]}, "scopes[0]"),
        ({"name": "x", "scopes": READ, "expires_at": "2099-01-01T00:00:00"}, "expires_at"),
    ],
)
async def test_what_is_wrong_with_a_key_is_named(
    asking: Asking, body: dict[str, Any], field: str
) -> None:
    answer = await (await asking.person()).post("/api/keys", body)

    assert (answer.status, answer.fields) == (422, [field])


async def test_a_key_that_would_open_nothing_is_not_made(asking: Asking) -> None:
    body = {"name": "x", "scopes": READ, "expires_at": "2020-01-01T00:00:00Z"}
    answer = await (await asking.person()).post("/api/keys", body)

    assert (answer.status, answer.fields) == (409, ["expires_at"])


async def test_keys_are_bounded_in_number(asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.rest.api.access.MOST", 2)
    owner = await asking.person()
    for _ in range(2):
        await make_key(owner)
    answer = await owner.post("/api/keys", {"name": "x", "scopes": READ})

    assert answer.status == 409
    assert answer.body["type"].endswith("too-many")


async def test_a_credential_lets_jambonz_in_for_its_organisation(asking: Asking) -> None:
    made = await make_credential(await asking.person(STRANGER), account_sids=["account-1"])
    users = asking.running.app[WS_USERS]
    given = settings(ws_user="jambonz", ws_password="of-the-settings")
    admitted = admit(basic("harbour", made["password"]), given, users)

    assert admitted is not None
    assert admitted.organisation_id == asking.other_id
    assert set(admitted.account_sids) == {"account-1"}
    assert admit(basic("harbour", "wrong"), given, users) is None
    assert admit(basic("jambonz", made["password"]), given, users) is None


async def test_a_password_is_shown_once_and_can_be_renewed(asking: Asking) -> None:
    owner = await asking.person()
    made = await make_credential(owner)
    one = f"/api/credentials/{made['id']}"
    async with asking.store.reading() as connection:
        rows = [dict(row._mapping) for row in await connection.execute(sa.select(WS_CREDENTIALS))]
    shown = [(await owner.get(path)).body for path in ("/api/credentials", one)]
    renewed = await owner.post(f"{one}/password", None)
    noted = await asking.store.tenant(DEFAULT_ORGANISATION).audits.list(limit=10)

    assert made["password"] not in repr((rows, shown, noted, renewed.body))
    assert "password" not in shown[1]
    users, given = asking.running.app[WS_USERS], settings()
    assert admit(basic("harbour", made["password"]), given, users) is None
    assert admit(basic("harbour", renewed.body["password"]), given, users) is not None
    assert (await owner.delete(one)).status == 204
    assert users.find("harbour") is None


async def test_a_user_name_is_given_once(asking: Asking) -> None:
    owner, stranger = await asking.person(), await asking.person(STRANGER)
    await make_credential(owner)

    for client in (owner, stranger):
        answer = await client.post("/api/credentials", {"name": "x", "user_name": "harbour"})
        assert (answer.status, answer.fields) == (409, ["user_name"])


async def test_a_credential_is_changed_and_is_of_one_organisation(asking: Asking) -> None:
    owner, stranger = await asking.person(), await asking.person(STRANGER)
    one = f"/api/credentials/{(await make_credential(owner))['id']}"
    answer = await owner.patch(one, {"account_sids": ["a", "b"]})

    assert answer.body["account_sids"] == ["a", "b"]
    assert answer.body["name"] == "portal"
    found = asking.running.app[WS_USERS].find("harbour")
    assert found is not None
    assert set(found.account_sids) == {"a", "b"}
    for refused in (
        await stranger.get(one),
        await stranger.patch(one, {"name": "mine"}),
        await stranger.post(f"{one}/password", None),
        await stranger.delete(one),
    ):
        assert refused.status == 404


@pytest.mark.parametrize("user_name", ["", "ab", "with:colon", "with space", "-x-y"])
async def test_a_user_name_fits_into_a_header(asking: Asking, user_name: str) -> None:
    body = {"name": "x", "user_name": user_name}
    answer = await (await asking.person()).post("/api/credentials", body)

    assert (answer.status, answer.fields) == (422, ["user_name"])
