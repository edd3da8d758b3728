import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import ClientResponse

from app.feed import Entry
from app.rest import stream as sse
from app.rest.events import write_entry
from tests.rest_server import AUTH, CALL, Rest, serving

EVENTS = f"/v1/calls/{CALL}/events"


@pytest.fixture
async def rest() -> AsyncIterator[Rest]:
    async with serving() as server:
        yield server


@dataclass
class Event:
    id: int
    kind: str
    data: Any
    time: str


async def follow(rest: Rest, query: str = "", **headers: str) -> ClientResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await rest.client.get(EVENTS + query, headers={**AUTH, **named})


async def blocks(response: ClientResponse) -> AsyncIterator[str]:
    """What stands between blank lines, as it comes."""
    lines: list[str] = []
    async for line in response.content:
        if line.strip():
            lines.append(line.decode().rstrip("\n"))
        elif lines:
            yield "\n".join(lines)
            lines.clear()


async def read(response: ClientResponse) -> AsyncIterator[Event]:
    async for block in blocks(response):
        if block.startswith("id: "):
            fields = dict(line.split(": ", 1) for line in block.splitlines())
            data = json.loads(fields["data"])
            yield Event(int(fields["id"]), fields["event"], data["data"], data["time"])


async def test_a_call_is_followed_from_what_is_known_to_its_end(rest: Rest) -> None:
    rest.feed.publish(CALL, "session", {"type": "session:new"})
    response = await follow(rest)
    stream = read(response)
    first = await anext(stream)
    rest.feed.publish(CALL, "event", {"type": "user_transcript", "transcript": "Grüße\nHello"})
    second = await anext(stream)
    rest.feed.end(CALL)
    rest_of_it = [event async for event in stream]

    assert response.status == 200
    assert response.content_type == "text/event-stream"
    assert response.headers["Cache-Control"] == "no-store"
    assert (first.id, first.kind, first.data) == (1, "session", {"type": "session:new"})
    assert first.time.endswith("Z")
    assert (second.id, second.data["transcript"]) == (2, "Grüße\nHello")
    assert [event.kind for event in rest_of_it] == ["end"]


@pytest.mark.parametrize(
    ("query", "headers"),
    [("?after=2", {}), ("", {"Last_Event_ID": "2"}), ("?after=2", {"Last_Event_ID": "1"})],
)
async def test_a_stream_is_resumed_behind_the_last_event(
    rest: Rest, query: str, headers: dict[str, str]
) -> None:
    for n in range(1, 5):
        rest.feed.publish(CALL, "event", {"n": n})
    rest.feed.end(CALL)

    response = await follow(rest, query, **headers)

    assert [event.id async for event in read(response)] == [3, 4, 5]


async def test_what_is_forgotten_is_a_gap(rest: Rest) -> None:
    for n in range(300):
        rest.feed.publish(CALL, "event", {"n": n})
    rest.feed.end(CALL)

    received = [event async for event in read(await follow(rest, "?after=0"))]

    assert (received[0].kind, received[0].data) == ("gap", {"lost": 301 - 128})
    assert len(received) == 1 + 128


async def test_who_has_read_the_end_is_told_not_to_come_back(rest: Rest) -> None:
    rest.feed.publish(CALL, "event", {})
    rest.feed.end(CALL)

    assert (await follow(rest, Last_Event_ID="2")).status == 204


async def test_an_ended_call_can_be_read_for_a_while(rest: Rest) -> None:
    rest.feed.publish(CALL, "event", {})
    rest.feed.end(CALL)
    del rest.calls.sessions[CALL]

    assert [event.kind async for event in read(await follow(rest))] == ["event", "end"]


@pytest.mark.parametrize(
    ("query", "headers", "field"),
    [
        ("?after=first", {}, "after"),
        ("?after=-1", {}, "after"),
        ("?from=1", {}, "from"),
        ("", {"Last_Event_ID": "x"}, "last-event-id"),
    ],
)
async def test_a_wrong_place_to_resume_is_refused(
    rest: Rest, query: str, headers: dict[str, str], field: str
) -> None:
    response = await follow(rest, query, **headers)

    assert response.status == 422
    [error] = (await response.json(content_type=None))["errors"]
    assert error["field"] == field


async def test_nothing_happening_keeps_the_stream_alive(
    rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "KEEP_ALIVE", 0.01)
    response = await follow(rest)
    stream = blocks(response)

    received = [await anext(stream) for _ in range(3)]
    assert received == ["retry: 2000", ": keep-alive", ": keep-alive"]

    rest.feed.publish(CALL, "event", {"n": 1})
    while (block := await anext(stream)) == ": keep-alive":
        pass
    assert block.startswith("id: 1\nevent: event")
    response.close()


async def test_a_client_that_goes_away_is_forgotten(rest: Rest) -> None:
    response = await follow(rest)
    ring = rest.feed._rings[CALL]
    assert len(ring.watches) == 1

    response.close()
    async with asyncio.timeout(5):
        while ring.watches:
            rest.feed.publish(CALL, "event", {"n": 1})
            await asyncio.sleep(0)


async def test_a_client_that_never_reads_is_cut_off(
    rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "LONGEST_WRITE", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", rest.client.port, limit=1024)
    lines = [f"GET {EVENTS} HTTP/1.1", "Host: x", *(f"{k}: {v}" for k, v in AUTH.items())]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    await reader.readline()
    ring = rest.feed._rings[CALL]
    async with asyncio.timeout(10):
        while ring.watches:
            rest.feed.publish(CALL, "event", {"text": "x" * 200_000})
            await asyncio.sleep(0)
    writer.close()


async def test_a_call_has_only_so_many_followers(rest: Rest) -> None:
    watches = [rest.feed.watch(CALL) for _ in range(64)]
    response = await follow(rest)

    assert response.status == 429
    assert "Retry-After" in response.headers
    for watch in watches:
        watch.close()
    (await follow(rest)).close()


async def test_the_shutdown_of_the_server_ends_streams_but_no_call(rest: Rest) -> None:
    rest.feed.publish(CALL, "event", {"n": 1})
    response = await follow(rest)
    stream = read(response)
    await anext(stream)

    await rest.app.shutdown()

    assert [event async for event in stream] == []


def test_an_entry_that_json_cannot_hold_is_shown_all_the_same() -> None:
    class Strange:
        def __str__(self) -> str:
            return "strange"

    written = write_entry(Entry(1, 0.0, "event", {"a": Strange(), 2: b"x"}))
    assert b'{"a":"strange","2":"b\'x\'"}' in written
    written = write_entry(Entry(1, 0.0, "event", {"n": 2**70}))
    assert str(2**70).encode() in written
    assert written.count(b"\n") == 4


def test_keys_of_vendors_do_not_reach_watchers() -> None:
    llm = {"vendor": "openai", "auth": {"apiKey": "hunter2"}, "llmOptions": {"maxTokens": 9}}
    fork = {
        "verb": "listen",
        "url": "wss://me:hunter2@example.com",
        "wsAuth": {"password": "hunter2"},
    }
    data = {"msgid": "m1", "verbs": [{"verb": "agent", "llm": llm}, fork]}
    written = write_entry(Entry(1, 0.0, "ack", data)).decode()

    assert "hunter2" not in written
    assert "maxTokens" in written
    assert llm["auth"] == {"apiKey": "hunter2"}, "what is on its way to jambonz stays whole"
