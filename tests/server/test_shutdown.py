"""SIGTERM to a real process: every call is handed back to jambonz, and nothing can hold it up."""

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
from aiohttp import WSCloseCode, WSMsgType

from app.logs import Event
from tests.server.jambonz import SUBPROTOCOL, Jambonz, RawSocket, call_info

ROOT = Path(__file__).parent.parent.parent
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM")

HANDLER = '''
import asyncio
import time

from app import Agent, Application, tool

call = Application("/call")


@tool
def sleep_in_a_thread() -> str:
    """Hang."""
    time.sleep(60)
    return ""


@tool
async def sleep_in_a_thread_of_the_loop() -> str:
    """Hang."""
    await asyncio.to_thread(time.sleep, 60)
    return ""


@tool
async def refuse_to_end() -> str:
    """Hang."""
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            pass


@call.session_new
async def answer(session):
    return Agent(
        llm="openai:gpt-4.1-mini", stt="deepgram:nova-3-general", tts="cartesia:x",
        instructions="PRIVATE",
        tools=[sleep_in_a_thread, sleep_in_a_thread_of_the_loop, refuse_to_end],
    )
'''


@dataclass
class Process:
    """`python -m app serve` in a folder of its own."""

    process: asyncio.subprocess.Process
    port: int
    client: aiohttp.ClientSession
    lines: list[dict[str, Any]] = field(default_factory=list)

    async def call(self) -> Jambonz:
        ws = await self.client.ws_connect(
            f"http://127.0.0.1:{self.port}/call", protocols=(SUBPROTOCOL,)
        )
        call = Jambonz(ws)
        await call.open()
        return call

    async def readiness(self) -> int:
        async with self.client.get(f"http://127.0.0.1:{self.port}/readyz") as answer:
            return answer.status

    async def line(self, event: str) -> dict[str, Any]:
        """Read the log up to a line about ``event``."""
        assert self.process.stderr is not None
        async with asyncio.timeout(15):
            while text := await self.process.stderr.readline():
                self.lines.append(orjson.loads(text))
                if self.lines[-1]["event"] == event:
                    return self.lines[-1]
        raise AssertionError(f"ended without {event}: {self.lines}")

    async def exit_code(self) -> int:
        async with asyncio.timeout(5):
            return await self.process.wait()


@asynccontextmanager
async def serving(folder: Path, **settings: str) -> AsyncIterator[Process]:
    (folder / "handlers").mkdir()
    (folder / "handlers" / "call.py").write_text(HANDLER)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    ours = {"PYTHONPATH": str(ROOT), "CORDBOARD_PORT": str(port), "PYTHONASYNCIODEBUG": ""}
    named = {f"CORDBOARD_{name.upper()}": value for name, value in settings.items()}
    inherited = {name: value for name, value in os.environ.items() if "CORDBOARD" not in name}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app", "serve"),
        cwd=folder,
        env={**inherited, **ours, **named},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    async with aiohttp.ClientSession() as client:
        server = Process(process, port, client)
        try:
            await server.line(Event.LISTENING)
            yield server
        finally:
            if process.returncode is None:
                process.kill()
            await process.communicate()


async def test_every_call_is_closed_with_1012_and_the_process_leaves_within_5_seconds(
    tmp_path: Path,
) -> None:
    async with serving(tmp_path) as server:
        calls = [await server.call() for _ in range(3)]
        async with RawSocket("127.0.0.1", server.port) as deaf:
            await deaf.upgrade("/call")
            frame = {"type": "session:new", "msgid": "m", "data": call_info("deaf")}
            await deaf.send(orjson.dumps(frame))
            await deaf.next(WSMsgType.TEXT)
            async with RawSocket("127.0.0.1", server.port) as early:
                begun = time.monotonic()
                server.process.send_signal(signal.SIGTERM)
                await server.line(Event.DRAINING)

                for call in calls:
                    assert await call.close_code() == WSCloseCode.SERVICE_RESTART
                assert (await deaf.next(WSMsgType.CLOSE))[:2] == (1012).to_bytes(2, "big")
                assert await answer_to(early) in ("", "503"), "no call begins any more"
            with pytest.raises(OSError):  # noqa: PT011  refused, which jambonz tries again
                await server.call()
            assert await server.exit_code() == 0
        assert time.monotonic() - begun < 5
        lost = [one for one in await rest_of(server) if one["event"] == "socket_lost"]

    assert len(lost) == 4
    assert {one["code"] for one in lost} == {1012}


@pytest.mark.parametrize(
    "tool", ["sleep_in_a_thread", "sleep_in_a_thread_of_the_loop", "refuse_to_end"]
)
async def test_code_that_hangs_cannot_keep_the_process(tmp_path: Path, tool: str) -> None:
    async with serving(tmp_path) as server:
        call = await server.call()
        await call.ask_tool(tool)
        msgid = await call.send("verb:hook", {"reason": "x"}, hook="/nobody")
        await call.ack(msgid)
        server.process.send_signal(signal.SIGTERM)

        assert await call.close_code() == WSCloseCode.SERVICE_RESTART
        assert await server.exit_code() == 0


async def test_a_balancer_may_be_given_time_and_a_second_signal_ends_it_at_once(
    tmp_path: Path,
) -> None:
    async with serving(tmp_path, drain_delay="600") as server:
        assert await server.readiness() == 200
        server.process.send_signal(signal.SIGTERM)
        assert (await server.line(Event.DRAINING))["in_seconds"] == 600

        assert await server.readiness() == 503
        call = await server.call()
        server.process.send_signal(signal.SIGTERM)
        assert await server.exit_code() == 128 + signal.SIGTERM
        assert await call.close_code() == WSCloseCode.ABNORMAL_CLOSURE


async def answer_to(client: RawSocket) -> str:
    """The status that a connection from before the shutdown gets; empty if it was closed."""
    try:
        return (await client.upgrade("/call")).split()[1]
    except (AssertionError, ConnectionError):
        return ""


async def rest_of(server: Process) -> list[dict[str, Any]]:
    assert server.process.stderr is not None
    text = await server.process.stderr.read()
    return [*server.lines, *(orjson.loads(line) for line in text.splitlines())]
