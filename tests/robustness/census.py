"""What a server holds: tasks, timers, sessions, sockets. After all calls it must be as before."""

import asyncio
import gc
from collections import Counter

from app.server.conversation import Conversation
from app.server.direct import DirectSocket
from app.server.lookout import LOOKOUT
from app.server.socket import ResponseSocket
from app.session.live import LiveCall
from tests.server.conftest import Server

Census = Counter[str]
LIMIT = 5.0
KINDS = (LiveCall, DirectSocket, ResponseSocket, Conversation)


def take_census(server: Server) -> Census:
    """Count all that a call may leave behind, by name."""
    runtime, lookout = server.calls.runtime, server.web_app[LOOKOUT]
    loop = asyncio.get_running_loop()
    spared = {*(one.task for one in runtime.starter._spare), asyncio.current_task()}
    timers = [one for one in loop._scheduled if not one.cancelled()]  # type: ignore[attr-defined]
    return Counter(
        {
            **Counter(f"task {name_of(one)}" for one in asyncio.all_tasks() if one not in spared),
            **Counter(f"timer {name_of(one._callback)}" for one in timers),
            **Counter(f"live {call_sid}" for call_sid in runtime.live),
            **Counter(f"ring {call_sid}" for call_sid in runtime.feed._rings),
            **Counter(f"waiting {one.call_sid}" for one in runtime.waiting),
            "sockets": len(lookout.sockets),
            "doors": len(lookout.doors),
            "quiet sockets": len(lookout._quiet.keys() - lookout.sockets),
        }
    )


def name_of(code: object) -> str:
    """Name of a task's coroutine, or of a timer's callback."""
    if isinstance(code, asyncio.Task):
        code = code.get_coro()
    return str(getattr(code, "__qualname__", code))


async def until_as_before(server: Server, before: Census) -> None:
    """Wait until nothing is there that was not."""
    deadline = asyncio.get_running_loop().time() + LIMIT  # a timeout would be a timer too
    while left := take_census(server) - before:
        assert asyncio.get_running_loop().time() < deadline, f"left behind: {dict(left)}"
        await asyncio.sleep(0.002)  # nobody tells


async def objects(before: Census | None = None) -> Census:
    """How many objects of a call there are: no more than before, once the lookout has been here."""
    deadline = asyncio.get_running_loop().time() + LIMIT
    while (count := count_objects()) - (count if before is None else before):
        assert asyncio.get_running_loop().time() < deadline, f"{count} objects, {before} before"
        await asyncio.sleep(0.2)
    return count


def count_objects() -> Census:
    gc.collect()
    return Counter(type(one).__name__ for one in gc.get_objects() if isinstance(one, KINDS))
