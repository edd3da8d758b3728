"""What single steps cost, alone in a process: ``python -m bench.steps [NAME …]``."""

import asyncio
import os
import sys
import time
from collections.abc import Callable

import orjson
from orjson import loads

from app import logs
from app.calls import Calls
from app.lines import QUICK
from app.protocol import decode, measured_stages
from app.server.direct import frame_of
from app.session import Runtime, Session
from app.settings import Settings
from app.tool import encode_result
from bench.contract import contract, get_weather
from bench.load import CALL, TURN_END

ROUNDS = 20_000
TRIES = 5


class Nowhere:
    """A socket whose frames go nowhere."""

    is_open = True

    def __init__(self) -> None:
        self.sent = 0

    def send(self, frame: bytes) -> None:
        """Count a frame."""
        self.sent += 1

    def close(self, code: int, reason: str) -> None:
        """Nothing to close."""

    async def closed(self) -> None:
        """At once."""


def frame(kind: str, hook: str, data: object, msgid: str = "m") -> bytes:
    """One message as a frame."""
    envelope = {"type": kind, "msgid": msgid, "call_sid": "c", "hook": hook, "data": data}
    return orjson.dumps({**envelope, "b3": "7c1d2ab0f3a94e0f-19ab2c3d4e5f6071-1"})


def tool_call(number: int) -> bytes:
    """One tool call."""
    arguments = {"city": "Portland", "day": number % 28 + 1}
    data = {"tool_call_id": f"call_{number:08}", "name": "get_weather", "args": arguments}
    return frame("llm:tool-call", "/tools", data)


async def open_call(calls: Calls) -> tuple[Session, Nowhere]:
    """A call that runs the agent."""
    session, socket = calls.open(contract, {}), Nowhere()
    session.attach(socket)
    session.receive(frame("session:new", "", {**CALL, "call_sid": "c"}))
    await asyncio.sleep(0)
    assert socket.sent, "the handler has not answered at once"
    return session, socket


async def clocked(frames: list[bytes], receive: Callable[[bytes], None], batch: int) -> float:
    """Microseconds of CPU for a frame; the loop has its turn after each ``batch``."""
    began = time.process_time()
    for start in range(0, len(frames), batch):
        for one in frames[start : start + batch]:
            receive(one)
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    return (time.process_time() - began) / len(frames) * 1e6


async def measure(names: list[str]) -> None:
    """Print the best of some tries of each step."""
    settings = Settings(log_level="info", log_format="json")
    logs.configure(settings, stream=open(os.devnull, "w"))  # noqa: ASYNC230, SIM115, PTH123
    calls = Calls(Runtime())
    session, _ = await open_call(calls)
    # An event that comes twice in a row is one event.
    turn_ends = [frame("llm:event", "/events", TURN_END, one) for one in "ab"]
    heard = {"type": "user_transcript", "transcript": "hello"}
    others = [frame("llm:event", "/events", heard, one) for one in "ab"]
    steps: dict[str, Callable[[int], list[bytes]]] = {
        "event that nobody wants": lambda n: others * (ROUNDS // 2),
        "turn_end with a hook": lambda n: turn_ends * (ROUNDS // 2),
        "tool call": lambda n: [tool_call(n * ROUNDS + i) for i in range(ROUNDS)],
    }
    for name, make in steps.items():
        if not names or any(one in name for one in names):
            costs = [await clocked(make(n), session.receive, 8) for n in range(TRIES)]
            print(f"{name:40} {min(costs):6.2f} µs")
    for name, part in parts(session, turn_ends[0]).items():
        if not names or any(one in name for one in names):
            print(f"  {name:38} {min(timed(part) for _ in range(TRIES)):6.2f} µs")


def parts(session: Session, turn_end: bytes) -> dict[str, Callable[[], object]]:
    """What a turn is made of, each alone."""
    runtime, call, data = session._runtime, tool_call(1), TURN_END
    arguments, output = {"city": "Portland", "day": 3}, {"city": "Portland", "temp_c": 13}
    stages, context = measured_stages(data["latency"]), session._context
    fields = {"tool": "get_weather", "outcome": "ok", "ms": 0.1}
    return {
        "JSON of a tool call and of a turn_end": lambda: (loads(call), loads(turn_end)),
        "both as messages, JSON included": lambda: (decode(call, 0.0), decode(turn_end, 0.0)),
        "arguments of the tool checked": lambda: get_weather.validate(arguments),
        "a coroutine begun and ended, no task": lambda: runtime.starter.begin(nothing(), context),
        "result as JSON": lambda: encode_result(output),
        "frame of it, with its header": lambda: frame_of(0x81, b"x" * 180),
        "latencies read": lambda: measured_stages(data["latency"]),
        "latencies counted": lambda: runtime.counters.timings.turn_ended(stages),
        "tool call counted": lambda: runtime.counters.tool_called("get_weather", 0.1, "ok"),
        "two log lines": lambda: (
            QUICK.info("tool_called", session, fields),
            QUICK.info("turn_ended", session, stages),
        ),
        "three entries for watchers": lambda: [
            runtime.feed.publish("c", "event", turn_end) for _ in range(3)
        ],
    }


async def nothing() -> None:
    """An author's function that does nothing."""


def timed(part: Callable[[], object]) -> float:
    """Microseconds of CPU for one go."""
    began = time.process_time()
    for _ in range(ROUNDS):
        part()
    return (time.process_time() - began) / ROUNDS * 1e6


if __name__ == "__main__":
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(measure(sys.argv[1:]))
