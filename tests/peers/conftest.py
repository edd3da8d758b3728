"""Nodes that share a bus, each with a public and a private port of its own."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from pydantic import SecretStr

from app.application import Application
from app.bus import BusUnavailable, MemoryBus, Node, Owner
from app.keys import KEEPER, NODE, PEERS
from app.peers import Pass
from app.server import build
from app.settings import Settings
from app.store import Store
from tests.server.conftest import KEY, Server, agent_application, serving_on_loopback
from tests.server.jambonz import Jambonz

SECRET = "a key that all nodes of this cluster share"
APPLICATION = "/call"


class BrokenBus(MemoryBus):
    """A bus that may be taken away."""

    is_away = False

    async def owner(self, key: str) -> Owner | None:
        self._check()
        return await super().owner(key)

    async def nodes(self) -> list[Node]:
        self._check()
        return await super().nodes()

    def _check(self) -> None:
        if self.is_away:
            raise BusUnavailable("taken away by the test")


@dataclass
class Member:
    """A node of the cluster under test."""

    server: Server
    bus: BrokenBus
    stop: Callable[[], Awaitable[None]]

    @property
    def id(self) -> str:
        return self.server.web_app[NODE].id

    @property
    def node(self) -> Node:
        here = self.server.web_app[NODE]
        return Node(here.id, here.address, 0, is_draining=False, started=here.started)

    def private(self, path: str) -> str:
        return self.server.web_app[NODE].address + path

    def pass_for(self, other: "Member", method: str, path: str, given: Pass | None = None) -> Any:
        """The header by which this node asks another one."""
        passes = self.server.web_app[PEERS].passes
        text = passes.write(given or Pass(), node_id=other.id, method=method, path=path)
        return {"Cordboard-Pass": text}

    async def call(self, path: str = APPLICATION, **data: Any) -> Jambonz:
        """A call that this node has answered, and of which the bus knows."""
        call = await self.server.call(path, **data)
        await self.claim(call)
        return call

    async def claim(self, call: Jambonz) -> None:
        """Let the bus know that this node has a call."""
        assert await self.server.web_app[KEEPER].settled(self.server.session(call))

    async def die(self) -> None:
        """Be gone without a word: the others still think that it is there."""
        self.server.calls.runtime.keeper = None  # nobody hears how its calls end
        await self.stop()
        await self.bus.renew(self.node)

    async def rest(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        return await self.server.rest(method, path, **options)

    def stream(self, path: str, **headers: str) -> Any:
        """Begin to read a stream."""
        given = {"Authorization": f"Bearer {KEY}", **headers}
        timeout = aiohttp.ClientTimeout(total=None, sock_read=5)
        return self.server.client.get(self.server.url(path), headers=given, timeout=timeout)


Join = Callable[..., Awaitable[Member]]


@asynccontextmanager
async def member(
    bus: BrokenBus,
    *applications: Application[Any, Any],
    store: Store | None = None,
    shared_port: int | None = None,
    **given: Any,
) -> AsyncIterator[Member]:
    """Start a node and let it join."""
    keys = {"api_keys": (SecretStr(KEY),), "secret_key": (SecretStr(SECRET),), "worker": "one"}
    settings = Settings(**{**keys, **given})
    web_app = build(
        settings, [*applications] or [agent_application(APPLICATION)], store=store, bus=bus
    )
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(
            serving_on_loopback(web_app, shared_port=shared_port)
        )
        made = Member(server, bus, stack.aclose)
        await bus.renew(made.node)
        yield made


@pytest.fixture
def bus() -> BrokenBus:
    return BrokenBus()


@pytest.fixture
async def join(bus: BrokenBus) -> AsyncIterator[Join]:
    """Start one node after another."""

    async def join(*applications: Application[Any, Any], **given: Any) -> Member:
        return await stack.enter_async_context(member(bus, *applications, **given))

    async with AsyncExitStack() as stack:
        yield join
