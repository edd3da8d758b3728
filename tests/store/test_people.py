"""People, where they are signed in, and the organisation they belong to; on both engines."""

import asyncio
from datetime import timedelta

import pytest

from app.organisation import DEFAULT_ORGANISATION
from app.store import Store, Tenant, new_id, now
from app.store.accounts import MOST_SESSIONS, Accounts
from app.store.directory import Directory
from app.store.organisation import OrganisationSettings
from app.store.people import AlreadyMember, KnownElsewhere, LastOwner, NotOnlyHere, Person
from tests.store_fixtures import another_tenant

OWNER, EDITOR = "owner@example.com", "editor@example.com"
SOON = timedelta(hours=1)


@pytest.fixture
def directory(store: Store) -> Directory:
    return Directory(store)


@pytest.fixture
def accounts(store: Store) -> Accounts:
    return Accounts(store)


async def owner_of(tenant: Tenant, email: str = OWNER) -> Person:
    return await tenant.people.add(email=email, name="The owner", role="owner")


async def sign_in(accounts: Accounts, person: Person, tenant: Tenant, digest: str = "d") -> None:
    await accounts.sign_in(
        digest=digest,
        user_id=person.id,
        organisation_id=tenant.organisation_id,
        until=now() + SOON,
    )


async def test_who_is_added_belongs_to_the_organisation(
    tenant: Tenant, other_tenant: Tenant
) -> None:
    added = await owner_of(tenant)

    assert (added.email, added.name, added.role, added.has_password) == (
        OWNER,
        "The owner",
        "owner",
        False,
    )
    assert await tenant.people.list() == [added]
    assert await tenant.people.get(added.id) == added
    assert await other_tenant.people.list() == []
    assert await other_tenant.people.get(added.id) is None


async def test_nobody_is_added_twice(tenant: Tenant) -> None:
    await owner_of(tenant)
    with pytest.raises(AlreadyMember):
        await owner_of(tenant)


async def test_one_person_may_belong_to_two_organisations_in_two_roles(
    tenant: Tenant, other_tenant: Tenant, directory: Directory
) -> None:
    here = await owner_of(tenant)
    there = await other_tenant.people.add(
        email=OWNER, name="Ignored", role="viewer", is_known_elsewhere=True
    )

    assert (there.id, there.name, there.role) == (here.id, here.name, "viewer")
    assert [(one.organisation_id, one.role) for one in await directory.memberships(here.id)] == [
        (DEFAULT_ORGANISATION, "owner"),
        (other_tenant.organisation_id, "viewer"),
    ]


async def test_only_who_runs_the_server_makes_somebody_belong_to_two_organisations(
    tenant: Tenant, other_tenant: Tenant
) -> None:
    """Else who invites an address first, and chooses its password, would come in elsewhere too."""
    await owner_of(tenant)
    with pytest.raises(KnownElsewhere):
        await other_tenant.people.add(email=OWNER, name="", role="owner")

    assert await other_tenant.people.list() == []


async def test_of_organisations_that_invite_somebody_at_the_same_moment_one_does(
    store: Store, tenant: Tenant, other_tenant: Tenant
) -> None:
    tenants = [tenant, other_tenant, *[await another_tenant(store) for _ in range(4)]]
    done = await asyncio.gather(
        *(one.people.add(email=EDITOR, name="", role="viewer") for one in tenants),
        return_exceptions=True,
    )

    assert sum(isinstance(one, Person) for one in done) == 1
    assert sum(isinstance(one, KnownElsewhere) for one in done) == len(tenants) - 1


async def test_another_organisation_changes_nobody_here(
    tenant: Tenant, other_tenant: Tenant
) -> None:
    person = await owner_of(tenant)

    assert await other_tenant.people.change_role(person.id, "viewer") is None
    assert await other_tenant.people.remove(person.id) is None
    assert await other_tenant.people.let_choose_password(person.id, "d", now() + SOON) is None
    assert await tenant.people.get(person.id) == person


async def test_the_last_owner_stays_one(tenant: Tenant) -> None:
    owner = await owner_of(tenant)
    editor = await tenant.people.add(email=EDITOR, name="", role="editor")
    with pytest.raises(LastOwner):
        await tenant.people.change_role(owner.id, "editor")
    with pytest.raises(LastOwner):
        await tenant.people.remove(owner.id)

    await tenant.people.change_role(editor.id, "owner")
    changed = await tenant.people.change_role(owner.id, "viewer")

    assert changed is not None
    assert changed.role == "viewer"
    assert [one.role for one in await tenant.people.list()] == ["owner", "viewer"]


