"""Whoever asks a server: people with cookies, programs with keys."""

from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import aiohttp
from argon2 import PasswordHasher
from pydantic import SecretStr

from app.identity.passwords import Passwords
from app.keys import IDENTITY
from app.organisation import DEFAULT_ORGANISATION
from app.settings import Settings
from app.store import Store
from app.store.accounts import Accounts
from app.testing import API_KEY, Cordboard

OWNER = "owner@example.com"
STRANGER = "owner@other.example"
PASSWORD = "correct horse battery"


def cheap_passwords() -> Passwords:
    """Hashing that tests need not wait for."""
    return Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def settings(**more: Any) -> Settings:
    """Of a server with one key."""
    given = {"port": 0, "api_keys": (SecretStr(API_KEY),), "rate_limit": "100000/second"}
    return Settings(**(given | more))


@dataclass
class Answer:
    """What came back."""

    status: int
    body: Any
    headers: Any

    @property
    def fields(self) -> list[str]:
        """The fields that a problem names."""
        return [one["field"] for one in self.body.get("errors", ())]


@dataclass
class Client:
    """Somebody who asks, with a cookie jar of their own."""

    http: aiohttp.ClientSession
    headers: dict[str, str] = field(default_factory=dict)

    async def ask(self, method: str, path: str, json: Any = None, **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.http.request(
            method, path, json=json, headers=self.headers | named
        ) as response:
            text = await response.text()
            body = await response.json(content_type=None) if text else None
            return Answer(response.status, body, response.headers)

    async def get(self, path: str, **headers: str) -> Answer:
        return await self.ask("GET", path, **headers)

    async def post(self, path: str, json: Any, **headers: str) -> Answer:
        return await self.ask("POST", path, json, **headers)

    async def patch(self, path: str, json: Any, **headers: str) -> Answer:
        return await self.ask("PATCH", path, json, **headers)

    async def put(self, path: str, json: Any, **headers: str) -> Answer:
        return await self.ask("PUT", path, json, **headers)

    async def delete(self, path: str, **headers: str) -> Answer:
        return await self.ask("DELETE", path, **headers)

    async def sign_in(self, email: str = OWNER, password: str = PASSWORD, **more: str) -> Answer:
        """Sign in, and from then on send the token against forgery along."""
        body = {"email": email, "password": password, **more}
        answer = await self.post("/api/session", body)
        if answer.status == 201:
            self.headers["X-CSRF-Token"] = answer.body["csrf_token"]
        return answer

    @property
    def cookie(self) -> str:
        """The cookie that proves it; none while nobody is signed in."""
        return next((one.value for one in self.http.cookie_jar), "")


class Asking:
    """A server, and clients that ask it."""

    def __init__(self, running: Cordboard, store: Store) -> None:
        self.running, self.store = running, store
        self.other_id = ""
        self._clients = AsyncExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._clients.aclose()

    async def found(self) -> None:
        """Two organisations, each with an owner: that of the settings, and another one."""
        accounts, passwords = Accounts(self.store), self.running.app[IDENTITY].passwords
        hashed = await passwords.hash(PASSWORD)
        await accounts.found(name="Harbour", email=OWNER, password=hashed)
        self.other_id, _ = await accounts.found(name="Pier", email=STRANGER, password=hashed)

    async def nobody(self, **headers: str) -> Client:
        """Somebody without anything."""
        jar = aiohttp.CookieJar(unsafe=True)  # cookies of an address, not of a name
        http = aiohttp.ClientSession(self.running.url, cookie_jar=jar)
        return Client(await self._clients.enter_async_context(http), dict(headers))

    async def operator(self) -> Client:
        """Whoever holds the key of the settings."""
        return await self.key(API_KEY)

    async def key(self, key: str) -> Client:
        """A program with a key."""
        return await self.nobody(Authorization=f"Bearer {key}")

    async def person(self, email: str = OWNER) -> Client:
        """Somebody who is signed in."""
        client = await self.nobody()
        answer = await client.sign_in(email)
        assert answer.status == 201, answer.body
        return client

    async def member(self, role: str) -> Client:
        """Somebody who is signed in and has a role in the first organisation."""
        email, identity = f"{role}@example.com", self.running.app[IDENTITY]
        tenant = self.store.tenant(DEFAULT_ORGANISATION, "test")
        person = await tenant.people.add(email=email, name=role, role=role)
        hashed = await identity.passwords.hash(PASSWORD)
        await identity.accounts.set_password(person.id, hashed, actor="test")
        return await self.person(email)
