"""A server keeps what its calls need while they go on, and leaves them to others at its end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from app.keys import CALLS, KEEPER, NODE
from app.server import build
from app.settings import Settings
from tests.checkpoint.conftest import Table
from tests.server.conftest import Server, agent_application, serving_on_loopback
from tests.server.jambonz import Jambonz


@asynccontextmanager
async def running(bus: Table, **settings: Any) -> AsyncIterator[Server]:
    web_app = build(Settings(port=0, **settings), [agent_application()], bus=bus)
    async with serving_on_loopback(web_app) as server:
        yield server


async def durable(server: Server, call: Jambonz) -> bool:
    return await server.web_app[KEEPER].settled(server.session(call))


async def test_a_call_is_kept_while_it_goes_on_and_forgotten_when_it_ends(bus: Table) -> None:
    async with running(bus) as server:
        call = await server.call()
        other = await server.call()
        key = server.session(call).key
        assert await durable(server, call)
        owner = await bus.owner(key)
        assert owner is not None
        assert owner.node_id == server.web_app[NODE].id

        await call.close()

        assert await durable(server, other)
        while await bus.owner(key) is not None:
            await bus.until(len(bus.batches) + 1)


async def test_a_server_that_is_taken_down_leaves_its_calls_to_others(bus: Table) -> None:
    async with running(bus) as server:
        call = await server.call()
        assert await durable(server, call)
        session = server.session(call)
        server.dialled.clear()  # jambonz stays on the line

    assert await bus.owner(session.key) is not None
    assert not server.web_app[CALLS].runtime.live
    assert await bus.nodes() == []


async def test_a_server_is_ready_while_its_bus_is_away_and_says_so(bus: Table) -> None:
    async with running(bus) as server:
        call = await server.call()
        bus.is_away = True
        assert not await durable(server, call)

        again = await server.call()

        assert again.call_sid in server.calls
        async with aiohttp.ClientSession() as client, client.get(server.url("/readyz")) as ready:
            assert (ready.status, await ready.json()) == (200, {"status": "ready", "bus": "away"})
        bus.is_away = False


async def test_a_server_whose_settings_want_none_keeps_none(bus: Table) -> None:
    async with running(bus, checkpoints=False) as server:
        await server.call()

        assert KEEPER not in server.web_app
    assert not bus.batches
