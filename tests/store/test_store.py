"""The store itself: its two engines, its schema, its transactions and what an organisation sees."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.exc import IntegrityError, StatementError

from app.store import Scope, Store, StoreError, StoreUnavailable, Tenant, new_id, open_store
from app.store.engine import open_engines
from app.store.migrate import is_compared
from app.store.tables import METADATA
from app.store.tables.audit import AUDIT
from tests.services.postgres import Postgres
from tests.store_fixtures import order

NOTE = {"action": "create", "noun": "agent", "noun_id": "1"}


async def notes(tenant: Tenant) -> list[sa.Row[tuple[object, ...]]]:
    async with tenant.scope.reading() as connection:
        return list(await connection.execute(tenant.scope.select(AUDIT).order_by(AUDIT.c.id)))


async def write_note(scope: Scope, after: object = None) -> None:
    async with scope.writing() as connection:
        await scope.audit(connection, **NOTE, after=after)


async def test_an_organisation_sees_its_own_rows_only(tenant: Tenant, other_tenant: Tenant) -> None:
    await write_note(tenant.scope, after={"name": "x"})

    assert [(row.actor, row.before, row.after) for row in await notes(tenant)] == [
        ("test", None, {"name": "x"})
    ]
    assert await notes(other_tenant) == []


async def test_an_organisation_changes_its_own_rows_only(
    tenant: Tenant, other_tenant: Tenant
) -> None:
    await write_note(tenant.scope)
    async with other_tenant.scope.writing() as connection:
        await connection.execute(other_tenant.scope.update(AUDIT).values(actor="thief"))
        await connection.execute(other_tenant.scope.delete(AUDIT))

    assert [row.actor for row in await notes(tenant)] == ["test"]


async def test_a_transaction_that_fails_changes_nothing(tenant: Tenant) -> None:
    async def fail() -> None:
        async with tenant.scope.writing() as connection:
            await tenant.scope.audit(connection, **NOTE)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert await notes(tenant) == []


async def test_a_row_of_an_organisation_that_does_not_exist_is_refused(store: Store) -> None:
    nobody = store.tenant("00000000-0000-4000-8000-00000000dead")
    with pytest.raises(IntegrityError):
        await write_note(nobody.scope)


async def test_times_come_back_as_they_were_in_utc(tenant: Tenant) -> None:
    there = datetime(2026, 3, 29, 2, 30, 0, 123456, tzinfo=timezone(timedelta(hours=5.5)))
    async with tenant.scope.writing() as connection:
        await connection.execute(tenant.scope.insert(AUDIT).values(**NOTE, at=there, actor="x"))
    (row,) = await notes(tenant)

    assert row.at == there
    assert row.at.tzinfo is UTC


async def test_a_time_without_a_zone_is_refused(tenant: Tenant) -> None:
    naive = datetime(2026, 3, 29)
    with pytest.raises(StatementError, match="with its zone"):
        async with tenant.scope.writing() as connection:
            await connection.execute(tenant.scope.insert(AUDIT).values(**NOTE, at=naive, actor="x"))


async def test_a_hundred_writers_at_once_all_get_their_turn(tenant: Tenant) -> None:
    await write_note(tenant.scope, after={"count": 0})

    async def count() -> None:
        async with tenant.scope.writing() as connection:
            query = tenant.scope.select(AUDIT, AUDIT.c.after).with_for_update()
            after = (await connection.execute(query)).scalar_one()
            counted = {"count": after["count"] + 1}
            await connection.execute(tenant.scope.update(AUDIT).values(after=counted))

    await asyncio.gather(*(count() for _ in range(100)))

    assert [row.after for row in await notes(tenant)] == [{"count": 100}]


async def test_who_only_looks_cannot_write(sqlite_store: Store) -> None:
    tenant = sqlite_store.tenant("00000000-0000-4000-8000-000000000001")
    with pytest.raises(StoreUnavailable, match="readonly"):
        async with tenant.scope.reading() as connection:
            await tenant.scope.audit(connection, **NOTE)


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
async def test_several_nodes_may_open_an_empty_store_at_once(
    engine: str, postgres_server: Postgres, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/new.db"
    if engine == "postgresql":
        await order(postgres_server, "CREATE DATABASE empty")
        url = postgres_server.url("empty")
    for store in await asyncio.gather(*(open_store(url) for _ in range(4))):
        await store.close()


async def test_the_migrations_make_what_the_tables_say(store_url: str) -> None:
    def differences(connection: sa.Connection) -> list[object]:
        options = {"include_object": is_compared}
        context = MigrationContext.configure(connection, opts=options)
        return list(compare_metadata(context, METADATA))

    engines = open_engines(store_url)
    async with engines.writer.begin() as connection:
        found = await connection.run_sync(differences)
    await engines.close()

    assert found == []


async def test_a_store_of_a_newer_version_is_refused(store_url: str) -> None:
    engines = open_engines(store_url)
    async with engines.writer.begin() as connection:
        await connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    await engines.close()

    with pytest.raises(StoreError, match="start a newer Cordboard"):
        await open_store(store_url)


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("mysql://localhost/x", "expected sqlite:///"),
        ("nonsense", "expected sqlite:///"),
        ("sqlite://", "would be lost"),
        ("sqlite+pysqlite:///x.db", "expected sqlite:///"),
        ("sqlite:////proc/none/x.db", "cannot keep the store in"),
        ("postgresql://nobody@127.0.0.1:1/x", "does not answer"),
    ],
)
async def test_an_address_that_cannot_be_used_is_explained(url: str, complaint: str) -> None:
    with pytest.raises(StoreError, match=complaint):
        await open_store(url)


async def test_a_store_that_is_away_says_so_and_heals(store: Store, store_url: str) -> None:
    if store.is_sqlite:
        pytest.skip("a file is not away")
    async with store.reading() as connection:
        await connection.execute(sa.text("SELECT 1"))
        name = (await connection.execute(sa.text("SELECT current_database()"))).scalar_one()
    killer = open_engines(store_url.rpartition("/")[0] + "/postgres")
    kill = sa.text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name")

    async def ask_while_it_goes() -> None:
        async with store.writing() as connection:
            async with killer.writer.begin() as other:
                await other.execute(kill, {"name": name})
            await connection.execute(sa.text("SELECT 1"))

    with pytest.raises(StoreUnavailable, match="does not answer"):
        await ask_while_it_goes()
    await killer.close()

    async with store.reading() as connection:
        assert (await connection.execute(sa.text("SELECT 1"))).scalar_one() == 1


@pytest.mark.parametrize(
    ("said", "state"),
    [("sorry, too many clients", "53300"), ("read only", "25006"), ("deadlock", "40P01")],
)
async def test_a_server_that_cannot_do_it_now_is_away_and_no_mistake(
    postgres_url: str, said: str, state: str
) -> None:
    store = await open_store(postgres_url)
    refuse = f"DO $$ BEGIN RAISE EXCEPTION '{said}' USING ERRCODE = '{state}'; END $$"
    with pytest.raises(StoreUnavailable, match=said):
        async with store.writing() as connection:
            await connection.exec_driver_sql(refuse)
    await store.close()


async def test_an_error_of_the_store_names_no_value_that_it_was_given(store: Store) -> None:
    with pytest.raises(IntegrityError) as raised:
        await write_note(Scope(store, new_id(), "settings"), {"number": "+15085551212"})

    assert "INSERT INTO audit" in str(raised.value)
    assert "+15085551212" not in str(raised.value)
