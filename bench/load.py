"""The load: plays jambonz, checks every answer."""

import asyncio
import itertools
import random
import time
from dataclasses import dataclass

import orjson
from aiohttp import ClientSession, ClientWebSocketResponse

CALL = {
    "direction": "inbound", "from": "+15085551212", "to": "+16175550100", "call_status": "trying",
    "account_sid": "4b1c3c1e-6f0e-4c0b-8d5b-6f5a3f6f1a11", "trace_id": "7c1d2ab0f3a94e0f",
    "sip": {"headers": {"from": "<sip:+15085551212@203.0.113.9>"}, "raw": "INVITE " * 120},
}  # fmt: skip
TURN_END = {
    "type": "turn_end", "transcript": "What is the weather in Portland?", "confidence": 0.99,
    "response": "The temperature in Portland is eleven degrees.", "interrupted": False,
    "latency": {"stt_ms": 320, "eot_ms": 180, "llm_ms": 640, "tool_ms": 120, "tts_ms": 210},
    "tool_calls": [{"name": "get_weather", "rtt_ms": 420}],
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Slice:
    """What one slice of load gave: how many, and the seconds of each in order of size."""

    count: int
    seconds: float
    waits: list[float]

    def wait_ms(self, share: float) -> float:
        """The wait that ``share`` of all stayed below, in milliseconds."""
        return 1000 * self.waits[min(len(self.waits) - 1, int(len(self.waits) * share))]


async def open_call(client: ClientSession, url: str, call_sid: str) -> ClientWebSocketResponse:
    """Begin a call and check the ack."""
    ws = await client.ws_connect(url, protocols=("ws.jambonz.org",), compress=0)
    new = {"type": "session:new", "msgid": f"n{call_sid}", "call_sid": call_sid}
    await ws.send_bytes(orjson.dumps({**new, "data": {**CALL, "call_sid": call_sid}}))
    ack = orjson.loads((await ws.receive()).data)
    if ack.get("msgid") != f"n{call_sid}" or ack["data"][0]["verb"] != "agent":
        raise RuntimeError(f"wrong ack: {ack}")
    return ws


async def turns(calls: list[ClientWebSocketResponse], seconds: float) -> Slice:
    """Rounds back to back on open calls: a tool call and its output, then the end of the turn."""
    until = time.perf_counter() + seconds
    waits: list[float] = []
    started = time.perf_counter()
    await asyncio.gather(*(talk(ws, index, until, waits) for index, ws in enumerate(calls)))
    return Slice(len(waits), time.perf_counter() - started, sorted(waits))


async def talk(ws: ClientWebSocketResponse, index: int, until: float, waits: list[float]) -> None:
    """The rounds of one call."""
    number = 0
    turn_ends = [orjson.dumps({**END_OF_TURN, "msgid": one, "data": TURN_END}) for one in "ab"]
    while time.perf_counter() < until:
        number += 1
        call_id = f"t{index}-{time.monotonic_ns()}"
        began = time.perf_counter()
        await ws.send_bytes(tool_call(call_id, number))
        output = orjson.loads((await ws.receive()).data)
        waits.append(time.perf_counter() - began)
        if output.get("tool_call_id") != call_id:
            raise RuntimeError(f"wrong output: {output}")
        await ws.send_bytes(turn_ends[number % 2])  # an event that comes twice is one


async def paced(
    calls: list[ClientWebSocketResponse], seconds: float, *, pace: float, tool: str = "get_weather"
) -> Slice:
    """Rounds as calls have them: each call one every ``pace`` seconds, not all at the same time."""
    started = time.perf_counter()
    waits: list[float] = []

    async def repeat(ws: ClientWebSocketResponse) -> None:
        await asyncio.sleep(random.uniform(0, pace))  # noqa: S311  no secret
        while True:  # once at least, also where the machine had no time for this
            again = time.perf_counter() + pace
            waits.append(await one_round(ws, tool))
            if again >= started + seconds:
                return
            await asyncio.sleep(max(0.0, again - time.perf_counter()))

    await asyncio.gather(*map(repeat, calls))
    return Slice(len(waits), time.perf_counter() - started, sorted(waits))


NUMBERS = itertools.count()
END_OF_TURN = {"type": "agent:event", "call_sid": "c", "hook": "/events"}


async def one_round(ws: ClientWebSocketResponse, tool: str) -> float:
    """A tool call with arguments of its own and the end of its turn; seconds of the first."""
    number = next(NUMBERS)
    began = time.perf_counter()
    await ws.send_bytes(tool_call(f"p{number}", number, tool))
    output = orjson.loads((await ws.receive()).data)
    waited = time.perf_counter() - began
    if output.get("tool_call_id") != f"p{number}":
        raise RuntimeError(f"wrong output: {output}")
    await ws.send_bytes(orjson.dumps({**END_OF_TURN, "msgid": f"e{number}", "data": TURN_END}))
    return waited


def tool_call(call_id: str, day: int, tool: str = "get_weather") -> bytes:
    """One tool call as a frame."""
    arguments = {"city": "Portland", "day": day}
    data = {"tool_call_id": call_id, "name": tool, "arguments": arguments}
    frame = {"type": "agent:tool-call", "msgid": call_id, "call_sid": "c", "hook": "/tools"}
    return orjson.dumps({**frame, "data": data})


async def setups(client: ClientSession, url: str, seconds: float, width: int) -> Slice:
    """New calls: connect, session:new, ack, close."""
    until = time.perf_counter() + seconds
    waits: list[float] = []
    started = time.perf_counter()

    async def repeat(slot: int) -> None:
        number = 0
        while time.perf_counter() < until:
            number += 1
            began = time.perf_counter()
            ws = await open_call(client, url, f"s{slot}-{number}-{time.monotonic_ns()}")
            waits.append(time.perf_counter() - began)
            await ws.close()

    await asyncio.gather(*(repeat(slot) for slot in range(width)))
    return Slice(len(waits), time.perf_counter() - started, sorted(waits))
