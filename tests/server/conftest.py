"""A running server, and a call next to the one under test that has to stay unharmed."""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
from aiohttp import web
from pydantic import SecretStr

from app import Agent, Application, Session, discover, logs, tool
from app.calls import Calls
from app.keys import CALLS, FEED, SETTINGS
from app.lines import QUICK
from app.server import build
from app.server.build import limits_of, tls_context
from app.server.lookout import LOOKOUT
from app.server.site import Site
from app.server.socket import ControlSocket
from app.session import Limits, Runtime
from app.settings import Settings
from tests.logging_state import logging_as_before  # noqa: F401
from tests.server.jambonz import CALLEE, CALLER, LIMIT, MAX_FRAME, SUBPROTOCOL, Jambonz

KEY = "key-for-tests"
AGENT: dict[str, Any] = {
    "llm": "openai:gpt-4.1-mini",
    "stt": "deepgram:nova-3-general",
    "tts": "cartesia:x",
    "instructions": "PRIVATE PROMPT",
}
# Lines that are written before it is known which call they are about.
WITHOUT_CALL = {"upgrade_refused", "no_first_message", "draining", "rest_request", "rest_refused"}


@tool
async def ping() -> str:
    """Ping."""
    return "pong"


def answering(reply: Callable[[], Any], path: str = "/call") -> Application[Any, Any]:
    """An application that answers each call with what ``reply`` makes."""
    made: Application[Any, Any] = Application(path)

    @made.session_new
    async def answer(session: Session) -> Any:
        return reply()

    return made


def agent_application(path: str = "/call", **options: Any) -> Application[Any, Any]:
    """An application whose calls run an agent with the tool ``ping``."""
    return answering(lambda: Agent(**AGENT, **{"tools": [ping], **options}), path)


