"""Who may do what: roles, scopes and the refusal of the rest."""

import pytest

from app.identity import ALL, ANONYMOUS, ROLES, Principal, Role
from app.organisation import DEFAULT_ORGANISATION
from app.rest import OPERATIONS, Problem, require


def of_role(role: Role) -> Principal:
    return Principal(DEFAULT_ORGANISATION, "person:1", "person", "owner@example.com", ROLES[role])


def test_an_owner_may_do_all_and_an_editor_more_than_a_viewer() -> None:
    assert ROLES["owner"] == ALL
    assert ROLES["viewer"] < ROLES["editor"] < ROLES["owner"]


def test_a_viewer_changes_nothing_and_does_not_see_who_changed_what() -> None:
    assert {scope for scope in ALL if scope.endswith(":read")} - ROLES["viewer"] == {"audit:read"}
    assert not {scope for scope in ROLES["viewer"] if scope.endswith(":write")}


def test_an_editor_changes_neither_people_nor_what_happened() -> None:
    assert {scope for scope in ROLES["editor"] if scope.endswith(":write")} == {
        "calls:write",
        "agents:write",
        "knowledge:write",
    }


def test_whoever_is_known_may_do_what_needs_no_scope() -> None:
    nobody = Principal(DEFAULT_ORGANISATION, "key:1", "key", "build", frozenset())

    assert nobody.may("signed in")
    assert nobody.may("public")
    assert not any(nobody.may(scope) for scope in ALL)
    assert all(ANONYMOUS.may(scope) for scope in ALL)


def test_a_refusal_names_the_scope_that_is_missing() -> None:
    with pytest.raises(Problem) as refused:
        require(of_role("viewer"), "calls:write")

    document = refused.value.document
    assert document.status == 403
    assert "'calls:write'" in document.detail
    assert "agents:read" in document.detail
    require(of_role("editor"), "calls:write")


def test_what_changes_a_call_needs_more_than_to_look_at_it() -> None:
    needs = {each.name: each.needs for each in OPERATIONS}

    assert needs["list_calls"] == needs["follow_call"] == "calls:read"
    assert needs["hang_up"] == needs["send_command"] == needs["start_twin_call"] == "calls:write"
    for each in OPERATIONS:
        if each.route.startswith("/v1"):
            assert each.needs == ("calls:read" if each.method == "GET" else "calls:write")
