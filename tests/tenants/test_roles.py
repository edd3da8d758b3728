"""What each role and each scope may do: every operation and every tool, by what it declares."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import get_args

import pytest
import pytest_asyncio

from app.identity import ALL, PUBLIC, ROLES, SIGNED_IN, Need, Role, ScopeName
from app.identity.tokens import digest_of, new_key, prefix_of
from app.keys import IDENTITY
from app.mcp_server.catalog import CATALOG
from app.mcp_server.offer import Offer
from app.rest import Operation
from tests.tenants.filling import ALL_OPERATIONS, Filled, arguments, fill, unknown
from tests.tenants.party import Answer, Parties, Party

on_one_node = pytest.mark.asyncio(loop_scope="module")


@dataclass(frozen=True)
class Asker:
    """Somebody who asks.

    Attributes:
        scopes: What they may do; None of somebody who is not known.
        key: By which they ask, or else
        person_id: As whom they sign in.
    """

    name: str
    scopes: frozenset[ScopeName] | None
    key: str = ""
    person_id: str = ""

    async def ask(self, party: Party, asked: Filled) -> Answer:
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        return await party.ask(
            asked, await party.person(self.person_id) if self.person_id else headers
        )

    def may(self, need: Need) -> bool:
        return need == PUBLIC or (
            self.scopes is not None and (need == SIGNED_IN or need in self.scopes)
        )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def askers(parties: Parties) -> AsyncIterator[list[Asker]]:
    """A person of each role, keys with and without each scope, one of none, and nobody at all."""
    party = parties["north"]
    people = [await person(party, role) for role in get_args(Role)]
    keys = [await key(party, frozenset({scope})) for scope in sorted(ALL)]
    keys += [await key(party, ALL - {scope}) for scope in sorted(ALL)]
    nothing = await key(party, frozenset())
    await party.server.web_app[IDENTITY].ring.refresh()
    yield [*people, *keys, nothing, Asker("nobody", None)]


def concerned(askers: list[Asker], need: Need) -> list[Asker]:
    """Those of whom one has just what is needed, one all but that, and whoever is no key of one."""
    ways: tuple[frozenset[Need], ...] = (frozenset({need}), ALL - {need}, frozenset())
    return [one for one in askers if not one.key or one.scopes in ways]


async def person(party: Party, role: Role) -> Asker:
    added = await party.tenant.people.add(email=f"{role}@roles.example", name="", role=role)
    return Asker(role, ROLES[role], person_id=added.id)


async def key(party: Party, scopes: frozenset[ScopeName]) -> Asker:
    made = new_key()
    name = " and ".join(sorted(scopes)) or "none"
    await party.tenant.keys.create(
        name=name, digest=digest_of(made), prefix=prefix_of(made), scopes=sorted(scopes)
    )
    return Asker(f"key of {name}", scopes, key=made)


def is_refused(answer: Answer) -> bool:
    """Whether it was not even looked at."""
    return answer.status in (401, 403) and any(
        sign in answer.text for sign in ("This needs the scope", "Send an API key")
    )


@on_one_node
@pytest.mark.parametrize("operation", ALL_OPERATIONS, ids=lambda one: one.name)
async def test_an_operation_is_for_whom_its_declaration_says(
    parties: Parties, askers: list[Asker], operation: Operation
) -> None:
    party, those = parties["north"], concerned(askers, operation.needs)
    before = await party.picture(without=["sessions"])
    for asker in those:
        if not asker.may(operation.needs):
            answer = await asker.ask(party, fill(operation, party.all_ids))
            assert is_refused(answer), (asker.name, answer)
            assert answer.status == (401 if asker.scopes is None else 403)
    assert await party.picture(without=["sessions"]) == before

    for asker in those:
        if asker.may(operation.needs):
            answer = await asker.ask(party, fill(operation, unknown(party.ids)))
            assert not is_refused(answer), (asker.name, answer)


@on_one_node
@pytest.mark.parametrize("offer", CATALOG.values(), ids=lambda one: one.name)
async def test_a_tool_of_mcp_is_for_whom_its_declaration_says(
    parties: Parties, askers: list[Asker], offer: Offer
) -> None:
    party = parties["north"]
    for asker in concerned(askers, offer.needs):
        if asker.key:
            answer = await party.use(offer.name, arguments(offer, unknown(party.ids)), asker.key)
            is_told = f"needs the scope {offer.needs!r}" in answer.text
            assert is_told is not asker.may(offer.needs), (asker.name, answer)


# Nothing is kept of what these are sent, or all of it is the person's own.
CHANGES_NOTHING_OF_OTHERS = {
    "change_password", "check_agent", "choose_organisation", "choose_password", "sign_in",
    "query_knowledge_base", "sign_out",
}  # fmt: skip


def test_whatever_changes_something_needs_a_scope_to_write() -> None:
    writing = {one.name for one in ALL_OPERATIONS if one.needs.endswith(":write")}
    changing = {one.name for one in ALL_OPERATIONS if one.method != "GET"}

    assert changing - writing == CHANGES_NOTHING_OF_OTHERS
    assert writing <= changing
