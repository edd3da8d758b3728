"""What a node knows by heart: keys and credentials, while others change them, or none answers."""

import asyncio
import unicodedata
from datetime import datetime, timedelta

import pytest
from structlog.testing import capture_logs

from app.identity import ring as ring_module
from app.identity.passwords import MOST_WAITING, Passwords, TooBusy, complaint
from app.identity.ring import Ring
from app.identity.sessions import Sessions
from app.identity.tokens import digest_of, new_key, prefix_of
from app.store import DEFAULT_ORGANISATION as DEFAULT
from app.store import Store, StoreUnavailable, Tenant, now
from app.store.accounts import Accounts
from app.store.directory import Directory
from app.vault import Vault
from tests.identity.asking import OWNER, cheap_passwords

OLD, NEW = "old" * 12, "new" * 12


async def key_of(tenant: Tenant, expires_at: datetime | None = None) -> str:
    key = new_key()
    await tenant.keys.create(
        name="build",
        digest=digest_of(key),
        prefix=prefix_of(key),
        scopes=["calls:read"],
        expires_at=expires_at,
    )
    return key


class Flaky(Directory):
    """A directory whose store goes away."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.is_away = False
        self.fault: Exception | None = None
        self.asked = asyncio.Semaphore(0)

    async def access_version(self) -> int:
        self.asked.release()
        if self.fault is not None:
            raise self.fault
        if self.is_away:
            raise StoreUnavailable("the store does not answer: gone")
        return await super().access_version()


async def test_keys_are_known_after_a_refresh_and_cost_nothing_while_nothing_changes(
    store: Store, tenant: Tenant, other_tenant: Tenant
) -> None:
    ring = Ring(Directory(store))
    key, other = await key_of(tenant), await key_of(other_tenant)
    assert ring.find_key(key) is None
    await ring.refresh()
    found, foreign = ring.find_key(key), ring.find_key(other)
    before = ring._keys
    await ring.refresh()

    assert found is not None
    assert foreign is not None
    assert found.organisation_id == tenant.organisation_id
    assert foreign.organisation_id == other_tenant.organisation_id
    assert ring._keys is before


async def test_a_key_that_has_expired_opens_nothing(store: Store, tenant: Tenant) -> None:
    ring = Ring(Directory(store))
    over = await key_of(tenant, expires_at=now() - timedelta(seconds=1))
    good = await key_of(tenant, expires_at=now() + timedelta(hours=1))
    await ring.refresh()

    assert ring.find_key(over) is None
    assert ring.find_key(good) is not None


async def test_a_scope_that_is_no_more_is_not_given(store: Store, tenant: Tenant) -> None:
    key = new_key()
    await tenant.keys.create(
        name="x", digest=digest_of(key), prefix="", scopes=["calls:read", "of:the-past"]
    )
    ring = Ring(Directory(store))
    await ring.refresh()
    found = ring.find_key(key)

    assert found is not None
    assert found.scopes == {"calls:read"}


async def test_what_is_known_stays_good_while_the_store_is_away(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ring_module, "EVERY", 0.001)
    tenant, directory = sqlite_store.tenant(DEFAULT), Flaky(sqlite_store)
    key, ring = await key_of(tenant), Ring(directory)
    await ring.refresh()
    directory.is_away = True
    with capture_logs() as logs:
        keeper = asyncio.create_task(ring.keep())
        for _ in range(5):
            await directory.asked.acquire()
        assert ring.find_key(key) is not None
        directory.is_away = False
        later = await key_of(tenant)
        while ring.find_key(later) is None:
            await directory.asked.acquire()
            await asyncio.sleep(0)
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)  # before the store is closed

    assert [line["event"] for line in logs] == ["keys_not_refreshed"], "told once"


async def test_cookies_of_an_older_key_are_good_while_it_is_there(sqlite_store: Store) -> None:
    tenant, directory = sqlite_store.tenant(DEFAULT), Directory(sqlite_store)
    person = await tenant.people.add(email=OWNER, name="", role="owner")

    def sessions(*keys: str) -> Sessions:
        return Sessions(directory, Accounts(sqlite_store), Vault(keys))

    cookie, signed_in = await sessions(OLD).open(person.id, DEFAULT)
    token = sessions(OLD).forgery_token(signed_in)

    assert await sessions(NEW, OLD).find(cookie) == signed_in
    assert sessions(NEW, OLD).is_forgery_token(signed_in, token)
    assert not sessions(NEW).is_forgery_token(signed_in, token)
    assert await sessions(NEW).find(cookie) is None


async def test_a_cookie_that_is_signed_but_no_token_is_not_looked_for(sqlite_store: Store) -> None:
    sessions = Sessions(Directory(sqlite_store), Accounts(sqlite_store), Vault([OLD]))
    signed = sessions._signer.sign(b"short").decode()

    assert await sessions.find(signed) is None


async def test_who_would_wait_too_long_for_a_password_is_told_so() -> None:
    passwords = cheap_passwords()
    async with passwords._turns, passwords._turns:
        waiting = [asyncio.create_task(passwords.hash("x")) for _ in range(MOST_WAITING)]
        await asyncio.sleep(0)
        with pytest.raises(TooBusy):
            await passwords.check("x", None)
    hashed = await asyncio.gather(*waiting)

    assert len(set(hashed)) == MOST_WAITING
    assert await passwords.check("x", hashed[0])
    assert not await passwords.check("y", hashed[0])


async def test_a_hash_that_is_none_and_nobody_s_hash_are_both_wrong() -> None:
    passwords = cheap_passwords()

    assert not await passwords.check("nobody has this password", None)
    assert not await passwords.check("x", "no hash")


async def test_a_weaker_hash_is_to_be_made_anew() -> None:
    weak = await cheap_passwords().hash("x")

    assert Passwords().is_outdated(weak)
    assert not cheap_passwords().is_outdated(weak)


@pytest.mark.parametrize("typed", ["pässwort", "pa\u0308sswort", "\udcff"])
async def test_the_same_letters_are_the_same_password(typed: str) -> None:
    passwords = cheap_passwords()
    hashed = await passwords.hash(unicodedata.normalize("NFC", typed))

    assert await passwords.check(typed, hashed)
    assert not await passwords.check(typed + "x", hashed)


@pytest.mark.parametrize(
    ("password", "wrong"),
    [
        ("x" * 11, "12 to 256"),
        ("abc" * 90, "12 to 256"),
        ("ababababab ab", "again and again"),
        (OWNER.upper(), "else than the address"),
    ],
)
def test_a_password_that_is_easily_guessed_is_refused(password: str, wrong: str) -> None:
    assert wrong in (complaint(password, OWNER) or "")
    assert complaint("correct horse battery", OWNER) is None


async def test_the_ring_is_kept_although_something_odd_happens_to_it(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ring_module, "EVERY", 0.001)
    tenant, directory = sqlite_store.tenant(DEFAULT), Flaky(sqlite_store)
    directory.fault = ValueError("nobody thought of this")
    ring = Ring(directory)
    with capture_logs() as logs:
        keeper = asyncio.create_task(ring.keep())
        async with asyncio.timeout(10):
            await directory.asked.acquire()
            await directory.asked.acquire()
            directory.fault = None
            key = await key_of(tenant)
            while ring.find_key(key) is None:
                await directory.asked.acquire()
                await asyncio.sleep(0)
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)

    assert {one["event"] for one in logs} == {"keys_not_refreshed"}
