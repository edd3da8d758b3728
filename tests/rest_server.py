"""The REST API over calls that only pretend: what the tests of `app.rest` stand on."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr

from app import metrics, rest
from app.agent import render
from app.calls import Calls
from app.command import COMMANDS, unknown_command
from app.feed import Feed
from app.keys import CALLS, FEED, SETTINGS, SWITCHBOARD
from app.protocol import AgentUpdate, BadUpdate, parse_update
from app.protocol.commands import encode_command
from app.rest.access import Access
from app.rest.slowdown import Slowdown
from app.server.switchboard import Switchboard
from app.session import CallNotFound, NoAgent, Receipt
from app.settings import Settings
from app.verbs import Render

KEY = "key-of-the-test"
AUTH = {"Authorization": f"Bearer {KEY}"}
CALL = "8f0c6a52-5d0e-4b5e-9b55-0c1b6b0f5d10"
ACCOUNT = "bed525b4-af09-40d2-9fe7-cdf6ae577c69"

Client = TestClient[web.Request, web.Application]


@dataclass
class FakeSession:
    call_sid: str = CALL
    account_sid: str = ACCOUNT
    trace_id: str = "7c1d"
    direction: str = "inbound"
    application: str = "/weather"
    age: float = 10.0
    has_agent: bool = True
    last_turn: dict[str, Any] | None = None

    def snapshot(self) -> dict[str, Any]:
        agent = {"llm": "openai:gpt-4.1-mini", "instructions_length": 40, "tools": ["get_weather"]}
        return {
            "call_sid": self.call_sid,
            "account_sid": self.account_sid,
            "application_sid": "",
            "application": self.application,
            "direction": self.direction,
            "from": "+15085551212",
            "to": "+16175550100",
            "caller_name": "",
            "call_status": "in-progress",
            "trace_id": self.trace_id,
            "started_at": datetime.now(UTC) - timedelta(seconds=self.age),
            "state": "open",
            "agent": agent if self.has_agent else None,
            "turns": 3,
            "tool_calls": 2,
            "interruptions": 1,
            "last_turn": self.last_turn,
        }


@dataclass
class FakeCalls:
    sessions: dict[str, FakeSession] = field(default_factory=dict)
    sent: list[dict[str, Any]] = field(default_factory=list)
    failure: Exception | None = None
    is_queueing: bool = False

    def add(self, session: FakeSession) -> FakeSession:
        self.sessions[session.call_sid] = session
        return session

    def get(self, call_sid: str) -> FakeSession | None:
        return self.sessions.get(call_sid)

    def find_leg(self, call_sid: str) -> FakeSession | None:
        return self.get(call_sid)

    def within(self, _organisation_id: str) -> "FakeCalls":
        return self

    def __iter__(self) -> Iterator[FakeSession]:
        return iter(list(self.sessions.values()))

    def __len__(self) -> int:
        return len(self.sessions)

    async def update_agent(self, call_sid: str, update: AgentUpdate) -> Receipt:
        if not self._find(call_sid).has_agent:
            raise NoAgent(call_sid)
        return self._send(update.type, "agent:update", update.to_wire())

    async def command(
        self,
        call_sid: str,
        name: str,
        data: object = None,
        target: str | None = None,
        *,
        queue: bool | None = None,
    ) -> Receipt:
        self._find(call_sid)
        if name == "agent:update":
            if target not in (None, call_sid):
                raise BadUpdate("call_sid", "not another leg")
            return await self.update_agent(call_sid, parse_update(data))
        warnings = (unknown_command(name),) if name not in COMMANDS else ()
        receipt = self._send(name, name, written(name, data), target, queue)
        return replace(receipt, warnings=warnings)

    async def hangup(self, call_sid: str) -> Receipt:
        self._find(call_sid)
        return self._send("call:status", "call:status", {"call_status": "completed"})

    def _find(self, call_sid: str) -> FakeSession:
        if self.failure is not None:
            raise self.failure
        session = self.sessions.get(call_sid)
        if session is None:
            raise CallNotFound(call_sid)
        return session

    def _send(
        self,
        kind: str,
        name: str,
        data: object,
        target: str | None = None,
        queue: bool | None = None,
    ) -> Receipt:
        frame = encode_command(name, data, call_sid=target, queue=queue)
        receipt = Receipt(kind, (frame,), queued=self.is_queueing)
        self.sent += receipt.sent
        return receipt


def written(name: str, data: object) -> object:
    """The data of a command as a session would check and send it."""
    if name == "redirect" and isinstance(data, list):
        return render(data).verbs
    spec = COMMANDS.get(name)
    return data if spec is None else spec.write(spec.read(data), Render())


@dataclass
class Rest:
    """A running server, a client without a key, and what stands behind."""

    client: Client
    calls: FakeCalls
    feed: Feed
    delays: list[float]
    app: web.Application


@asynccontextmanager
async def serving(*, calls: FakeCalls | None = None, **settings: Any) -> AsyncIterator[Rest]:
    """Serve one call, with one key unless the settings say otherwise."""
    keys = settings.pop("api_keys", (KEY,))
    given = Settings(api_keys=tuple(SecretStr(key) for key in keys), **settings)
    calls = FakeCalls() if calls is None else calls
    feed, delays = Feed(), list[float]()
    calls.add(FakeSession())

    async def sleep(seconds: float) -> None:
        delays.append(seconds)

    app = web.Application()
    app[SETTINGS], app[CALLS], app[FEED] = given, cast(Calls, calls), feed
    app[SWITCHBOARD] = Switchboard()
    rest.setup(app, access=Access(given, slowdown=Slowdown(sleep=sleep)))
    metrics.setup(app)
    async with TestClient(TestServer(app)) as client:
        yield Rest(client, calls, feed, delays, app)
