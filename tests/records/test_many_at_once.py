"""Five hundred calls that end in the same second."""

import asyncio
import itertools
from collections.abc import Sequence

import orjson
import sqlalchemy as sa
from aiohttp import ClientSession, ClientWebSocketResponse, TCPConnector

from app.feed import Watch
from app.keys import COUNTERS, FEED
from app.records import Recorder
from app.store import Store
from app.testing import Cordboard

CALLS = 500
TURN = {"type": "turn_end", "transcript": "Hi.", "response": "Hello.", "latency": {"llm_ms": 640}}


async def begin(client: ClientSession, url: str, number: int) -> ClientWebSocketResponse:
    """A call of two turns, which goes on."""
    ws = await client.ws_connect(f"{url}/desk", protocols=("ws.jambonz.org",), compress=0)
    sid = f"call-{number}"
    data = {"call_sid": sid, "direction": "inbound", "from": f"+1508{number:07}", "to": "+1617"}
    await send(ws, "session:new", sid, data)
    await ws.receive()
    for _ in range(2):
        await send(ws, "agent:event", sid, TURN)
    return ws


NUMBERS = itertools.count()


async def send(ws: ClientWebSocketResponse, kind: str, sid: str, data: object) -> None:
    msgid = f"{sid}-{next(NUMBERS)}"
    frame = {"type": kind, "msgid": msgid, "call_sid": sid, "hook": "/e", "data": data}
    await ws.send_bytes(orjson.dumps(frame))


async def over(watch: Watch) -> None:
    """Wait for the end of a call."""
    async for _ in watch:
        pass


async def counts(store: Store, *statements: str) -> Sequence[int]:
    async with store.reading() as connection:
        return [(await connection.execute(sa.text(one))).scalar_one() for one in statements]


async def test_five_hundred_calls_that_end_in_one_second_are_all_recorded(
    cordboard: Cordboard, recorder: Recorder, store: Store
) -> None:
    async with ClientSession(connector=TCPConnector(limit=0)) as client:
        opening = (begin(client, cordboard.url, number) for number in range(CALLS))
        sockets = await asyncio.gather(*opening)
        assert len(cordboard.calls) == CALLS
        ends = [cordboard.app[FEED].watch(f"call-{number}") for number in range(CALLS)]
        await asyncio.gather(*(ws.close(code=1000) for ws in sockets))
        await asyncio.gather(*(over(watch) for watch in ends))

    assert await recorder.settle("", patience=20)

    assert await counts(
        store,
        "SELECT count(*) FROM calls WHERE status = 'ended' AND turns = 2",
        "SELECT count(*) FROM turns WHERE llm_ms = 640",
        "SELECT count(DISTINCT call_id) FROM call_parts",
    ) == [CALLS, 2 * CALLS, CALLS]
    registry = cordboard.app[COUNTERS].registry
    assert not registry.get_sample_value("cordboard_records_lost_total", {"what": "entries"})
