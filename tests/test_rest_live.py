"""The REST API over real calls: a real server, a real socket, a jambonz of a few lines."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import structlog
from aiohttp import ClientWebSocketResponse
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr

from app.agent import Agent
from app.application import Application
from app.server import build
from app.session import Session
from app.settings import Settings
from app.verbs import pause
from tests.rest_server import ACCOUNT, AUTH, CALL, KEY, Client

AGENT = f"/v1/calls/{CALL}/agent"
EVENTS = f"/v1/calls/{CALL}/events"


@dataclass
class Jambonz:
    """The far end of one call."""

    client: Client
    socket: ClientWebSocketResponse
    acks: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    async def dial(cls, client: Client, path: str) -> "Jambonz":
        jambonz = cls(client, await client.ws_connect(path, protocols=("ws.jambonz.org",)))
        data = {"call_sid": CALL, "account_sid": ACCOUNT, "direction": "inbound", "from": "1"}
        await jambonz.send("session:new", {**data, "to": "2", "call_status": "trying"})
        jambonz.acks.append(await jambonz.receive())
        return jambonz

    async def send(self, kind: str, data: dict[str, Any]) -> None:
        message = {"type": kind, "msgid": f"m-{kind}", "call_sid": CALL, "data": data}
        await self.socket.send_json(message)

    async def receive(self) -> dict[str, Any]:
        message = await self.socket.receive(timeout=5)
        received: dict[str, Any] = json.loads(message.data)
        return received

    async def update(self, body: object, path: str = AGENT) -> tuple[int, dict[str, Any]]:
        response = await self.client.post(path, json=body, headers=AUTH)
        return response.status, await response.json(content_type=None)


with_agent = Application("/agent")
without_agent = Application("/plain")


@with_agent.session_new
async def answer_with_agent(session: Session) -> Agent:
    return Agent(llm="openai:gpt-4.1-mini", stt="deepgram", tts="google", instructions="Be kind.")


@without_agent.session_new
async def answer_without_agent(session: Session) -> Any:
    return [pause(length=10)]


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    settings = Settings(api_keys=(SecretStr(KEY),), ping_interval=1000)
    async with TestClient(TestServer(build(settings, [with_agent, without_agent]))) as client:
        yield client


async def test_an_update_over_rest_reaches_jambonz(client: Client) -> None:
    jambonz = await Jambonz.dial(client, "/agent")
    update = {"type": "update_instructions", "instructions": "You handle billing now."}
    status, receipt = await jambonz.update(update)

    assert status == 202
    received = await jambonz.receive()
    assert received == {"type": "command", "command": "agent:update", "data": update}
    assert receipt["sent"] == [received]


async def test_an_update_in_the_gap_of_a_lost_socket_waits_for_the_next(client: Client) -> None:
    jambonz = await Jambonz.dial(client, "/agent")
    await jambonz.socket.close(code=4000)
    update = {"type": "generate_reply", "interrupt": True}
    status, receipt = await jambonz.update(update)
    assert (status, receipt["queued"]) == (202, True)
    shown = await (await client.get(f"/v1/calls/{CALL}", headers=AUTH)).json()
    assert shown["state"] == "reconnecting"

    jambonz.socket = await client.ws_connect("/agent", protocols=("ws.jambonz.org",))
    await jambonz.send("session:reconnect", {"call_sid": CALL})

    received = [await jambonz.receive(), await jambonz.receive()]
    assert [frame["type"] for frame in received] == ["ack", "command"]
    assert received[1]["data"] == update


async def test_a_call_without_an_agent_refuses_updates_but_takes_commands(client: Client) -> None:
    jambonz = await Jambonz.dial(client, "/plain")
    status, document = await jambonz.update({"type": "generate_reply"})
    assert (status, document["title"]) == (409, "No agent")

    command = {"command": "dtmf", "data": {"digit": "1", "dtmf": {"digit": "1"}}}
    status, _ = await jambonz.update(command, f"/v1/calls/{CALL}/commands")
    assert status == 202
    assert await jambonz.receive() == {"type": "command", **command}


async def test_an_update_too_large_for_a_frame_is_refused(client: Client) -> None:
    jambonz = await Jambonz.dial(client, "/agent")
    update = {"type": "update_instructions", "instructions": "x" * 30_000}
    status, document = await jambonz.update(update)

    assert status == 413
    assert any("instructions" in error["field"] for error in document["errors"])


async def test_a_live_call_is_shown_with_its_agent_and_last_turn(client: Client) -> None:
    jambonz = await Jambonz.dial(client, "/agent")
    turn = {"type": "turn_end", "interrupted": True, "latency": {"llm_ms": 340, "stt_ms": 100}}
    await jambonz.send("agent:event", turn)
    await jambonz.update({"type": "generate_reply"})
    [call] = await (await client.get("/v1/calls", headers=AUTH)).json()

    assert call["application"] == "/agent"
    assert call["agent"] == {
        "llm": "openai:gpt-4.1-mini",
        "instructions_length": len("Be kind."),
        "tools": [],
    }
    assert (call["turns"], call["interruptions"]) == (1, 1)
    assert call["last_turn"]["latency"]["llm_ms"] == 340


async def test_hanging_up_over_rest_tells_jambonz(client: Client) -> None:
    jambonz = await Jambonz.dial(client, "/agent")
    response = await client.delete(f"/v1/calls/{CALL}", headers=AUTH)

    assert response.status == 202
    received = await jambonz.receive()
    assert (received["command"], received["data"]) == ("call:status", {"call_status": "completed"})


async def test_a_call_can_be_followed_to_its_end_and_is_then_gone(client: Client) -> None:
    jambonz = await Jambonz.dial(client, "/agent")
    stream = await client.get(EVENTS, headers=AUTH)
    await jambonz.send("agent:event", {"type": "user_transcript", "transcript": "Hello"})
    await jambonz.update({"type": "generate_reply"})
    await jambonz.send("call:status", {"call_sid": CALL, "call_status": "completed"})
    await jambonz.socket.close()
    text = await stream.text()

    kinds = [line.removeprefix("event: ") for line in text.splitlines() if "event: " in line[:7]]
    assert kinds[0] == "session"
    assert {"ack", "event", "update", "status"} <= set(kinds)
    assert kinds[-1] == "end"
    assert (await client.get(f"/v1/calls/{CALL}", headers=AUTH)).status == 404
    status, _ = await jambonz.update({"type": "generate_reply"})
    assert status == 404


async def test_the_line_of_a_request_carries_the_ids_of_its_call(client: Client) -> None:
    await Jambonz.dial(client, "/agent")
    shared = [structlog.contextvars.merge_contextvars]
    with structlog.testing.capture_logs(processors=shared) as lines:
        await client.get(f"/v1/calls/{CALL}", headers=AUTH)

    (line,) = [line for line in lines if line["event"] == "rest_request"]
    assert (line["call_sid"], line["account_sid"]) == (CALL, ACCOUNT)
    assert {"trace_id", "request_id"} <= set(line)


async def test_calls_are_counted_in_the_metrics(client: Client) -> None:
    await Jambonz.dial(client, "/agent")
    text = await (await client.get("/metrics")).text()

    assert "cordboard_calls 1.0" in text
    assert 'cordboard_calls_started_total{application="/agent"} 1.0' in text
