"""A network that behaves badly: frames are late, messages come twice, sockets are lost.

What the parts of a call say may come in another order than usual, too: see `app.twin.lanes`.

It does only what jambonz and the network between may do to an application that is in order: acks
stay within their limit unless `longest` says otherwise, and a socket is lost when nothing is in
flight, so that nothing can be lost which neither side would send again.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from app.twin.address import DialFailed
from app.twin.clock import Clock
from app.twin.lanes import IN_PLACE, lane_of
from app.twin.road import Road
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
    2: {"delay": 0.3, "duplicate": 0.1, "reorder": 0.1},
    3: {"delay": 0.3, "duplicate": 0.1, "reorder": 0.1, "cut": 0.1, "redial": 0.3},
}
"""What each level does, and how often."""

KINDS = ("delay", "duplicate", "reorder", "cut", "redial")


class BadChaos(ValueError):
    """What was asked for is no chaos; the message is one line that says why."""


@dataclass(frozen=True, slots=True)
class Chaos:
    """How badly the network behaves; each number is a chance from 0 to 1.

    Attributes:
        delay: Of a frame to be late, in either direction.
        duplicate: Of a message to come twice.
        reorder: Of a message to be late and overtaken by what other parts of the call say.
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
    reorder: float = 0.0

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
        delay, duplicate, reorder, cut, redial = (chances.get(kind, 0.0) for kind in KINDS)
        return cls(delay, duplicate, cut, redial, longest, reorder=reorder)

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
        outputs: The tool calls without an output: it may come over another socket.
    """

    def __init__(self, chaos: Chaos, line: int) -> None:
        self.chaos = chaos
        self.cuts = 0
        self.outputs: set[str] = set()
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
        return ShakySocket(socket, self, dialling.clock)

    def draws(self, kind: str) -> bool:
        """Whether it happens this time."""
        chance: float = getattr(self.chaos, kind)
        return chance > 0 and self._random[kind].random() < chance

    def late(self, direction: str) -> float:
        """How many seconds a frame takes."""
        source = self._random[direction]
        is_late = source.random() < self.chaos.delay
        return source.random() * self.chaos.longest if is_late else 0.0

    def aside(self) -> float | None:
        """How many seconds a message takes that others may overtake; None: nothing overtakes it."""
        return (
            self._random["reorder"].random() * self.chaos.longest if self.draws("reorder") else None
        )


class ShakySocket:
    """A socket through such a network."""

    def __init__(self, socket: Socket, network: Network, clock: Clock) -> None:
        self._socket = socket
        self._network = network
        self._clock = clock
        self._acks: set[str] = set()  # which come over this socket or not at all
        self._frames = 0
        self._there = Road(clock)
        self._back = Road(clock)
        self._prompt: set[str] = set()  # what is answered without delay
        self._tasks = {asyncio.create_task(self._there.run(self._write))}
        self._is_cutting = False
        self._is_cut = False

    async def send(self, text: str) -> None:
        """Send a frame, which may be late, or come twice; perhaps it is the last one."""
        message = json.loads(text)
        self._frames += 1
        acks, outputs = _asked(message)
        self._acks |= acks
        self._network.outputs |= outputs
        owed = acks | outputs
        late = self._network.late("delay")
        if message["type"] == "session:reconnect":  # others wait for it, and hold the clock
            self._prompt, late = owed, 0.0
        lane = lane_of(message)
        aside = self._network.aside() if lane != IN_PLACE else None
        if aside is None:
            self._there.put(text, late, len(owed), lane)
        else:
            self._there.put(text, aside, len(owed), lane, is_aside=True)
        if message["type"] in TWICE and self._network.draws("duplicate"):
            self._there.put(text, lane=lane)
        if not self._is_cutting and self._network.cuts < MOST_CUTS and self._network.draws("cut"):
            self._is_cutting = True
            self._tasks.add(asyncio.create_task(self._cut_when_quiet()))

    async def read(self, receive: Callable[[str | bytes], None]) -> int | None:
        """Hand over every frame, perhaps late, in order, until the socket closes."""

        async def arrive(raw: str | bytes) -> None:
            self._network.outputs -= _answered(raw)
            receive(raw)

        self._tasks.add(asyncio.create_task(self._back.run(arrive)))
        try:
            code = await self._socket.read(self._take)
            if not self._is_cut:  # otherwise what was on its way is lost
                await self._all_arrived()
            return code
        finally:
            self._stop()

    async def _all_arrived(self) -> None:
        """Let time pass until the last frame is there: no other comes over this socket."""
        missing = len(self._network.outputs)
        self._clock.lend(missing)
        try:
            await self._back.emptied()
        finally:
            self._clock.lend(-missing)

    async def close(self, code: int) -> None:
        """Close with a code, once all has arrived that was sent."""
        await self._there.emptied()
        await self._socket.close(code)
        self._stop()

    async def cut(self) -> None:
        """Lose the connection, without a close frame, and what is still on its way to us."""
        self._is_cut = True
        await self._socket.cut()

    async def _write(self, frame: str | bytes) -> None:
        with suppress(ConnectionError):  # it is lost with the socket, as on any network
            await self._socket.send(str(frame))

    def _take(self, raw: str | bytes) -> None:
        self._frames += 1
        answered = _answered(raw) & (self._acks | self._network.outputs)
        self._acks -= answered
        late = self._network.late("in")
        self._back.put(raw, 0.0 if answered & self._prompt else late, len(answered))

    async def _cut_when_quiet(self) -> None:
        frames = -1
        while frames != self._frames or self._is_busy:
            frames = self._frames
            await self._clock.sleep(BREATH)
        self._network.cuts += 1
        await self._socket.cut()

    @property
    def _is_busy(self) -> bool:
        """Whether something is on its way, or owed."""
        is_owed = bool(self._acks or self._network.outputs)
        return is_owed or not (self._there.is_empty and self._back.is_empty)

    def _stop(self) -> None:
        for task in self._tasks - {asyncio.current_task()}:
            task.cancel()


def _asked(message: Mapping[str, Any]) -> tuple[set[str], set[str]]:
    """What the application owes for a message: an ack, a tool's output, or both."""
    data = message.get("data")
    acks, outputs = set(), set()
    if str(message["type"]).startswith(ACKED):
        acks.add(str(message["msgid"]))
    if isinstance(data, Mapping) and "tool_call_id" in data:
        outputs.add(str(data["tool_call_id"]))
    return acks, outputs


def _answered(raw: str | bytes) -> set[str]:
    """What a frame of the application gives."""
    try:
        frame = json.loads(raw)
    except ValueError:
        return set()  # whoever reads it will tell
    keys = ("msgid", "tool_call_id")
    return {str(frame[key]) for key in keys if key in frame} if isinstance(frame, dict) else set()
