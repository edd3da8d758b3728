"""Callers by the hundred in a process of their own: `python -m tests.chaos.crowd`.

It reads orders from its input, one object a line, and answers each by one line.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from typing import Any

import aiohttp
import orjson

from app.twin import Pace, Twin
from tests.chaos.caller import Caller

Order = dict[str, Any]
LAG_EVERY = 0.05
AT_ONCE = 20


class Crowd:
    """The callers of this process."""

    def __init__(self) -> None:
        self._callers: list[Caller] = []
        self._sessions: list[aiohttp.ClientSession] = []
        self._stop = asyncio.Event()
        self._talking: list[asyncio.Task[None]] = []
        self._orders: dict[str, Callable[[Order], Awaitable[Any]]] = {
            "call": self.call,
            "talk": self.talk,
            "look": self.look,
            "finish": self.finish,
        }
        self._lag = 0.0
        self._pause = self._updates = 0.0

    async def obey(self, order: Order) -> Any:
        """Do as one order says."""
        return await self._orders[order["do"]](order)

    async def call(self, order: Order) -> int:
        """Begin so many calls, a few at a time; gives how many came about."""
        twin = Twin(order["url"], pace=Pace(patience=60.0))
        rest = aiohttp.ClientSession(
            order["rest"],
            headers={"Authorization": f"Bearer {order['key']}"},
            connector=aiohttp.TCPConnector(force_close=True, limit=0),
            timeout=aiohttp.ClientTimeout(total=15),
        )
        self._sessions.append(rest)
        first = order["first"]
        new = [Caller(twin, rest, number) for number in range(first, first + order["calls"])]
        width = asyncio.Semaphore(AT_ONCE)

        async def begin(caller: Caller) -> None:
            async with width:
                await caller.begin()

        await asyncio.gather(*(begin(one) for one in new))
        self._callers += new
        if self._pause:
            self._let_talk(new)
        return sum(not one.story.failed for one in new)

    async def talk(self, order: Order) -> None:
        """Let all of them talk from now on, and those who come later."""
        self._pause, self._updates = order["pause"], order["updates"]
        self._began, self._cpu = time.monotonic(), time.process_time()
        self._talking.append(asyncio.create_task(self._watch()))
        self._let_talk(self._callers)

    def _let_talk(self, callers: Sequence[Caller]) -> None:
        for caller in callers:
            talking = caller.talk(self._stop, self._pause, self._updates)
            self._talking.append(asyncio.create_task(talking))

    async def look(self, _order: Order) -> dict[str, int]:
        """How it stands with the calls now."""
        stories = [one.story for one in self._callers]
        return {
            "answered": sum(
                bool(asked.answered) for one in stories for asked in one.asked.values()
            ),
            "updated": sum(
                bool(update.arrived) for one in stories for update in one.updated.values()
            ),
            "back": sum(bool(one.back) for one in stories),
            "away": sum(len(one.lost) > len(one.back) for one in stories),
            "failed": sum(bool(one.failed) for one in stories),
        }

    async def finish(self, order: Order) -> dict[str, Any]:
        """Have all of them end, and tell their stories."""
        self._stop.set()
        await asyncio.gather(*self._talking)
        cpu = (time.process_time() - self._cpu) / (time.monotonic() - self._began)
        limit, deaf = order["limit"], order["deaf"]
        await asyncio.gather(*(one.finish(limit, deaf) for one in self._callers))
        await asyncio.gather(*(session.close() for session in self._sessions))
        stories = [asdict(one.story) for one in self._callers]
        return {"stories": stories, "cpu": cpu, "lag": self._lag}

    async def _watch(self) -> None:
        """How late this loop is at worst: more than a little, and it measures itself."""
        while not self._stop.is_set():
            due = time.monotonic() + LAG_EVERY
            await asyncio.sleep(LAG_EVERY)
            self._lag = max(self._lag, time.monotonic() - due)


async def main() -> None:
    """Obey until the input ends."""
    crowd = Crowd()
    while line := await asyncio.to_thread(sys.stdin.buffer.readline):
        answer = orjson.dumps(await crowd.obey(orjson.loads(line)))
        sys.stdout.buffer.write(answer + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    asyncio.run(main())
