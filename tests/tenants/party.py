"""One organisation: how it asks, what it has, and all that is known of that."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import orjson
import sqlalchemy as sa

from app.feed import Feed
from app.keys import FEED, IDENTITY, KEEPER, RECORDER
from app.store import Store, Tenant
from app.store.tables import METADATA
from tests.server.conftest import Server
from tests.server.jambonz import SUBPROTOCOL, Jambonz
from tests.server.organisations import basic
from tests.tenants.filling import Filled

# Ids, and moments.
NEW = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT[\d:.]+Z")


PASSING = {"seen_at", "checkpoint"}
"""What a node writes down anew of a live call though nothing has happened in it."""


@dataclass
class Answer:
    """What somebody was told."""

    status: int
    headers: dict[str, str]
    text: str

    def without(self, ids: Mapping[str, str]) -> "Answer":
        """The same, with the names of the ids in their place, and none of what is new each time."""

        def plain(text: str) -> str:
            for name, value in ids.items():
                text = text.replace(value, f"<{name}>")
            return NEW.sub("…", text)

        headers = {name: plain(value) for name, value in self.headers.items()}
        return Answer(self.status, headers, plain(self.text))


@dataclass
class Party:
    """One organisation.

    Attributes:
        onlooker: Looks into the store past all that is tested.
        desk: The server that it asks, where that is another one than has its call.
        ids: What it has, by kind: another one that names it is to find nothing.
        common: In place of some of these: what is there for everybody, or only good for itself.
    """

    name: str
    organisation_id: str
    owner_id: str
    server: Server
    store: Store
    onlooker: sa.Engine
    call: Jambonz = None  # type: ignore[assignment]  # comes soon
    ids: dict[str, str] = field(default_factory=dict)
    common: dict[str, str] = field(default_factory=dict)
    desk: Server | None = None

    @property
    def asked(self) -> Server:
        """The server that it asks."""
        return self.desk or self.server

    @property
    def all_ids(self) -> dict[str, str]:
        """What it can ask about itself."""
        return {**self.ids, **self.common}

    @property
    def tenant(self) -> Tenant:
        """All that it has in the store."""
        return self.store.tenant(self.organisation_id, "test")

    @property
    def key(self) -> str:
        """A key of its own, for live calls."""
        return f"cbk_key-of-{self.name}"

    async def person(self, person_id: str = "") -> dict[str, str]:
        """The headers of its owner, or of another person, who signs in anew."""
        sessions = self.server.web_app[IDENTITY].sessions
        cookie, signed_in = await sessions.open(person_id or self.owner_id, self.organisation_id)
        token = sessions.forgery_token(signed_in)
        return {"Cookie": f"cordboard-session={cookie}", "X-CSRF-Token": token}

    async def ask(self, asked: Filled, headers: Mapping[str, str] | None = None) -> Answer:
        """Ask over REST, as the owner if not by these headers; a stream is only begun."""
        who = await self.person() if headers is None else headers
        headers = {**who, **asked.headers}
        data = None if asked.data is None else BytesIO(asked.data)
        url, client = self.asked.url(asked.path), self.server.client
        async with client.request(asked.method, url, data=data, headers=headers) as answer:
            is_stream = answer.content_type == "text/event-stream"
            text = (await answer.content.readany()).decode() if is_stream else await answer.text()
            kept = {
                name: value
                for name, value in answer.headers.items()
                if name not in ("Date", "X-Request-ID", "Content-Length", "Set-Cookie")
            }
            return Answer(answer.status, kept, text)

    async def use(self, tool_name: str, arguments: Mapping[str, Any], key: str = "") -> Answer:
        """Use a tool over MCP."""
        params = {"name": tool_name, "arguments": dict(arguments)}
        asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
        accept = "application/json, text/event-stream"
        headers = {"Authorization": f"Bearer {key or self.key}", "Accept": accept}
        url = self.asked.url("/mcp")
        async with self.server.client.post(url, json=asked, headers=headers) as answer:
            lines = (await answer.text()).splitlines()
        (told,) = [line for line in lines if line.startswith(("data: {", "{"))][-1:]
        result = orjson.loads(told.removeprefix("data: "))["result"]
        return Answer(500 if result.get("isError") else 200, {}, orjson.dumps(result).decode())

    async def dial(self, path: str = "/shared", call_sid: str | None = None) -> Jambonz:
        """Open a control socket."""
        ws = await self.server.client.ws_connect(
            self.server.url(path), protocols=(SUBPROTOCOL,), headers=basic(self.name)
        )
        self.server.dialled.append(Jambonz(ws, call_sid))
        return self.server.dialled[-1]

    async def ring(self, number: str) -> Jambonz:
        """A call from this number that goes on."""
        call = await self.dial("/own" if self.name == "default" else "/shared")
        about = {"account_sid": f"account-of-{self.name}", "caller_name": f"Caller of {self.name}"}
        await call.open(**about, **{"from": number})
        await call.tool_call("price", {"item": f"secret of {self.name}"})
        await call.event("turn_end", transcript=f"secret of {self.name}", response="Much.")
        await call.tool_call("price", {"item": "nothing"})  # by then that event was heard
        return call

    def rows(self, *, without: Collection[str] = ()) -> dict[str, list[Any]]:
        """All that stands in the store of it, table by table."""
        found = {}
        with self.onlooker.connect() as connection:
            for table in METADATA.sorted_tables:
                mine = owned(table, self.organisation_id)
                if mine is not None and table.name not in without:
                    kept = [column for column in table.columns if column.name not in PASSING]
                    query = sa.select(*kept).where(mine).order_by(*table.primary_key.columns)
                    found[table.name] = [tuple(row) for row in connection.execute(query)]
        return found

    def empty_tables(self) -> set[str]:
        """The tables in which it has nothing."""
        return {name for name, rows in self.rows().items() if not rows}

    async def picture(self, *, without: Collection[str] = ()) -> dict[str, Any]:
        """All that the organisation has, and all that was told to it; but for some tables."""
        web_app = self.server.web_app
        calls = [*self.server.calls.within(self.organisation_id)]
        for one in calls:
            assert await web_app[RECORDER].settle(one.key)
            assert await web_app[KEEPER].settled(one)
        return {
            "live": {one.call_sid: (id(one), one.snapshot()) for one in calls},
            "feed": entries(web_app[FEED], [one.key for one in calls]),
            "frames": [*self.call.frames],
            "is_over": self.call.is_over,
            "rows": self.rows(without=without),
        }


Parties = dict[str, Party]
"""The organisations of a node by their names."""


def entries(feed: Feed, keys: list[str]) -> dict[str, Any]:
    """What watchers of some calls are told."""
    told: dict[str, Any] = {}
    for key in keys:
        watch = feed.watch(key)
        told[key] = list(iter(watch.take, None))
        watch.close()
    return told


def owned(table: sa.Table, organisation_id: str) -> sa.ColumnElement[bool] | None:
    """Which rows of a table are an organisation's."""
    members = METADATA.tables["memberships"].c
    people = sa.select(members.user_id).where(members.organisation_id == organisation_id)
    columns = table.c
    if table.name == "organisations":
        return columns.id == organisation_id
    if table.name == "users":
        return columns.id.in_(people)
    if "organisation_id" in columns:
        return columns.organisation_id == organisation_id
    if "user_id" in columns:
        return columns.user_id.in_(people)
    return None