async def test_who_belongs_nowhere_any_more_is_forgotten(
    tenant: Tenant, other_tenant: Tenant, directory: Directory, accounts: Accounts
) -> None:
    await owner_of(tenant)
    editor = await tenant.people.add(email=EDITOR, name="", role="editor")
    await other_tenant.people.add(email=EDITOR, name="", role="viewer", is_known_elsewhere=True)
    await sign_in(accounts, editor, tenant)

    await tenant.people.remove(editor.id)
    assert await directory.signed_in("d", now()) is None
    assert await directory.account(EDITOR) is not None
    await other_tenant.people.remove(editor.id)

    assert await directory.account(EDITOR) is None


async def test_every_change_of_a_person_is_noted(tenant: Tenant) -> None:
    await owner_of(tenant)
    editor = await tenant.people.add(email=EDITOR, name="", role="editor")
    await tenant.people.change_role(editor.id, "viewer")
    await tenant.people.remove(editor.id)
    noted = await tenant.audits.list(limit=10, noun_id=editor.id)
    told = {"email": EDITOR, "name": "", "role": "editor"}

    assert [(one.action, one.before, one.after) for one in noted] == [
        ("delete", told | {"role": "viewer"}, None),
        ("change", told, told | {"role": "viewer"}),
        ("create", None, told),
    ]
    assert {one.actor for one in noted} == {"test"}


async def test_being_signed_in_ends_in_time(
    tenant: Tenant, directory: Directory, accounts: Accounts
) -> None:
    person = await owner_of(tenant)
    await sign_in(accounts, person, tenant)
    found = await directory.signed_in("d", now())

    assert found is not None
    assert (found.user_id, found.email, found.role) == (person.id, OWNER, "owner")
    assert found.organisation == "Default"
    assert await directory.signed_in("d", now() + SOON) is None
    await accounts.stay("d", now() + 2 * SOON)
    assert await directory.signed_in("d", now() + SOON) is not None
    await accounts.sign_out("d")
    assert await directory.signed_in("d", now()) is None


async def test_somebody_is_signed_in_in_a_bounded_number_of_places(
    tenant: Tenant, directory: Directory, accounts: Accounts
) -> None:
    person = await owner_of(tenant)
    for n in range(MOST_SESSIONS + 2):
        await sign_in(accounts, person, tenant, f"d{n}")
    there = [
        n for n in range(MOST_SESSIONS + 2) if await directory.signed_in(f"d{n}", now()) is not None
    ]

    assert there == [*range(2, MOST_SESSIONS + 2)]


async def test_who_chooses_an_organisation_acts_for_it_as_what_they_are_there(
    tenant: Tenant, other_tenant: Tenant, directory: Directory, accounts: Accounts
) -> None:
    person = await owner_of(tenant)
    await sign_in(accounts, person, tenant)
    await accounts.choose("d", other_tenant.organisation_id)
    assert await directory.signed_in("d", now()) is None, "they do not belong to it"

    await other_tenant.people.add(email=OWNER, name="", role="viewer", is_known_elsewhere=True)
    found = await directory.signed_in("d", now())

    assert found is not None
    assert (found.organisation_id, found.role) == (other_tenant.organisation_id, "viewer")


async def test_a_new_password_ends_all_other_places(
    tenant: Tenant, directory: Directory, accounts: Accounts
) -> None:
    person = await owner_of(tenant)
    for digest in ("here", "there"):
        await sign_in(accounts, person, tenant, digest)
    await accounts.set_password(person.id, "hashed", actor=f"person:{person.id}", keep="here")
    account = await directory.account(OWNER)

    assert account is not None
    assert account.password == "hashed"
    assert await directory.signed_in("here", now()) is not None
    assert await directory.signed_in("there", now()) is None
    (noted,) = await tenant.audits.list(limit=1)
    assert (noted.action, noted.actor) == ("change password", f"person:{person.id}")
    assert "hashed" not in repr(noted)


async def test_a_token_lets_somebody_choose_a_password_once(
    tenant: Tenant, directory: Directory, accounts: Accounts
) -> None:
    person = await owner_of(tenant)
    await sign_in(accounts, person, tenant)
    await tenant.people.let_choose_password(person.id, "old", now() + SOON)
    await tenant.people.let_choose_password(person.id, "token", now() + SOON)

    assert await accounts.use_token("old", "stolen") is None, "only the last one is good"
    assert await accounts.use_token("token", "hashed") == OWNER
    assert await accounts.use_token("token", "again") is None
    account = await directory.account(OWNER)
    assert account is not None
    assert account.password == "hashed"
    assert await directory.signed_in("d", now()) is None


