"""Three organisations on one node, each with a live call; and pictures of all that one has."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import sqlalchemy as sa
from aiohttp import web
from pydantic import SecretStr

from app import Agent, Application, Session, Verb, pause, tool
from app import answer as pick_up
from app.bus import Bus, Node, open_bus
from app.identity.tokens import digest_of, new_token
from app.keys import BUS, DELIVERER, FEED, IDENTITY, NODE, OUTWARD, VAULT
from app.organisation import DEFAULT_ORGANISATION, call_key
from app.rest import ACCESS
from app.rest.slowdown import Slowdown
from app.server import build
from app.settings import Settings
from app.store import Store, now, open_store
from app.webhooks import Deliverer
from handlers.stored_agent import stored_agent
from tests.identity.asking import PASSWORD, cheap_passwords
from tests.server.conftest import Server, serving_on_loopback
from tests.server.jambonz import LIMIT
from tests.server.organisations import PASSWORD as WS_PASSWORD
from tests.tenants.party import Party
from tests.tenants.seed import seed
from tests.web_peer import peer

NAMES = ("default", "north", "south")


@tool
async def price(item: str) -> str:
    """What something costs."""
    return "much"


def application(path: str, *, shared: bool) -> Application[Any, Any]:
    made: Application[Any, Any] = Application(path, shared=shared)

    @made.session_new
    async def answer(session: Session) -> Agent:
        return Agent(
            llm="openai:gpt-4.1-mini", stt="deepgram", tts="google", instructions="Be kind.",
            tools=[price], mcp_servers=[session.mcp_server([price])],
        )  # fmt: skip

    return made


quiet = Application("/quiet", shared=True)


@quiet.session_new
async def wait(session: Session) -> list[Verb]:
    return [pick_up(), pause(length=3600)]


@asynccontextmanager
async def opened_store(template: Path, folder: Path) -> AsyncIterator[tuple[Store, sa.Engine]]:
    """A new store in SQLite; that nothing builds a query without its organisation is one code."""
    url = f"sqlite:///{folder / 'cordboard.db'}"
    shutil.copy(template, folder / "cordboard.db")
    store, onlooker = await open_store(url), sa.create_engine(url)
    yield store, onlooker
    onlooker.dispose()
    await store.close()


@asynccontextmanager
async def set_up(store: Store, onlooker: sa.Engine) -> AsyncIterator[dict[str, Party]]:
    """A node with the three organisations, by their names."""
    web_app = node(store, open_bus(None, store))
    async with serving_on_loopback(web_app) as server, AsyncExitStack() as stack:
        web_app[IDENTITY].passwords = cheap_passwords()
        web_app[ACCESS].slowdown = Slowdown(sleep=at_once)
        parties = {name: await found(server, store, onlooker, name) for name in NAMES}
        await web_app[IDENTITY].ring.refresh()
        website = await stack.enter_async_context(peer())
        page = website.on("/hours", "<p>We open at nine.", content_type="text/html")
        for party in parties.values():
            party.ids["page_url"], party.common["page_url"] = "no-page", page
            await settle(party)
            party.ids["twin_call_sid"] = await stack.enter_async_context(twin_call(party))
            await seed(party)
        yield parties


def node(store: Store, bus: Bus) -> web.Application:
    """A node among others, with all applications."""
    settings = Settings(
        api_keys=(SecretStr("key-of-the-node"),),
        secret_key=(SecretStr("a key that all nodes have in common"),),
        rate_limit="100000/second",
        allow_private=("127.0.0.1",),
        worker="1",
    )
    own, shared = application("/own", shared=False), application("/shared", shared=True)
    web_app = build(settings, [own, shared, quiet, stored_agent], store=store, bus=bus)
    web_app[DELIVERER] = Still(store, web_app[OUTWARD], web_app[VAULT])
    return web_app


@asynccontextmanager
async def a_desk_elsewhere(parties: Mapping[str, Party]) -> AsyncIterator[None]:
    """From now on the organisations ask another node than the one that has their calls."""
    server, store = parties["north"].server, parties["north"].store
    bus = server.web_app[BUS]
    async with serving_on_loopback(node(store, bus)) as desk:
        for web_app in (server.web_app, desk.web_app):
            here = web_app[NODE]
            await bus.renew(Node(here.id, here.address, 0, False, here.started))
        for party in parties.values():
            party.desk = desk
        yield
        for party in parties.values():
            party.desk = None


class Still(Deliverer):
    """Sends nothing to anybody, so that what waits for webhooks stays as it is."""

    async def run(self) -> None:
        await asyncio.Event().wait()


async def found(server: Server, store: Store, onlooker: sa.Engine, name: str) -> Party:
    """An organisation with an owner, a key, and a user of control sockets."""
    identity = server.web_app[IDENTITY]
    email, hashed = f"owner@{name}.example", await identity.passwords.hash(PASSWORD)
    organisation_id, _ = await identity.accounts.found(name=name, email=email, password=hashed)
    assert (organisation_id == DEFAULT_ORGANISATION) == (name == "default")
    tenant = store.tenant(organisation_id, "test")
    (owner,) = await tenant.people.list()
    party = Party(name, organisation_id, owner.id, server, store, onlooker)
    await tenant.credentials.create(
        name=f"Credential of {name}", user_name=name, digest=digest_of(WS_PASSWORD), account_sids=[]
    )
    await tenant.keys.create(
        name=f"Key of {name}",
        digest=digest_of(party.key),
        prefix=party.key[:10],
        scopes=["calls:read", "calls:write"],
    )
    party.ids = {"email": email, "organisation_id": organisation_id}
    party.common = {"password": PASSWORD, "password_token": await password_token(party)}
    party.ids |= {"password": "not that", "password_token": "nobody's"}  # who has them is let in
    return party


async def password_token(party: Party) -> str:
    """A token by which somebody may choose a password."""
    token = new_token()
    person = await party.tenant.people.add(
        email=f"viewer@{party.name}.example", name="", role="viewer"
    )
    until = now() + timedelta(hours=1)
    await party.tenant.people.let_choose_password(person.id, digest_of(token), until)
    return token


async def at_once(_seconds: float) -> None:
    """Nobody waits for the slowing of failures."""


async def settle(party: Party) -> None:
    """A call that goes on."""
    path = "/own" if party.name == "default" else "/shared"
    phone = f"+1508555010{NAMES.index(party.name)}"
    party.call = await party.ring(phone)
    account_sid = f"account-of-{party.name}"
    party.ids |= {"call_sid": party.call.call_sid, "account_sid": account_sid, "phone": phone}
    if party.name == "default":
        party.ids["application"] = path
    else:
        party.ids["application"] = f"/nothing-of-{party.name}"  # those in code are the default's
        party.common["application"] = path


@asynccontextmanager
async def twin_call(party: Party) -> AsyncIterator[str]:
    """A twin call of an organisation in which nothing happens any more; its call_sid."""
    server, body = party.server, {"application": "/quiet", "pace": "natural"}
    url, headers = server.url("/v1/twin/calls"), {"Authorization": f"Bearer {party.key}"}
    async with server.client.post(url, json=body, headers=headers) as stream:
        lines = [line async for line in take_until(stream.content, b"data:")]
        call_sid: str = orjson.loads(lines[-1].removeprefix(b"data:"))["call_sid"]
        await until_answered(server, call_key(party.organisation_id, call_sid))
        yield call_sid


async def take_until(content: aiohttp.StreamReader, start: bytes) -> AsyncIterator[bytes]:
    """The lines of a stream up to the first that begins so."""
    async for line in content:
        yield line
        if line.startswith(start):
            return


async def until_answered(server: Server, key: str) -> None:
    """Wait until a call is in progress: then nothing more happens in a quiet one."""
    async with asyncio.timeout(LIMIT), server.web_app[FEED].watch(key) as watch:
        async for entry in watch:
            told = entry.data if isinstance(entry.data, Mapping) else {}
            if told.get("call_status") == "in-progress":
                return
