"""What single steps cost, alone in a process: ``python -m bench.steps [NAME …]``."""

import asyncio
import os
import sys
import time
from collections.abc import Callable

import orjson

from app import logs
from app.calls import Calls
from app.session import Runtime, Session
from app.settings import Settings
from bench.contract import contract
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
    turn_end = frame("llm:event", "/events", TURN_END)
    other = frame("llm:event", "/events", {"type": "user_transcript", "transcript": "hello"})
    steps: dict[str, Callable[[int], list[bytes]]] = {
        "event that nobody wants": lambda n: [other] * ROUNDS,
        "turn_end with a hook": lambda n: [turn_end] * ROUNDS,
        "tool call": lambda n: [tool_call(n * ROUNDS + i) for i in range(ROUNDS)],
    }
    for name, make in steps.items():
        if not names or any(one in name for one in names):
            costs = [await clocked(make(n), session.receive, 8) for n in range(TRIES)]
            print(f"{name:28} {min(costs):6.2f} µs")


if __name__ == "__main__":
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(measure(sys.argv[1:]))
