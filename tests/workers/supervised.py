"""`python -m app serve --workers N` in a folder of its own, and calls to it."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import orjson
from aiohttp import WSCloseCode

from app.logs import Event
from tests.server.jambonz import SUBPROTOCOL, Jambonz

ROOT = Path(__file__).parent.parent.parent
PATIENCE = 60
"""Seconds for what takes one on a machine with nothing else to do."""

HANDLER = '''
import asyncio
import os
from dataclasses import dataclass

from app import Agent, Application, Session, tool


@dataclass
class State:
    asked: int = 0


call = Application("/call", state=State)


@tool
async def which_process() -> int:
    """Tell."""
    return os.getpid()


@tool
async def count(session: Session[State]) -> int:
    """How often this was asked."""
    session.state.asked += 1
    return session.state.asked


@tool
async def wait_for_ever() -> str:
    """Hang."""
    await asyncio.sleep(600)
    return ""


@call.session_new
async def answer(session):
    return Agent(
        llm="openai:gpt-4.1-mini", stt="deepgram:nova-3-general", tts="cartesia:x",
        instructions="VERSION 1", tools=[which_process, count, wait_for_ever],
    )
'''


@dataclass
class Supervised:
    """A supervisor and its workers."""

    folder: Path
    process: asyncio.subprocess.Process
    client: aiohttp.ClientSession
    port: int = 0
    lines: list[dict[str, Any]] = field(default_factory=list)

    async def line(self, event: str, **fields: object) -> dict[str, Any]:
        """Read the log up to a line about ``event`` with these fields."""
        wanted = {"event": event, **fields}
        async with asyncio.timeout(PATIENCE):
            while found := await self._next():
                if wanted.items() <= found.items():
                    return found
        raise AssertionError(f"ended without {wanted}: {self.lines}")

    async def _next(self) -> dict[str, Any] | None:
        assert self.process.stderr is not None
        text = await self.process.stderr.readline()
        if not text:
            return None
        line = orjson.loads(text) if text.startswith(b"{") else {"event": text.decode()}
        self.lines.append(line)
        return dict(line)

    async def rest(self) -> list[dict[str, Any]]:
        """All lines, once the process and all its workers have ended."""
        async with asyncio.timeout(PATIENCE):
            while await self._next():
                pass
        return self.lines

    async def until_listening(self, *workers: str) -> None:
        """Read the log until these workers have said that they listen."""
        missing = set(workers)
        while missing:
            line = await self.line(Event.LISTENING)
            missing.discard(line["worker"])
            self.port = line["port"]

    async def dial(self, call_sid: str | None = None) -> Jambonz:
        url = f"http://127.0.0.1:{self.port}/call"
        return Jambonz(await self.client.ws_connect(url, protocols=(SUBPROTOCOL,)), call_sid)

    async def call(self) -> Jambonz:
        call = await self.dial()
        await call.open()
        return call

    async def redialled(self, call: Jambonz) -> Jambonz:
        """The call, once jambonz has come back to whoever answers now."""
        assert await call.close_code() == WSCloseCode.SERVICE_RESTART
        again = await self.dial(call.call_sid)
        assert "data" not in await again.open("session:reconnect"), "no second greeting"
        return again

    async def process_of(self, call: Jambonz) -> int:
        return int((await call.tool_call("which_process"))["result"])

    async def one_call_for_each(self, workers: int) -> dict[int, Jambonz]:
        """A call in each worker, by its process: the kernel chooses, so there are tries."""
        calls: dict[int, Jambonz] = {}
        async with asyncio.timeout(PATIENCE):
            while len(calls) < workers:
                call = await self.call()
                pid = await self.process_of(call)
                if pid in calls:
                    await call.close()
                else:
                    calls[pid] = call
        return calls

    async def exit_code(self) -> int:
        async with asyncio.timeout(PATIENCE):
            return await self.process.wait()


@asynccontextmanager
async def supervised(
    folder: Path, workers: int, *, handler: str = HANDLER, **settings: str
) -> AsyncIterator[Supervised]:
    """A supervisor that has been started; no worker may be ready yet."""
    (folder / "handlers").mkdir(exist_ok=True)
    (folder / "handlers" / "call.py").write_text(handler)
    inherited = {name: value for name, value in os.environ.items() if "CORDBOARD" not in name}
    unset = {"PYTHONASYNCIODEBUG": "", "PYTHONDONTWRITEBYTECODE": ""}  # many processes start here
    ours = {"PYTHONPATH": str(ROOT), "CORDBOARD_PORT": "0", **unset}
    named = {f"CORDBOARD_{name.upper()}": value for name, value in settings.items()}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app", "serve", "--workers", str(workers)),
        cwd=folder,
        env={**inherited, **ours, **named},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    async with aiohttp.ClientSession() as client:
        try:
            yield Supervised(folder, process, client)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # its workers, too
            await process.communicate()
