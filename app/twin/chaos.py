"""A network that behaves badly: frames are late, messages come twice, sockets are lost.

It does only what jambonz and the network between may do to an application that is in order: acks
stay within their limit unless `longest` says otherwise, and a socket is lost when nothing is in
flight, so that nothing can be lost which neither side would send again.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from app.twin.address import DialFailed
from app.twin.socket import Connection, Dialling, Socket

BREATH = 0.03
"""Seconds without any frame before a socket is lost: what was written has arrived."""

MOST_CUTS = 3
"""Sockets that one line loses at most: jambonz redials on time for four of them only."""

ACKED = ("session:", "verb:hook", "dial:confirm")
"""The messages that await an ack begin like this."""

TWICE = ("agent:event", "agent:tool-call", "llm:event", "llm:tool-call", "call:status")
"""The messages that may come twice."""

LEVELS: Mapping[int, Mapping[str, float]] = {
    1: {"delay": 0.2},
    2: {"delay": 0.3, "duplicate": 0.1},
    3: {"delay": 0.3, "duplicate": 0.1, "cut": 0.1, "redial": 0.3},
}
"""What each level does, and how often."""

KINDS = ("delay", "duplicate", "cut", "redial")


class BadChaos(ValueError):
    """What was asked for is no chaos; the message is one line that says why."""


@dataclass(frozen=True, slots=True)
class Chaos:
    """How badly the network behaves; each number is a chance from 0 to 1.

    Attributes:
        delay: Of a frame to be late, in either direction.
        duplicate: Of a message to come twice.
        cut: Of the socket to be lost after a message.
        redial: Of a redial to fail.
        longest: Seconds that a late frame takes at most; from 5 on, jambonz gives acks up.
        seed: Decides what happens when.
    """

    delay: float = 0.0
    duplicate: float = 0.0
    cut: float = 0.0
    redial: float = 0.0
    longest: float = 0.3
    seed: int = 0

    @classmethod
    def parse(cls, text: str) -> "Chaos":
        """Read a level from 1 to 3, or a list such as `delay,cut=0.2,longest=2`.

        Raises:
            BadChaos: If it is neither.
        """
        if text.isdigit() and int(text) in LEVELS:
            return cls.of(LEVELS[int(text)])
        try:
            return cls.of(dict(_chance(part) for part in text.split(",")))
        except ValueError:
            known = ", ".join((*KINDS, "longest"))
            raise BadChaos(
                f"{text!r}: expected 1, 2, 3 or a list of {known}, such as delay,cut=0.2"
            ) from None

    @classmethod
    def of(cls, chances: Mapping[str, float]) -> "Chaos":
        """Make one from chances by name."""
        longest = chances.get("longest", 0.3)
        delay, duplicate, cut, redial = (chances.get(kind, 0.0) for kind in KINDS)
        return cls(delay, duplicate, cut, redial, longest)

    def __str__(self) -> str:
        """As `parse` reads it."""
        named = [f"{kind}={getattr(self, kind):g}" for kind in KINDS if getattr(self, kind)]
        return ",".join([*named, f"longest={self.longest:g}"])

    def seeded(self, seed: int) -> "Chaos":
        """The same with another seed."""
        return replace(self, seed=seed)


def _chance(part: str) -> tuple[str, float]:
    name, equals, value = part.strip().partition("=")
    number = float(value) if equals else LEVELS[3].get(name, -1.0)
    if name not in (*KINDS, "longest") or number < 0 or (name in KINDS and number > 1):
        raise ValueError(part)
    return name, number


class Network:
    """The network of one line, which may have several sockets one after another.

    Attributes:
        cuts: How many of them were lost.
    """

    def __init__(self, chaos: Chaos, line: int) -> None:
        self.chaos = chaos
        self.cuts = 0
        self._opened = 0
        # One source for each kind, so that what happens there changes nothing elsewhere.
        self._random = {kind: Random(f"{chaos.seed}/{line}/{kind}") for kind in (*KINDS, "in")}  # noqa: S311

    async def open(self, url: str, dialling: Dialling) -> "Connection":
        """Open a socket; a redial may fail.

        Raises:
            DialFailed: If it does, or there is no connection.
        """
        if self._opened and self.draws("redial"):
            raise DialFailed("chaos: the redial failed", "ct")
        socket = await Socket.open(url, dialling)
        self._opened += 1
        return ShakySocket(socket, self)

    def draws(self, kind: str) -> bool:
        """Whether it happens this time."""
        chance: float = getattr(self.chaos, kind)
        return chance > 0 and self._random[kind].random() < chance

    def late(self, direction: str) -> float:
        """How many seconds a frame takes."""
        source = self._random[direction]
        is_late = source.random() < self.chaos.delay
        return source.random() * self.chaos.longest if is_late else 0.0


class ShakySocket:
    """A socket through such a network."""

    def __init__(self, socket: Socket, network: Network) -> None:
        self._socket = socket
        self._network = network
        self._owed: set[str] = set()
        self._frames = 0
        self._sending = 0
        self._arriving: asyncio.Queue[str | bytes | None] = asyncio.Queue()
        self._cutting: asyncio.Task[None] | None = None

    async def send(self, text: str) -> None:
        """Send a frame, perhaps late, perhaps twice; perhaps it is the last one.

        Raises:
            ConnectionError: If the socket is closing.
        """
        message = json.loads(text)
        self._note_sent(message)
        self._sending += 1
        try:
            await self._wait("delay")
            await self._socket.send(text)
            if message["type"] in TWICE and self._network.draws("duplicate"):
                await self._socket.send(text)
        finally:
            self._sending -= 1
        if self._may_cut() and self._network.draws("cut"):
            self._cutting = asyncio.create_task(self._cut_when_quiet())

    async def read(self, receive: Callable[[str | bytes], None]) -> int | None:
        """Hand over every frame, perhaps late, in order, until the socket closes."""
        delivering = asyncio.create_task(self._deliver(receive))
        try:
            code = await self._socket.read(self._arriving.put_nowait)
            self._arriving.put_nowait(None)
            await delivering
            return code
        finally:
            self._stop()
            delivering.cancel()

    async def close(self, code: int) -> None:
        """Close with a code."""
        self._stop()
        await self._socket.close(code)

    async def cut(self) -> None:
        """Lose the connection, without a close frame."""
        await self._socket.cut()

    async def _deliver(self, receive: Callable[[str | bytes], None]) -> None:
        while (raw := await self._arriving.get()) is not None:
            await self._wait("in")
            self._note_received(raw)
            receive(raw)

    async def _wait(self, direction: str) -> None:
        if seconds := self._network.late(direction):
            await asyncio.sleep(seconds)

    def _may_cut(self) -> bool:
        return self._cutting is None and self._network.cuts < MOST_CUTS

    @property
    def _is_busy(self) -> bool:
        """Whether something is in flight, in either direction, or owed."""
        return bool(self._owed or self._sending or self._arriving.qsize())

    async def _cut_when_quiet(self) -> None:
        frames = -1
        while frames != self._frames or self._is_busy:
            frames = self._frames
            await asyncio.sleep(BREATH)
        self._network.cuts += 1
        await self._socket.cut()

    def _stop(self) -> None:
        if self._cutting and self._cutting is not asyncio.current_task():
            self._cutting.cancel()

    def _note_sent(self, message: Mapping[str, Any]) -> None:
        """Keep what the application owes for a message: an ack, or a tool's output."""
        self._frames += 1
        data = message.get("data")
        if str(message["type"]).startswith(ACKED):
            self._owed.add(str(message["msgid"]))
        if isinstance(data, Mapping) and "tool_call_id" in data:
            self._owed.add(str(data["tool_call_id"]))

    def _note_received(self, raw: str | bytes) -> None:
        self._frames += 1
        try:
            frame = json.loads(raw)
        except ValueError:
            return  # whoever reads it will tell
        if isinstance(frame, Mapping):
            self._owed -= {str(frame.get("msgid")), str(frame.get("tool_call_id"))}
