"""Who may ask for what: every operation, by every role, by keys and by nobody."""

import pytest

from app.identity import ALL, PUBLIC, ROLES, SIGNED_IN, Role
from app.rest import API_OPERATIONS, OPERATIONS
from app.rest.operation import Operation
from app.store import new_id
from tests.identity.asking import OWNER, Answer, Asking, Client

EVERY = (*OPERATIONS, *API_OPERATIONS)
GUARDED = [one for one in EVERY if one.needs != PUBLIC]


class AnyId(dict[str, str]):
    """Fills each place of a route with an id that nobody has."""

    def __missing__(self, key: str) -> str:
        return new_id()


async def try_out(client: Client, operation: Operation) -> Answer:
    """Ask without a body: whether it is allowed is looked at before anything else."""
    path = operation.route.format_map(AnyId())
    async with client.http.request(
        operation.method, path, headers=client.headers | {"Accept": "*/*"}
    ) as response:
        body = await response.text() if response.status >= 400 else ""  # else it may be a stream
        return Answer(response.status, body, response.headers)


@pytest.mark.parametrize("role", ["owner", "editor", "viewer"])
async def test_a_role_may_do_what_its_scopes_say_and_no_more(asking: Asking, role: Role) -> None:
    client = await (asking.person(OWNER) if role == "owner" else asking.member(role))
    for operation in GUARDED:
        if operation.name == "sign_out":
            continue
        answer = await try_out(client, operation)
        is_allowed = operation.needs == SIGNED_IN or operation.needs in ROLES[role]
        told = f"{operation.name} by {role}: {answer.status} {answer.body}"
        if is_allowed:
            assert answer.status not in (401, 500), told
            assert "not-allowed" not in answer.body, told
        else:
            assert answer.status == 403, told
            assert f"'{operation.needs}'" in answer.body, told


async def test_a_key_without_the_scope_may_not(asking: Asking) -> None:
    owner = await asking.person()
    for scope in sorted(ALL):
        body = {"name": "all but one", "scopes": sorted(ALL - {scope})}
        program = await asking.key((await owner.post("/api/keys", body)).body["key"])
        for operation in GUARDED:
            if operation.needs == scope:
                answer = await try_out(program, operation)
                assert answer.status == 403, operation.name
                assert f"'{scope}'" in answer.body


async def test_without_a_key_or_a_cookie_there_is_no_way_in(asking: Asking) -> None:
    nobody = await asking.nobody()
    for operation in GUARDED:
        assert (await try_out(nobody, operation)).status == 401, operation.name


async def test_a_page_of_another_site_changes_nothing_anywhere(asking: Asking) -> None:
    owner = await asking.person()
    owner.headers["Origin"] = "https://evil.example"
    for operation in GUARDED:
        if operation.method not in ("GET", "HEAD"):
            answer = await try_out(owner, operation)
            assert answer.status == 403, operation.name
            assert "foreign-origin" in answer.body
    del owner.headers["Origin"], owner.headers["X-CSRF-Token"]
    for operation in GUARDED:
        if operation.method not in ("GET", "HEAD"):
            answer = await try_out(owner, operation)
            assert answer.status == 403, operation.name
            assert "forged" in answer.body


def test_what_everybody_may_ask_is_signing_in_and_nothing_else() -> None:
    assert {one.name for one in EVERY if one.needs == PUBLIC} == {"sign_in", "choose_password"}
    assert {one.name for one in EVERY if one.needs == SIGNED_IN} == {
        "show_session",
        "choose_organisation",
        "sign_out",
        "change_password",
    }


def test_what_changes_something_needs_more_than_to_read() -> None:
    for operation in API_OPERATIONS:
        if operation.needs in ALL and operation.method in ("DELETE", "PATCH", "PUT"):
            assert operation.needs.endswith(":write"), operation.name
