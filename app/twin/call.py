"""One call as its caller lives it: say, hear, press, interrupt, hang up, and look behind it."""
# ruff: noqa: ASYNC109  (a test says how long it waits; all waits are made by Log.until)

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

from app.twin.dialect import by_hand
from app.twin.errors import CallRefused, WaitFailed
from app.twin.expect import Expect
from app.twin.far_end import Outcome, Party, party
from app.twin.leg import Leg
from app.twin.log import Entry
from app.twin.opening import begin
from app.twin.plays.dialled import DialSeat


class TwinCall:
    """A call that the twin made; also a context manager that hangs up at its end.

    Everything that waits has a time limit (`Pace.patience`, or its own `timeout`) and fails with a
    `WaitFailed` that shows the last entries of the log.

    Attributes:
        log: Every `Entry` so far.
        spoken: All that the caller heard, one text for each verb or reply.
        acks: Every ack that the application sent.
        commands: Every command that it sent.
        errors: The data of every `jambonz:error` that the twin sent.
        events: The data of every agent event that the twin sent.
        expect: What a test expects of the call: `call.expect.tool("get_weather")`.
    """

    def __init__(self, leg: Leg) -> None:
        self.leg = leg
        self.log: list[Entry] = leg.log.entries
        self.spoken: list[str] = leg.voice.spoken
        self.acks: list[dict[str, Any]] = leg.acks
        self.commands: list[dict[str, Any]] = leg.commands
        self.errors: list[dict[str, Any]] = leg.errors
        self.events: list[dict[str, Any]] = leg.events
        self.expect = Expect(self.log, leg.mark.get("leg", ""))
        self._heard = 0
        self._streamed = 0
        self._taken: set[int] = set()
        self._reconnects = 0
        self._child: TwinCall | None = None
        self._grown = 0

    @property
    def call_sid(self) -> str:
        """The id of this leg."""
        return self.leg.info.call_sid

    @property
    def account_sid(self) -> str:
        """The account that the call belongs to."""
        return self.leg.info.account_sid

    @property
    def is_over(self) -> bool:
        """Whether the call has ended."""
        return self.leg.is_over

    @property
    def is_streaming(self) -> bool:
        """Whether the stream is open that the application feeds with text of its own."""
        return self.leg.stream.is_open

    @property
    def end_reason(self) -> str:
        """Why the call ended; empty while it lasts."""
        return self.leg.end_reason

    @property
    def effects(self) -> dict[str, Any]:
        """What took effect, under the name of its command: the data that was sent.

        Besides: `recording` is `on`, `paused` or `off`; `tracks` holds what each dubbed track
        plays; `config` holds all that `config` set; `fork` is `paused` or `running`.
        """
        return self.leg.effects

    async def begin(self, answer: Outcome | Party = "stays") -> None:
        """Dial the application; `Twin.call` does it.

        Raises:
            CallRefused: If the call does not come about.
        """
        reason = await begin(self.leg, party(answer))
        if reason:
            await self.leg.close()
            raise CallRefused(reason, self)

    async def say(
        self, text: str, *, confidence: float = 0.97, timeout: float | None = None
    ) -> str:
        """Speak as the caller, once it is quiet, and return what was answered.

        Returns when the turn is over: the agent or a `gather` waits for the caller again, nothing
        is left to do, or the call has ended.
        """
        await self._my_turn("say", timeout)
        mark = len(self.spoken)
        self.leg.ears.hear(text, confidence)
        return await self._answer(mark, timeout)

    async def interrupt(
        self, text: str = "", *, seconds: float | None = None, timeout: float | None = None
    ) -> str:
        """Barge in on what is being said now, and return the answer to `text`.

        Where nothing is being said it is an ordinary `say`. Speech of so many `seconds`, or a noise
        without a text, is held to `bargeIn.minSpeechDuration`; without seconds it interrupts.
        """
        self._still_on("interrupt")
        if not self.leg.ears.barge_in(text, seconds):
            return await self.say(text, timeout=timeout) if text else ""
        return await self._answer(len(self.spoken), timeout)

    def interrupt_after(self, words: int, text: str = "", *, seconds: float | None = None) -> None:
        """Barge in on the next reply as soon as `words` words of it were spoken."""
        self.leg.voice.cut_after = words
        self.leg.voice.barge = lambda: self.leg.ears.barge_in(text, seconds)

    def let_finish(self) -> None:
        """Take an `interrupt_after` back that has found nothing to cut."""
        self.leg.voice.cut_after = None

    async def settled(self, *, timeout: float | None = None) -> None:
        """Wait until it is the caller's turn: all was said, or the call is over."""
        await self._settled(timeout)

    async def dtmf(self, digits: str, *, timeout: float | None = None) -> str:
        """Press keys, once somebody waits for the caller, and return what was answered."""
        await self._my_turn("dtmf", timeout)
        mark = len(self.spoken)
        self.leg.ears.press(digits)
        return await self._answer(mark, timeout)

    async def silence(self, seconds: float | None = None, *, timeout: float | None = None) -> str:
        """Say nothing for some seconds, and return what was said then.

        Without seconds it is long enough that the agent or the `gather` at work gives up waiting.
        A virtual clock jumps over them.
        """
        await self._my_turn("silence", timeout)
        mark = len(self.spoken)
        if seconds is None:
            self.leg.ears.fall_silent()
        else:
            await self.leg.clock.pass_by(seconds)
        return await self._answer(mark, timeout)

    def trace_hash(self) -> str:
        """A fingerprint of all that happened, with its virtual times: the same seed, the same hash.

        It means nothing on a real clock.
        """
        return self.leg.log.fingerprint()

    async def heard(self, *, timeout: float | None = None) -> str:
        """Wait for the next thing said to the caller, and return it.

        What `say`, `interrupt`, `dtmf` and `silence` returned has been heard already.
        """
        await self._until(lambda: len(self.spoken) > self._heard, "something to hear", timeout)
        self._heard += 1
        return self.spoken[self._heard - 1]

    async def bridged(self, *, timeout: float | None = None) -> None:
        """Wait until others hear this call: in a dial, out of a queue, in a conference."""
        self._still_on("bridged")
        await self._until(lambda: self.leg.is_bridged, "a bridge", timeout)

    async def streamed(self, *, timeout: float | None = None) -> str:
        """Wait for the next reply that the application streamed, and return what was heard of it.

        A reply ends with its `tts:flush`, once all is spoken, or where it is cleared or cut.
        """
        replies = self.leg.stream.replies
        await self._until(lambda: len(replies) > self._streamed, "a streamed reply", timeout)
        self._streamed += 1
        return replies[self._streamed - 1]

    async def event(self, type: str, **fields: Any) -> None:  # noqa: A002  (the wire's word)
        """Send an agent event by hand, in the twin's dialect."""
        self._still_on("event")
        self.leg.hooks.event(by_hand({"type": type, **fields}))

    async def tool_call(
        self,
        name: str,
        arguments: Mapping[str, Any],
        *,
        tool_call_id: str | None = None,
        timeout: float | None = None,
    ) -> Any:
        """Send a tool call by hand and return the data of its output."""
        self._still_on("tool_call")
        future = self.leg.tools.ask(name, arguments, tool_call_id)
        await self._until(future.done, f"the output of {name}", timeout)
        return future.result()

    async def hook(self, name: str, **data: Any) -> list[dict[str, Any]]:
        """Send a `verb:hook` by hand and return the verbs of its ack, which are not run.

        Raises:
            WaitFailed: If no ack comes, as jambonz would find it.
        """
        self._still_on("hook")
        return await self.leg.hooks.by_hand(name, data)

    async def updates(self, n: int = 1, *, timeout: float | None = None) -> list[str]:
        """Wait until `n` `agent:update` commands came in all; return the types of all of them."""
        await self._until(lambda: len(self._updates()) >= n, f"{n} agent updates", timeout)
        return self._updates()

    async def command(
        self, name: str | None = None, *, timeout: float | None = None
    ) -> dict[str, Any]:
        """Wait for the next command (of that name), and return its frame; each is given once."""
        found: list[int] = []

        def done() -> bool:
            found[:] = [
                i
                for i, frame in enumerate(self.commands)
                if i not in self._taken and name in (None, frame["command"])
            ][:1]
            return bool(found)

        await self._until(done, f"command {name}" if name else "a command", timeout)
        self._taken.add(found[0])
        return self.commands[found[0]]

    async def drop(self, *, code: int | None = None) -> None:
        """Lose the socket, without a close frame or with a `code`; the twin redials by itself."""
        self._still_on("drop")
        await self.leg.line.drop(code)

    async def reconnected(self, *, timeout: float | None = None) -> None:
        """Wait until a `session:reconnect` was acked that this method has not told of yet."""
        await self._until(
            lambda: self.leg.reconnects > self._reconnects, "a reconnect that is acked", timeout
        )
        self._reconnects += 1

    async def ended(self, *, timeout: float | None = None) -> str:
        """Wait for the end of the call, and return why it ended."""
        limit = self.leg.pace.patience if timeout is None else timeout
        await self.leg.log.until(lambda: self.leg.is_closed, "the end of the call", limit)
        return self.end_reason

    async def hangup(self) -> None:
        """Hang up as the caller; returns when the application was told and the socket closed."""
        await self.leg.end("the caller hung up", by="caller")
        await self.ended()

    async def far_hangup(self) -> None:
        """Let the party ring off that the application dialled."""
        child = await self._bridged("somebody to ring off", None)
        await child.end("the callee rang off", by="caller")

    async def hold(self, *, is_held: bool = True) -> None:
        """Put the other side of a dial on hold, or take it back."""
        (await self._dial_seat("hold")).hold(is_held=is_held)

    async def refer(self, to: str) -> None:
        """Ask, from within a dial, to be transferred to somebody else."""
        (await self._dial_seat("refer")).refer(to)

    async def child(self, *, timeout: float | None = None) -> "TwinCall":
        """Wait until somebody picked up whom the application dialled, and return their call.

        It speaks, presses keys, hears and hangs up as any call does.
        """
        leg = await self._bridged("somebody who picks up", timeout)
        if self._child is None or self._child.leg is not leg:
            self._child = TwinCall(leg)
        return self._child

    async def close(self) -> None:
        """Hang up, where the call is not over, and release everything."""
        await self.leg.end("the caller hung up", by="caller")
        await self.leg.close()

    def subscribe(self, callback: Callable[[Entry], None]) -> None:
        """Call back with every later `Entry`, as it is logged."""
        self.leg.log.subscribe(callback)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def adulting(self, *, timeout: float | None = None) -> "TwinCall":
        """Wait until a dialled leg acked `session:adulting`, and return it as a call of its own.

        Each is given once. It has a socket of its own, and goes on when this call ends.
        """

        def grown() -> list[Leg]:
            return [leg for leg in self.leg.children if leg.grew_up]

        limit = self.leg.pace.patience if timeout is None else timeout
        await self.leg.log.until(lambda: len(grown()) > self._grown, "session:adulting", limit)
        self._grown += 1
        return TwinCall(grown()[self._grown - 1])

    async def _dial_seat(self, what: str) -> DialSeat:
        self._still_on(what)
        await self._until(lambda: isinstance(self.leg.listener, DialSeat), "a dial", None)
        seat = self.leg.listener
        if not isinstance(seat, DialSeat):
            raise self._too_late(what)
        return seat

    async def _bridged(self, what: str, timeout: float | None) -> Leg:
        """Wait for a dialled leg that was picked up."""
        self._still_on(what)

        def picked_up() -> bool:
            child = self.leg.child
            return child is not None and child.info.answered is not None and not child.is_over

        await self._until(picked_up, what, timeout)
        child = self.leg.child
        if child is None:
            raise self._too_late(what)
        return child

    def _updates(self) -> list[str]:
        commands = (frame for frame in self.commands if frame["command"] == "agent:update")
        return [str(dict(frame["data"]).get("type")) for frame in commands]

    def _still_on(self, what: str) -> None:
        if self.leg.is_over:
            raise self._too_late(what)

    def _too_late(self, what: str) -> WaitFailed:
        return self.leg.log.failure(f"{what}: the call is over ({self.end_reason})")

    async def _my_turn(self, what: str, timeout: float | None) -> None:
        self._still_on(what)
        await self._settled(timeout)
        self._still_on(what)

    async def _settled(self, timeout: float | None) -> None:
        limit = self.leg.pace.patience if timeout is None else timeout
        while True:
            await self.leg.log.until(lambda: self.leg.is_settled, "the caller's turn", limit)
            await self.leg.clock.rest()
            if self.leg.is_settled:
                return

    async def _answer(self, mark: int, timeout: float | None) -> str:
        await self._settled(timeout)
        self._heard = len(self.spoken)
        return " ".join(self.spoken[mark:])

    async def _until(self, done: Callable[[], bool], what: str, timeout: float | None) -> None:
        limit = self.leg.pace.patience if timeout is None else timeout
        await self.leg.log.until(lambda: done() or self.leg.is_over, what, limit)
        if not done():
            raise self._too_late(what)
