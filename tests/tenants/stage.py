"""Three organisations on one node, each with a live call; and pictures of all that one has."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import aiohttp
import orjson
from aiohttp import web
from pydantic import SecretStr

from app import Agent, Application, Session, Verb, pause, tool
from app import answer as pick_up
from app.feed import Feed
from app.identity import ALL, Principal
from app.keys import FEED, PRINCIPAL, WS_USERS
from app.organisation import DEFAULT_ORGANISATION, call_key
from app.rest import ACCESS, Access, require
from app.server import build
from app.settings import Settings
from tests.server.conftest import Server, serving_on_loopback
from tests.server.jambonz import LIMIT, SUBPROTOCOL, Jambonz
from tests.server.organisations import NORTH, SOUTH, USERS, basic
from tests.tenants.filling import Filled

ORGANISATIONS = {"default": DEFAULT_ORGANISATION, "north": NORTH, "south": SOUTH}


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


@dataclass
class Answer:
    """What somebody was told."""

    status: int
    headers: dict[str, str]
    text: str

    def without(self, ids: Mapping[str, str]) -> "Answer":
        """The same, with the names of the ids in their place."""
        text = re.sub(r'"id":"[0-9a-f-]{32,36}"', '"id":"…"', self.text)
        for name, value in ids.items():
            text = text.replace(value, f"<{name}>")
        return Answer(self.status, self.headers, text)


@dataclass
class Party:
    """One organisation: how it asks, what it has."""

    name: str
    organisation_id: str
    server: Server
    call: Jambonz
    ids: dict[str, str] = field(default_factory=dict)
    common: dict[str, str] = field(default_factory=dict)

    @property
    def all_ids(self) -> dict[str, str]:
        """What it can ask about: its own things, and what is there for all."""
        return {**self.ids, **self.common}

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer key-of-{self.name}"}

    async def ask(self, asked: Filled) -> Answer:
        """Ask over REST; of a stream only its beginning is read."""
        headers = {**self.headers, "Content-Type": "application/json"}
        data = None if asked.body is None else orjson.dumps(asked.body)
        url, client = self.server.url(asked.path), self.server.client
        async with client.request(asked.method, url, data=data, headers=headers) as answer:
            is_stream = answer.content_type == "text/event-stream"
            text = (await answer.content.readany()).decode() if is_stream else await answer.text()
            kept = {
                name: value
                for name, value in answer.headers.items()
                if name not in ("Date", "X-Request-ID", "Content-Length")
            }
            return Answer(answer.status, kept, text)

    async def use(self, tool_name: str, arguments: Mapping[str, Any]) -> Answer:
        """Use a tool over MCP."""
        params = {"name": tool_name, "arguments": dict(arguments)}
        asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
        headers = {**self.headers, "Accept": "application/json, text/event-stream"}
        url = self.server.url("/mcp")
        async with self.server.client.post(url, json=asked, headers=headers) as answer:
            lines = (await answer.text()).splitlines()
        (told,) = [line for line in lines if line.startswith(("data: {", "{"))][-1:]
        result = orjson.loads(told.removeprefix("data: "))["result"]
        return Answer(500 if result.get("isError") else 200, {}, orjson.dumps(result).decode())

    async def dial(self, path: str = "/shared", call_sid: str | None = None) -> Jambonz:
        """Open a control socket."""
        user = {} if self.name == "default" else basic(self.name)
        ws = await self.server.client.ws_connect(
            self.server.url(path), protocols=(SUBPROTOCOL,), headers=user
        )
        self.server.dialled.append(Jambonz(ws, call_sid))
        return self.server.dialled[-1]

    def picture(self) -> dict[str, Any]:
        """All that the organisation has, and all that was told to it."""
        calls = self.server.calls.within(self.organisation_id)
        return {
            "live": {one.call_sid: (id(one), one.snapshot()) for one in calls},
            "feed": entries(self.server.web_app[FEED], [one.key for one in calls]),
            "frames": [*self.call.frames],
            "is_over": self.call.is_over,
        }


def entries(feed: Feed, keys: list[str]) -> dict[str, Any]:
    """What watchers of some calls are told."""
    told: dict[str, Any] = {}
    for key in keys:
        watch = feed.watch(key)
        told[key] = list(iter(watch.take, None))
        watch.close()
    return told


class Door(Access):
    """Lets each organisation in by a key of its own."""

    async def admit(self, request: web.Request, need: Any = "signed in") -> Principal:
        name = request.headers["Authorization"].removeprefix("Bearer key-of-")
        who = Principal(ORGANISATIONS[name], f"key:{name}", "key", name, ALL)
        request[PRINCIPAL] = who
        require(who, need)
        return who


@dataclass
class Stage:
    """The node and who is on it."""

    server: Server
    parties: dict[str, Party] = field(default_factory=dict)


@asynccontextmanager
async def set_up() -> AsyncIterator[Stage]:
    """A node with the three organisations."""
    settings = Settings(api_keys=(SecretStr("key-of-the-node"),), rate_limit="10000/second")
    own, shared = application("/own", shared=False), application("/shared", shared=True)
    web_app = build(settings, [own, shared, quiet])
    web_app[ACCESS] = Door(settings)
    web_app[WS_USERS].directory = USERS
    async with serving_on_loopback(web_app) as server:
        stage = Stage(server)
        async with AsyncExitStack() as stack:
            for name, organisation_id in ORGANISATIONS.items():
                stage.parties[name] = party = await settle(server, name, organisation_id)
                party.ids["twin_call_sid"] = await stack.enter_async_context(twin_call(party))
            yield stage


async def settle(server: Server, name: str, organisation_id: str) -> Party:
    """An organisation with a call that goes on."""
    party = Party(name, organisation_id, server, None)  # type: ignore[arg-type]  # comes next
    path = "/own" if name == "default" else "/shared"
    party.call = await party.dial(path)
    account_sid = f"account-of-{name}"
    await party.call.open(account_sid=account_sid, caller_name=f"Caller of {name}")
    await party.call.tool_call("price", {"item": f"secret of {name}"})
    party.ids = {"call_sid": party.call.call_sid, "account_sid": account_sid}
    if name == "default":
        party.ids["application"] = path
    else:
        party.ids["application"] = f"/nothing-of-{name}"  # applications in code are the default's
        party.common["application"] = path
    return party


@asynccontextmanager
async def twin_call(party: Party) -> AsyncIterator[str]:
    """A twin call of an organisation in which nothing happens any more; its call_sid."""
    server = party.server
    body = {"application": "/quiet", "pace": "natural"}
    url, key = server.url("/v1/twin/calls"), partial(call_key, party.organisation_id)
    async with server.client.post(url, json=body, headers=party.headers) as stream:
        lines = [line async for line in take_until(stream.content, b"data:")]
        call_sid: str = orjson.loads(lines[-1].removeprefix(b"data:"))["call_sid"]
        async with asyncio.timeout(LIMIT), server.web_app[FEED].watch(key(call_sid)) as watch:
            async for entry in watch:
                if entry.kind == "status" and entry.data["call_status"] == "in-progress":  # type: ignore[index]
                    break
        yield call_sid


async def take_until(content: aiohttp.StreamReader, start: bytes) -> AsyncIterator[bytes]:
    """The lines of a stream up to the first that begins so."""
    async for line in content:
        yield line
        if line.startswith(start):
            return