class Logbook(io.StringIO):
    """The log as it is rendered, JSON line by JSON line."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[dict[str, Any]] = []
        self.without_call = set(WITHOUT_CALL)
        self.expected_library_errors = 0
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()

    def write(self, text: str) -> int:
        self.lines += [orjson.loads(line) for line in text.splitlines()]
        self._loop.call_soon_threadsafe(self._news.set)
        return super().write(text)

    async def line(self, event: str, **fields: Any) -> dict[str, Any]:
        """Wait for a line about ``event`` with these fields."""
        async with asyncio.timeout(LIMIT):
            while not (found := self.about(event, **fields)):
                self._news.clear()
                await self._news.wait()
        return found[0]

    def about(self, event: str, **fields: Any) -> list[dict[str, Any]]:
        QUICK.flush()
        return [
            one for one in self.lines if one["event"] == event and fields.items() <= one.items()
        ]

    def check(self) -> None:
        """What holds for every line of every test here."""
        QUICK.use(None)
        for secret in (CALLER[1:], CALLEE[1:], "PRIVATE"):
            assert secret not in self.getvalue(), "personal data in the log"
        for line in self.lines:
            if line["event"] not in self.without_call:
                ids = [line.get(name) for name in ("call_sid", "account_sid", "trace_id")]
                assert all(ids), f"a line without its call: {line}"


@pytest.fixture
async def logbook(request: pytest.FixtureRequest) -> AsyncIterator[Logbook]:
    """The rendered log, with the settings as they are by default; checked when the test ends."""
    request.getfixturevalue("logging_as_before")
    book = Logbook()
    logs.configure(Settings(log_format="json"), stream=book)
    yield book
    book.check()


@dataclass
class Server:
    """A running server."""

    host: str
    port: int
    web_app: web.Application
    client: aiohttp.ClientSession
    tls: Any = None
    dialled: list[Jambonz] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        return self.web_app[SETTINGS]

    @property
    def sockets(self) -> set[ControlSocket]:
        return self.web_app[LOOKOUT].sockets

    @property
    def credentials(self) -> dict[str, str]:
        settings = self.settings
        if settings.ws_user is None or settings.ws_password is None:
            return {}
        password = settings.ws_password.get_secret_value()
        return {"Authorization": aiohttp.encode_basic_auth(settings.ws_user, password, "utf-8")}

    @property
    def calls(self) -> Calls:
        return self.web_app[CALLS]

    def url(self, path: str) -> str:
        return f"{'https' if self.tls else 'http'}://{self.host}:{self.port}{path}"

    async def dial(self, path: str = "/call", call_sid: str | None = None) -> Jambonz:
        """Open a control socket as jambonz does."""
        ws = await self.client.ws_connect(
            self.url(path),
            protocols=(SUBPROTOCOL,),
            max_msg_size=MAX_FRAME + 1,  # aiohttp refuses what is as large as its limit
            compress=15,
            headers=self.credentials,
            ssl=self.tls or True,
        )
        assert ws.protocol == SUBPROTOCOL
        self.dialled.append(Jambonz(ws, call_sid))
        return self.dialled[-1]

    async def call(self, path: str = "/call", **data: Any) -> Jambonz:
        """A call that has been answered."""
        call = await self.dial(path)
        await call.open(**data)
        return call

    def session(self, call: Jambonz) -> Session:
        session = self.calls.get(call.call_sid)
        assert session is not None
        return session

    async def until_live(self, call_sid: str) -> None:
        """Wait until a session has begun."""
        async with asyncio.timeout(LIMIT), self.web_app[FEED].watch(call_sid) as watch:
            async for entry in watch:
                if entry.kind == "session":
                    return

    async def rest(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {KEY}"}
        request = self.client.request(method, self.url(path), headers=headers, **options)
        async with request as response:
            return response.status, await response.json()


@asynccontextmanager
async def running(
    applications: Sequence[Application[Any, Any]],
    settings: Settings,
    limits: Limits,
    tls: Any,
    *,
    is_direct: bool,
) -> AsyncIterator[Server]:
    web_app = build(settings, applications, calls=Calls(Runtime(limits=limits)))
    async with serving_on_loopback(web_app, tls, is_direct=is_direct) as server:
        yield server


@asynccontextmanager
async def serving_on_loopback(
    web_app: web.Application,
    tls: Any = None,
    *,
    is_direct: bool = True,
    shared_port: int | None = None,
) -> AsyncIterator[Server]:
    settings = web_app[SETTINGS]
    runner = web.AppRunner(web_app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    async with aiohttp.ClientSession() as client:
        try:
            tls_given = tls_context(settings)
            await Site(
                runner,
                "127.0.0.1",
                shared_port or 0,
                ssl_context=tls_given,
                is_direct=is_direct,
                is_shared=shared_port is not None,
            ).start()
            host, port = runner.addresses[0][:2]
            server = Server(host, port, web_app, client, tls)
            yield server
            for call in server.dialled:
                await call.close()
        finally:
            await runner.cleanup()


@asynccontextmanager
async def running_folder(
    folder: Path, *parts: Callable[[web.Application], object]
) -> AsyncIterator[Server]:
    """A server of a project folder, with more parts, as ``cordboard serve`` wires them."""
    web_app = build(Settings(folder=folder), discover(folder))
    for part in parts:
        part(web_app)
    async with serving_on_loopback(web_app) as server:
        yield server


Start = Callable[..., Awaitable[Server]]


@pytest.fixture(params=["direct", "aiohttp"])
def route(request: pytest.FixtureRequest) -> str:
    """By which of the two routes calls come."""
    return str(request.param)


@pytest.fixture
async def start(logbook: Logbook, route: str) -> AsyncIterator[Start]:
    """Start a server. Another call begins on it, and is still answered when the test ends."""
    bystanders: list[Jambonz] = []

    async def start(
        *applications: Application[Any, Any],
        limits: dict[str, Any] | None = None,
        tls: Any = None,
        **given: Any,
    ) -> Server:
        settings = Settings(**{"api_keys": (SecretStr(KEY),), **given})
        server = await stack.enter_async_context(
            running(
                [agent_application("/bystander"), *applications],
                settings,
                replace(limits_of(settings), **(limits or {})),
                tls,
                is_direct=route == "direct",
            )
        )
        bystanders.append(await server.call("/bystander"))
        return server

    async with AsyncExitStack() as stack:
        yield start
        for bystander in bystanders:
            assert await bystander.tool_call("ping") == {"result": "pong"}