async def test_a_token_is_good_for_a_while_only(tenant: Tenant, accounts: Accounts) -> None:
    person = await owner_of(tenant)
    await tenant.people.let_choose_password(person.id, "token", now() - SOON)

    assert await accounts.use_token("token", "hashed") is None


async def test_one_organisation_gives_no_token_for_somebody_of_another_one_too(
    tenant: Tenant, other_tenant: Tenant
) -> None:
    person = await owner_of(tenant)
    await other_tenant.people.add(email=OWNER, name="", role="viewer", is_known_elsewhere=True)

    with pytest.raises(NotOnlyHere):
        await other_tenant.people.let_choose_password(person.id, "token", now() + SOON)


async def test_a_password_is_hashed_anew_only_while_it_is_the_same(
    tenant: Tenant, directory: Directory, accounts: Accounts
) -> None:
    person = await owner_of(tenant)
    await accounts.set_password(person.id, "weak", actor="test")
    await accounts.rehash(person.id, old="weak", new="strong")
    await accounts.rehash(person.id, old="weak", new="late")
    account = await directory.account_of(person.id)

    assert account is not None
    assert account.password == "strong"


async def test_the_first_organisation_is_the_one_of_the_settings(
    store: Store, tenant: Tenant, accounts: Accounts
) -> None:
    first, is_default = await accounts.found(name="First", email=OWNER, password="hashed")
    second, is_second_default = await accounts.found(name="Second", email=OWNER, password=None)

    assert (first, is_default, is_second_default) == (DEFAULT_ORGANISATION, True, False)
    assert await accounts.organisations() == [(first, "First", 1), (second, "Second", 1)]
    (owner,) = await tenant.people.list()
    assert (owner.role, owner.has_password) == ("owner", True)
    assert (await store.tenant(second).people.list())[0].id == owner.id


async def test_an_organisation_keeps_settings_and_sealed_secrets(
    tenant: Tenant, other_tenant: Tenant
) -> None:
    await tenant.organisation.change(
        name="Harbour",
        settings={"client_lookup_url": "https://crm.example"},
        secrets={"lookup": "s1"},
    )
    await tenant.organisation.change(settings={"retention_days": 30, "client_lookup_url": None})
    kept = await tenant.organisation.get()

    assert (kept.name, kept.settings, kept.secrets) == (
        "Harbour",
        OrganisationSettings(retention_days=30),
        {"lookup": "s1"},
    )
    other = await other_tenant.organisation.get()
    assert (other.name, other.settings, other.secrets) == ("Another", OrganisationSettings(), {})


async def test_the_log_says_which_secret_is_new_and_never_what_it_is(tenant: Tenant) -> None:
    await tenant.organisation.change(secrets={"lookup": "sealed-1", "webhook": "sealed-2"})
    await tenant.organisation.change(secrets={"lookup": "sealed-3"})
    newest, first = await tenant.audits.list(limit=10, noun="organisation")

    assert first.after["new_secrets"] == ["lookup", "webhook"]
    assert newest.after["new_secrets"] == ["lookup"]
    assert newest.after["secrets"] == ["lookup", "webhook"]
    assert "sealed" not in repr((newest, first))


async def test_an_organisation_that_is_not_there_is_an_error(store: Store) -> None:
    with pytest.raises(LookupError):
        await store.tenant(new_id()).organisation.get()


async def test_the_audit_log_is_read_in_pages_the_newest_first(
    tenant: Tenant, other_tenant: Tenant
) -> None:
    people = [
        await tenant.people.add(email=f"{n}@example.com", name="", role="viewer") for n in range(5)
    ]
    await owner_of(other_tenant, "owner@other.example")
    first = await tenant.audits.list(limit=3)
    rest = await tenant.audits.list(limit=3, before=first[-1].id)

    assert [one.noun_id for one in (*first, *rest)] == [one.id for one in reversed(people)]
    assert await tenant.audits.list(limit=3, actor="nobody") == []


async def test_a_token_of_one_organisation_opens_no_other_that_somebody_comes_to_belong_to(
    tenant: Tenant, other_tenant: Tenant, directory: Directory
) -> None:
    person = await owner_of(tenant)
    await tenant.people.let_choose_password(person.id, "token", now() + SOON)

    await other_tenant.people.add(email=OWNER, name="", role="owner", is_known_elsewhere=True)

    assert await directory.account_by_token("token", now()) is None
