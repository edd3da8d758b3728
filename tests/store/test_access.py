"""Keys and credentials, and how other nodes hear of them; on both engines."""

import asyncio
from datetime import timedelta

import pytest

from app.store import Store, Tenant, now
from app.store.access import ApiKey, UserNameTaken, WsCredential
from app.store.directory import Directory


@pytest.fixture
def directory(store: Store) -> Directory:
    return Directory(store)


async def key_of(tenant: Tenant, digest: str = "d1") -> ApiKey:
    return await tenant.keys.create(
        name="build", digest=digest, prefix="cbk_123456", scopes=["calls:read"]
    )


async def credential_of(tenant: Tenant, user_name: str = "harbour") -> WsCredential:
    return await tenant.credentials.create(
        name="portal", user_name=user_name, digest="d", account_sids=["a"]
    )


async def test_a_key_belongs_to_one_organisation(tenant: Tenant, other_tenant: Tenant) -> None:
    key = await key_of(tenant)

    assert await tenant.keys.list() == [key]
    assert await tenant.keys.get(key.id) == key
    assert key.created_by == "test"
    assert await other_tenant.keys.list() == []
    assert await other_tenant.keys.get(key.id) is None
    assert await other_tenant.keys.change(key.id, {"name": "stolen"}) is None
    assert await other_tenant.keys.delete(key.id) is None
    assert await tenant.keys.get(key.id) == key


async def test_a_key_is_changed_and_taken_away_and_both_are_noted(tenant: Tenant) -> None:
    key = await key_of(tenant)
    until = now() + timedelta(days=1)
    changed = await tenant.keys.change(key.id, {"name": "deploy", "expires_at": until})

    assert changed is not None
    assert (changed.name, changed.expires_at, changed.scopes) == ("deploy", until, ["calls:read"])
    assert await tenant.keys.delete(key.id) == changed
    assert await tenant.keys.get(key.id) is None
    noted = await tenant.audits.list(limit=10, noun="key")
    assert [one.action for one in noted] == ["delete", "change", "create"]
    assert noted[1].after["expires_at"] == until.isoformat()
    assert "digest" not in repr(noted)


async def test_a_credential_belongs_to_one_organisation(
    tenant: Tenant, other_tenant: Tenant
) -> None:
    credential = await credential_of(tenant)
    changed = await tenant.credentials.change(credential.id, {"account_sids": ["a", "b"]})

    assert changed is not None
    assert changed.account_sids == ["a", "b"]
    assert await other_tenant.credentials.get(credential.id) is None
    assert await other_tenant.credentials.change(credential.id, {"account_sids": []}) is None
    assert await other_tenant.credentials.delete(credential.id) is None
    assert await tenant.credentials.list() == [changed]


async def test_a_user_name_is_given_once_over_all_organisations(
    tenant: Tenant, other_tenant: Tenant
) -> None:
    await credential_of(tenant)

    for one in (tenant, other_tenant):
        with pytest.raises(UserNameTaken):
            await credential_of(one)
    await credential_of(other_tenant, "pier")


async def test_other_nodes_hear_of_every_change(
    tenant: Tenant, other_tenant: Tenant, directory: Directory
) -> None:
    versions = [await directory.access_version()]
    key, credential = await key_of(tenant), await credential_of(other_tenant)
    versions.append(await directory.access_version())
    await tenant.keys.change(key.id, {"name": "deploy"})
    versions.append(await directory.access_version())
    await other_tenant.credentials.delete(credential.id)
    versions.append(await directory.access_version())

    assert versions == sorted(set(versions))
    keys, credentials = await directory.access()
    assert ([one.name for one in keys], credentials) == (["deploy"], [])


async def test_changes_at_the_same_moment_are_all_counted(
    tenant: Tenant, directory: Directory
) -> None:
    await asyncio.gather(*(key_of(tenant, f"d{n}") for n in range(10)))

    assert await directory.access_version() == 10
    assert len((await directory.access())[0]) == 10
