"""CallKeeper: what sessions know as their ``Keeper``."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import structlog

from app.bus import Bus, BusUnavailable, Node
from app.checkpoint.counting import Counting
from app.checkpoint.kept import Call
from app.checkpoint.pulse import Pulse
from app.checkpoint.reach import Reach
from app.checkpoint.writer import Writer
from app.logs import Event

__all__ = ["AskHandOver", "CallKeeper"]

SETTLE_SECONDS: Final = 1.0
TAKE_OVER_SECONDS: Final = 60.0
"""For how long a call waits for what it remembers, while the table of calls does not answer."""
# jambonz hangs up when session:reconnect has not been answered for 5 s.
ASK_SECONDS: Final = 2.2
SILENT_SECONDS: Final = 5.0
RETRY_SECONDS: Final = 0.25
MOST_TRIES: Final = 20

log = structlog.get_logger("cordboard.checkpoint")

AskHandOver = Callable[[Node, str, float], Awaitable[bool | None]]
"""Ask a node to hand over the call with a key, for so many seconds at most.

Whether it has; None where it does not answer.
"""


async def ask_nobody(_node: Node, _key: str, _patience: float) -> None:
    """There is no way to other nodes."""


class CallKeeper:
    """Keeps the calls of one node; see :class:`app.session.runtime.Keeper`.

    Args:
        bus: Where checkpoints go, and who owns what.
        node_id: The name of this node.
        live: Its calls by key.
        counting: What happens is counted.
        reach: Whether the bus answers.
        lease: Seconds after which others may think that this node is gone.
        ask_hand_over: The way to a living owner.
        clock: Monotonic seconds.

    Attributes:
        ask_hand_over: As given; may be set later.
        is_certain: Whether this node was not frozen for so long, at a monotonic time, that others
            may have taken its calls.
    """

    def __init__(
        self,
        bus: Bus,
        node_id: str,
        live: Mapping[str, Call],
        counting: Counting,
        reach: Reach,
        *,
        lease: float,
        ask_hand_over: AskHandOver = ask_nobody,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._bus = bus
        self._node_id = node_id
        self._live = live
        self._counting = counting
        self._reach = reach
        self.ask_hand_over = ask_hand_over
        self._writer = Writer(bus, node_id, live, counting, reach)
        self._dirty = self._writer.dirty
        self._pulse = Pulse(lease, self._look, self._go_on, clock)
        self.is_certain = self._pulse.is_certain  # asked before each frame: no call in between
        self._taking: dict[str, Call] = {}
        self._silent: dict[str, float] = {}  # nodes that did not answer, and until when

    # what sessions call

    def changed(self, session: Call, *, soon: bool = False) -> None:
        """A call has changed: its checkpoint is written within 100 ms, or at once."""
        self._dirty.add(session)
        if soon:
            self._writer.urge(session)

    async def settled(self, session: Call) -> bool:
        """Wait until all that is known of a call by now is durable; False where it cannot be."""
        if self._reach.is_away:
            self._dirty.add(session)
            return False
        try:
            async with asyncio.timeout(SETTLE_SECONDS):
                return await self._writer.wait(session)
        except TimeoutError:
            return False

    def over(self, session: Call) -> None:
        """A call has ended: nothing of it is kept any more."""
        self._writer.over(session)

    def doubts(self, began: float) -> bool:
        """Where it is not certain: whether that concerns a call that began here at that time."""
        return began <= self._pulse.until

    async def take_over(self, session: Call) -> bytes | None:
        """Own a call that jambonz brings back; its checkpoint, if there is one.

        A living owner is asked first, so that its tools need not run again. Of two sessions that
        jambonz brings the same call to, the later one has it, and the earlier one ends.
        """
        key = session.key
        self._taking[key] = session
        try:
            async with asyncio.timeout(TAKE_OVER_SECONDS):
                return await self._take_over(session)
        except TimeoutError:
            log.error(Event.TAKE_OVER_FAILED, call_sid=session.call_sid, seconds=TAKE_OVER_SECONDS)
            return None
        finally:
            if self._taking.get(key) is session:
                del self._taking[key]

    async def _take_over(self, session: Call) -> bytes | None:
        key, has_asked = session.key, False
        while True:
            try:
                if not has_asked:
                    owner = await self._bus.owner(key)
                    has_asked = True
                    if owner is not None and owner.node is not None:
                        await self._ask(owner.node, key)
                taken = await self._bus.take_over(key, self._node_id)
                break
            except BusUnavailable as error:
                self._reach.lost(error)
                await asyncio.sleep(RETRY_SECONDS)
        self._reach.answered()
        if self._taking.get(key) is not session:
            session.moved()
            raise asyncio.CancelledError  # whoever awaits this is a task of that session
        if taken is None:
            return None
        self._writer.adopt(session, taken.epoch)
        self._counting.taken_over()
        log.info(Event.CALL_TAKEN_OVER, call_sid=session.call_sid, node=taken.node_id)
        return taken.checkpoint

    async def _ask(self, node: Node, key: str) -> None:
        """Have a living owner let a call go; where it does not, it is taken all the same."""
        if node.id == self._node_id or not node.address:
            return
        if time.monotonic() < self._silent.get(node.id, 0.0):
            return  # all its calls come at once: only the first ones wait for it
        has_gone = await self.ask_hand_over(node, key, ASK_SECONDS)
        if has_gone is None:
            self._silent[node.id] = time.monotonic() + SILENT_SECONDS
        if not has_gone:
            log.warning(Event.HAND_OVER_REFUSED, node=node.id, silent=has_gone is None)

    async def hand_over(self, session: Call, *, grace: float) -> None:
        """Let a call go to another node: its tools have so many seconds to end.

        It stays where its last checkpoint cannot be written: nobody could go on with it.
        """
        await session.rest_tools(grace)
        for _ in range(MOST_TRIES):
            is_durable = not session.is_kept or await self.settled(session)
            if self._live.get(session.key) is not session:
                return  # it ended meanwhile, or another node has it
            if not is_durable:
                log.warning(Event.HAND_OVER_FAILED, call_sid=session.call_sid)
                session.go_on()
                return
            if self._writer.is_clean(session):
                break
        self.let_go(session)

    def let_go(self, session: Call) -> None:
        """A call goes on elsewhere, with the checkpoint that was written last."""
        self._writer.forget(session)
        session.moved()

    # its tasks

    @property
    def is_away(self) -> bool:
        """Whether the bus does not answer."""
        return self._reach.is_away

    async def keep(self) -> None:
        """Write and beat until cancelled; one task for each node."""
        await asyncio.gather(self._writer.keep(), self._pulse.keep())

    async def close(self, *, patience: float = 1.0) -> None:
        """The node ends: write what is left, and let all calls go."""
        self._writer.take_all()
        try:
            async with asyncio.timeout(patience):
                await self._writer.write()
        except (TimeoutError, BusUnavailable):
            log.error(Event.CHECKPOINTS_FAILED, calls=len(self._live))
        for session in [*self._live.values()]:
            self.let_go(session)

    async def _look(self) -> None:
        """Frozen for too long: find out which calls are still here, before a word is said."""
        doubtful = [*self._live.values()]
        log.warning(Event.NODE_WAS_FROZEN, calls=len(doubtful))
        self._writer.is_doubting = True
        while doubtful:
            written = await asyncio.gather(*(self._writer.wait(one) for one in doubtful))
            pairs = zip(doubtful, written, strict=True)
            doubtful = [one for one, is_written in pairs if not is_written]
            try:
                doubtful = [one for one in doubtful if not await self._has(one)]
            except BusUnavailable as error:
                self._reach.lost(error)
                await asyncio.sleep(RETRY_SECONDS)
        self._writer.is_doubting = False

    async def _has(self, session: Call) -> bool:
        """Whether a call that could not be written is here; it ends if another node has it."""
        if self._live.get(session.key) is not session:
            return True  # it ended: nothing is left to be known
        owner = await self._bus.owner(session.key)
        if owner is not None and owner.node_id != self._node_id:
            self._counting.fenced()
            self.let_go(session)
        return True

    def _go_on(self) -> None:
        for session in [*self._live.values()]:
            session.go_on()
