"""The organisation over REST: its settings, and secrets that go in and never come out."""

from typing import Any

import pytest

from app.identity.organisation_secrets import lookup_secret, vendor_keys
from app.keys import IDENTITY, VAULT
from app.organisation import DEFAULT_ORGANISATION
from tests.identity.asking import STRANGER, Asking

ROUTE = "/api/organisation"


async def test_what_is_not_set_has_a_default(asking: Asking) -> None:
    shown = (await (await asking.person()).get(ROUTE)).body

    assert shown["id"] == DEFAULT_ORGANISATION
    assert shown["name"] == "Harbour"
    assert shown["client_lookup_url"] is None
    assert shown["client_lookup_header"] == "loquent_x_check"
    assert shown["worker_model"] is shown["retention_days"] is shown["max_calls"] is None
    assert (shown["has_client_lookup_secret"], shown["vendors"]) == (False, [])


async def test_what_is_named_changes_and_the_rest_stays(asking: Asking) -> None:
    owner = await asking.person()
    first = await owner.patch(
        ROUTE, {"client_lookup_url": "https://crm.example/who?x=1", "retention_days": 30.0}
    )
    assert first.body["retention_days"] == 30
    second = await owner.patch(ROUTE, {"name": "Pier 7", "retention_days": None})

    assert first.status == second.status == 200
    assert second.body["name"] == "Pier 7"
    assert second.body["client_lookup_url"] == "https://crm.example/who?x=1"
    assert second.body["retention_days"] is None
    assert (await owner.get(ROUTE)).body == second.body


async def test_a_bound_of_calls_is_set_and_taken_away(asking: Asking) -> None:
    owner = await asking.person()
    assert (await owner.patch(ROUTE, {"max_calls": 12})).body["max_calls"] == 12
    assert await asking.running.app[IDENTITY].directory.call_limits() == {DEFAULT_ORGANISATION: 12}

    assert (await owner.patch(ROUTE, {"max_calls": None})).body["max_calls"] is None
    assert await asking.running.app[IDENTITY].directory.call_limits() == {}


async def test_secrets_go_in_sealed_and_never_come_out(asking: Asking) -> None:
    owner = await asking.person()
    answers = [
        await owner.patch(
            ROUTE,
            {
                "client_lookup_secret": "hush-hush",
                "vendor_keys": {"openai": "sk-hush", "bedrock": {"accessKeyId": "hush-id"}},
            },
        ),
        await owner.get(ROUTE),
        await owner.get("/openapi.json"),
    ]
    kept = await asking.store.tenant(DEFAULT_ORGANISATION).organisation.get()
    noted = await asking.store.tenant(DEFAULT_ORGANISATION).audits.list(limit=10)
    vault = asking.running.app[VAULT]

    assert answers[1].body["has_client_lookup_secret"] is True
    assert answers[1].body["vendors"] == ["bedrock", "openai"]
    assert "hush" not in repr([one.body for one in answers])
    assert "hush" not in repr((kept, noted))
    assert lookup_secret(kept, vault) == "hush-hush"
    assert vendor_keys(kept, vault) == {
        "openai": {"apiKey": "sk-hush"},
        "bedrock": {"accessKeyId": "hush-id"},
    }


async def test_a_secret_is_taken_away_by_null(asking: Asking) -> None:
    owner = await asking.person()
    await owner.patch(
        ROUTE, {"client_lookup_secret": "s", "vendor_keys": {"openai": "a", "groq": "b"}}
    )
    answer = await owner.patch(
        ROUTE, {"client_lookup_secret": None, "vendor_keys": {"openai": None}}
    )

    assert answer.body["has_client_lookup_secret"] is False
    assert answer.body["vendors"] == ["groq"]


async def test_each_organisation_has_its_own(asking: Asking) -> None:
    owner, stranger = await asking.person(), await asking.person(STRANGER)
    await owner.patch(ROUTE, {"retention_days": 7, "vendor_keys": {"openai": "a"}})
    other = (await stranger.get(ROUTE)).body

    assert (other["name"], other["retention_days"], other["vendors"]) == ("Pier", None, [])


@pytest.mark.parametrize("role", ["editor", "viewer"])
async def test_only_owners_change_it(asking: Asking, role: str) -> None:
    member = await asking.member(role)

    assert (await member.get(ROUTE)).status == 200
    assert (await member.patch(ROUTE, {"name": "Mine"})).status == 403


async def test_the_change_is_noted_with_who_made_it(asking: Asking) -> None:
    owner = await asking.person()
    actor = (await owner.get("/api/session")).body["actor"]
    await owner.patch(ROUTE, {"name": "Pier 7"})
    (noted,) = await asking.store.tenant(DEFAULT_ORGANISATION).audits.list(limit=1)

    assert (noted.actor, noted.action, noted.noun) == (actor, "change", "organisation")
    assert (noted.before["name"], noted.after["name"]) == ("Harbour", "Pier 7")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": None}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"client_lookup_url": "ftp://crm.example"}, "client_lookup_url"),
        ({"client_lookup_url": "http://user:secret@crm.example"}, "client_lookup_url"),
        ({"client_lookup_header": "two words"}, "client_lookup_header"),
        ({"client_lookup_secret": "two\r\nlines"}, "client_lookup_secret"),
        ({"worker_model": "gpt-4o-mini"}, "worker_model"),
        ({"worker_model": "opanai:gpt-4o-mini"}, "worker_model"),
        ({"retention_days": 0}, "retention_days"),
        ({"retention_days": "30"}, "retention_days"),
        ({"max_calls": -1}, "max_calls"),
        ({"max_calls": 1.5}, "max_calls"),
        ({"vendor_keys": {"groq": 1}}, "vendor_keys.groq"),
        ({"vendor_keys": {"groq": {}}}, "vendor_keys.groq"),
        ({"vendor_keys": {"groq": {"apiKey": ""}}}, "vendor_keys.groq.apiKey"),
        ({"color": "blue"}, "color"),
    ],
)
async def test_what_is_wrong_is_named(asking: Asking, body: dict[str, Any], field: str) -> None:
    answer = await (await asking.person()).patch(ROUTE, body)

    assert (answer.status, answer.fields) == (422, [field])


@pytest.mark.parametrize("body", [{}, {"vendor_keys": {"opanai": "sk"}}])
async def test_what_changes_nothing_is_refused(asking: Asking, body: dict[str, Any]) -> None:
    assert (await (await asking.person()).patch(ROUTE, body)).status == 422
