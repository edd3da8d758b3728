"""Signing in and out: what proves it, what a page of another site cannot do, and who guesses."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from yarl import URL

from app.identity import ROLES
from app.keys import IDENTITY
from app.organisation import DEFAULT_ORGANISATION
from app.rest.access import ACCESS
from app.rest.attempts import Attempts
from app.rest.problems import Problem
from app.settings import Settings
from app.store import now
from app.store.tables.people import SESSIONS
from app.testing import API_KEY, serving
from tests.identity.asking import OWNER, PASSWORD, STRANGER, Asking, settings


async def no_wait(_seconds: float) -> None:
    pass


@pytest.fixture(autouse=True)
def wrong_passwords_are_answered_at_once(asking: Asking) -> None:
    asking.running.app[ACCESS].slowdown._sleep = no_wait


async def test_who_signs_in_is_known_by_a_cookie(asking: Asking) -> None:
    owner = await asking.nobody()
    signed_in = await owner.sign_in()
    shown = await owner.get("/api/session")

    assert signed_in.status == 201
    assert shown.status == 200
    assert shown.body == signed_in.body
    assert shown.body["kind"] == "person"
    assert shown.body["name"] == OWNER
    assert shown.body["role"] == "owner"
    assert set(shown.body["scopes"]) == ROLES["owner"]
    assert shown.body["organisation_id"] == DEFAULT_ORGANISATION
    assert [one["organisation"] for one in shown.body["organisations"]] == ["Harbour"]


async def test_no_script_reads_the_cookie_and_no_other_site_sends_it(asking: Asking) -> None:
    answer = await (await asking.nobody()).sign_in()
    cookie = answer.headers["Set-Cookie"]

    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    assert answer.headers["Cache-Control"] == "no-store"
    assert PASSWORD not in str(answer.body)


async def test_over_tls_the_cookie_is_for_tls_and_this_host_only(asking: Asking) -> None:
    given = settings(public_url="https://voice.example.com")
    async with serving([], given, asking.store) as running:
        running.app[IDENTITY].passwords = asking.running.app[IDENTITY].passwords
        secure = Asking(running, asking.store)
        async with secure:
            answer = await (await secure.nobody()).sign_in()

    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-")
    assert "Secure" in cookie.split("; ")


async def test_the_store_does_not_hold_what_proves_it(asking: Asking) -> None:
    owner = await asking.person()
    async with asking.store.reading() as connection:
        rows = [dict(row._mapping) for row in await connection.execute(sa.select(SESSIONS))]

    assert len(rows) == 1
    assert owner.cookie.split(".")[0] not in str(rows)


@pytest.mark.parametrize(
    ("email", "password"),
    [(OWNER, "wrong horse battery"), ("nobody@example.com", PASSWORD), (OWNER, "")],
)
async def test_a_wrong_address_and_a_wrong_password_are_answered_alike(
    asking: Asking, email: str, password: str
) -> None:
    client = await asking.nobody()
    answer = await client.sign_in(email, password)

    assert answer.status == 401
    assert answer.body["detail"] == "The address or the password is wrong."
    assert "Set-Cookie" not in answer.headers
    assert (await client.get("/api/session")).status == 401


async def test_who_has_chosen_no_password_cannot_sign_in(asking: Asking) -> None:
    tenant = asking.store.tenant(DEFAULT_ORGANISATION)
    await tenant.people.add(email="new@example.com", name="", role="viewer")

    assert (await (await asking.nobody()).sign_in("new@example.com", "")).status == 401


async def test_an_address_is_the_same_in_upper_case(asking: Asking) -> None:
    assert (await (await asking.nobody()).sign_in(OWNER.upper())).status == 201


async def test_a_cookie_that_was_there_before_proves_nothing(asking: Asking) -> None:
    """Session fixation: an attacker plants a cookie of theirs and waits for somebody to sign in."""
    attacker, victim = await asking.person(STRANGER), await asking.nobody()
    planted = attacker.cookie
    (name,) = [one.key for one in attacker.http.cookie_jar]
    victim.http.cookie_jar.update_cookies({name: planted}, URL(asking.running.url))
    await victim.sign_in()

    assert victim.cookie != planted
    assert (await victim.get("/api/session")).body["name"] == OWNER
    assert (await attacker.get("/api/session")).status == 401, "whose cookie it was is signed out"


async def test_each_time_the_cookie_is_another(asking: Asking) -> None:
    first, second = await asking.person(), await asking.person()

    assert first.cookie != second.cookie
    assert (await first.get("/api/session")).status == 200


@pytest.mark.parametrize("change", [lambda value: value[:-1], lambda value: "A" + value, str.upper])
async def test_a_changed_cookie_proves_nothing(asking: Asking, change: Any) -> None:
    owner = await asking.person()
    (name,) = [one.key for one in owner.http.cookie_jar]
    other = await asking.nobody(Cookie=f"{name}={change(owner.cookie)}")

    assert (await other.get("/api/session")).status == 401


async def test_who_signs_out_is_known_no_more_also_by_a_copy_of_the_cookie(asking: Asking) -> None:
    owner = await asking.person()
    (name,) = [one.key for one in owner.http.cookie_jar]
    copy = await asking.nobody(Cookie=f"{name}={owner.cookie}")
    assert (await copy.get("/api/session")).status == 200

    assert (await owner.delete("/api/session")).status == 204
    assert owner.cookie == ""
    assert (await owner.get("/api/session")).status == 401
    assert (await copy.get("/api/session")).status == 401


async def test_being_signed_in_lasts_while_somebody_is_there(asking: Asking) -> None:
    owner = await asking.person()
    soon = now() + timedelta(minutes=1)
    async with asking.store.writing() as connection:
        await connection.execute(sa.update(SESSIONS).values(expires_at=soon))
    await owner.get("/api/session")
    until = (await owner.get("/api/session")).body["expires_at"]

    assert until > (now() + timedelta(hours=11)).isoformat()


async def test_being_signed_in_ends_for_good_after_two_weeks(asking: Asking) -> None:
    owner = await asking.person()
    begun = now() - timedelta(days=14) + timedelta(minutes=5)
    async with asking.store.writing() as connection:
        await connection.execute(sa.update(SESSIONS).values(created_at=begun))
    await owner.get("/api/session")
    async with asking.store.reading() as connection:
        until = (await connection.execute(sa.select(SESSIONS.c.expires_at))).scalar_one()
    assert until <= now() + timedelta(hours=12)
    async with asking.store.writing() as connection:
        await connection.execute(sa.update(SESSIONS).values(expires_at=now()))

    assert (await owner.get("/api/session")).status == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"X_CSRF_Token": ""},
        {"X_CSRF_Token": "0" * 64},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
async def test_a_page_of_another_site_changes_nothing(
    asking: Asking, headers: dict[str, str]
) -> None:
    owner = await asking.person()
    answer = await owner.delete("/api/session", **headers)

    assert answer.status == 403
    assert (await owner.get("/api/session")).status == 200


async def test_the_token_of_another_person_is_no_use(asking: Asking) -> None:
    owner, stranger = await asking.person(), await asking.person(STRANGER)
    answer = await owner.delete("/api/session", X_CSRF_Token=stranger.headers["X-CSRF-Token"])

    assert answer.status == 403
    assert "GET /api/session" in answer.body["detail"]


@pytest.mark.parametrize("site", ["same-origin", "none"])
async def test_a_page_of_this_server_may_ask(asking: Asking, site: str) -> None:
    owner = await asking.person()
    url = asking.running.url
    answer = await owner.delete("/api/session", Origin=url, Sec_Fetch_Site=site)

    assert answer.status == 204


async def test_a_program_with_a_key_needs_no_token(asking: Asking) -> None:
    operator = await asking.operator()
    body = {"organisation_id": DEFAULT_ORGANISATION}
    answer = await operator.put("/api/session", body, Origin="https://evil.example")

    assert answer.status == 409, "it is let in, and is no person"


async def test_a_page_of_another_site_signs_nobody_in(asking: Asking) -> None:
    client = await asking.nobody()
    body = {"email": OWNER, "password": PASSWORD}
    answer = await client.post("/api/session", body, Origin="https://evil.example")

    assert answer.status == 403
    assert client.cookie == ""


async def test_a_key_is_told_who_it_is(asking: Asking) -> None:
    shown = (await (await asking.operator()).get("/api/session")).body

    assert (shown["kind"], shown["actor"]) == ("settings", "settings")
    assert shown["csrf_token"] is None
    assert API_KEY not in str(shown)


async def test_somebody_of_two_organisations_chooses(asking: Asking) -> None:
    other = asking.store.tenant(asking.other_id)
    await other.people.add(email=OWNER, name="", role="viewer", is_known_elsewhere=True)
    owner = await asking.person()
    chosen = await owner.put("/api/session", {"organisation_id": asking.other_id})

    assert chosen.status == 200
    assert chosen.body["organisation_id"] == asking.other_id
    assert set(chosen.body["scopes"]) == ROLES["viewer"]
    assert (await owner.get("/api/session")).body == chosen.body
    there = await (await asking.nobody()).sign_in(organisation_id=asking.other_id)
    assert there.body["role"] == "viewer"


async def test_nobody_chooses_an_organisation_they_do_not_belong_to(asking: Asking) -> None:
    owner = await asking.person()

    for answer in (
        await owner.put("/api/session", {"organisation_id": asking.other_id}),
        await (await asking.nobody()).sign_in(organisation_id=asking.other_id),
    ):
        assert answer.status == 403
    assert (await owner.get("/api/session")).body["organisation_id"] == DEFAULT_ORGANISATION


async def test_a_role_counts_from_the_moment_it_is_given(asking: Asking) -> None:
    editor = await asking.member("editor")
    tenant = asking.store.tenant(DEFAULT_ORGANISATION)
    (person,) = [one for one in await tenant.people.list() if one.role == "editor"]
    await tenant.people.change_role(person.id, "viewer")
    assert set((await editor.get("/api/session")).body["scopes"]) == ROLES["viewer"]

    await tenant.people.remove(person.id)
    assert (await editor.get("/api/session")).status == 401


async def test_a_password_is_changed_by_who_knows_the_old_one(asking: Asking) -> None:
    owner, elsewhere = await asking.person(), await asking.person()
    new = "a staple that is new"
    wrong = await owner.put(
        "/api/password", {"current_password": "not this one", "new_password": new}
    )
    assert (wrong.status, wrong.fields) == (422, ["current_password"])
    weak = await owner.put("/api/password", {"current_password": PASSWORD, "new_password": "short"})
    assert (weak.status, weak.fields) == (422, ["new_password"])
    right = await owner.put("/api/password", {"current_password": PASSWORD, "new_password": new})
    assert right.status == 204

    assert (await owner.get("/api/session")).status == 200
    assert (await elsewhere.get("/api/session")).status == 401
    assert (await (await asking.nobody()).sign_in()).status == 401
    assert (await (await asking.nobody()).sign_in(password=new)).status == 201


async def test_who_guesses_the_password_of_somebody_is_stopped(asking: Asking) -> None:
    guesser = await asking.nobody()
    answers = [await guesser.sign_in(password=f"guess number {n}") for n in range(12)]

    assert [answer.status for answer in answers] == [401] * 10 + [429] * 2
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert (await guesser.sign_in()).status == 429, "not even the right one, from there"


async def test_who_guesses_one_password_of_many_people_is_stopped_too(asking: Asking) -> None:
    guesser = await asking.nobody()
    statuses = [
        (await guesser.sign_in(f"person{n}@example.com", PASSWORD)).status for n in range(62)
    ]

    assert statuses == [401] * 60 + [429] * 2


async def test_guesses_wait_longer_each_time(asking: Asking) -> None:
    delays: list[float] = []

    async def sleep(seconds: float) -> None:
        delays.append(seconds)

    asking.running.app[ACCESS].slowdown._sleep = sleep
    guesser = await asking.nobody()
    for n in range(5):
        await guesser.sign_in(password=f"guess number {n}")

    assert delays == sorted(set(delays))
    assert (await guesser.sign_in()).status == 201
    assert len(delays) == 5, "the right one does not wait"


async def test_who_signs_in_rightly_is_not_counted(asking: Asking) -> None:
    for _ in range(12):
        assert (await (await asking.nobody()).sign_in()).status == 201


async def test_guesses_from_many_places_are_stopped_for_the_account() -> None:
    attempts = Attempts(Settings())
    for n in range(100):
        await attempts.begin(f"10.0.0.{n}", OWNER)
    with pytest.raises(Problem, match="too many attempts"):
        await attempts.begin("10.0.0.100", OWNER)

    await attempts.begin("10.0.0.1", STRANGER)


@pytest.mark.parametrize("body", [{}, {"email": "x"}, {"email": "a@b.c", "password": 1}])
async def test_what_is_missing_or_wrong_is_named(asking: Asking, body: dict[str, Any]) -> None:
    answer = await (await asking.nobody()).post("/api/session", body)

    assert answer.status == 422
    assert answer.fields


async def test_all_attempts_at_the_same_moment_are_counted(asking: Asking) -> None:
    guesser = await asking.nobody()
    answers = await asyncio.gather(
        *(guesser.sign_in(password=f"guess number {n}") for n in range(20))
    )

    assert sorted(answer.status for answer in answers) == [401] * 10 + [429] * 10
