"""Organisations that dial: a directory of WebSocket users as plain as it can be."""

from dataclasses import dataclass, field
from typing import Any

import aiohttp

from app.keys import WS_USERS
from app.server.credentials import digest_of
from tests.server.conftest import Server
from tests.server.jambonz import MAX_FRAME, SUBPROTOCOL, Jambonz

NORTH = "a2c1f0de-58a1-4b52-9a0f-0d6f6b1d1a01"
SOUTH = "b7d3e9aa-0c44-4f6e-8f8b-2f5a7c9e2b02"
PASSWORD = "pässword of theirs"


@dataclass(frozen=True)
class User:
    organisation_id: str
    account_sids: frozenset[str] = frozenset()
    password: str = PASSWORD

    @property
    def digest(self) -> str:
        return digest_of(self.password.encode())


@dataclass
class Users:
    """The directory of a node, in memory."""

    known: dict[str, User] = field(default_factory=dict)

    def find(self, user: str) -> User | None:
        return self.known.get(user)


USERS = Users(
    {
        "north": User(NORTH),
        "south": User(SOUTH),
        "bound": User(NORTH, frozenset({"account-of-north"})),
    }
)


def basic(user: str, password: str = PASSWORD) -> dict[str, str]:
    return {"Authorization": aiohttp.encode_basic_auth(user, password, "utf-8")}


def with_users(server: Server) -> Server:
    """The same server, once it knows the users."""
    server.web_app[WS_USERS].directory = USERS
    return server


async def dial(
    server: Server, user: str = "", path: str = "/call", call_sid: str | None = None
) -> Jambonz:
    """Open a control socket as an application of this user does; of nobody without one."""
    ws = await server.client.ws_connect(
        server.url(path),
        protocols=(SUBPROTOCOL,),
        max_msg_size=MAX_FRAME + 1,
        headers=basic(user) if user else server.credentials,
    )
    server.dialled.append(Jambonz(ws, call_sid))
    return server.dialled[-1]


async def call(server: Server, user: str = "", path: str = "/call", **data: Any) -> Jambonz:
    """A call that has been answered."""
    made = await dial(server, user, path)
    await made.open(**data)
    return made
