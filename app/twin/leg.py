"""One call on the platform: its socket, its verbs, its voice, its end."""

import asyncio
from collections.abc import Coroutine, Mapping
from typing import TYPE_CHECKING, Any

from app.twin import commands, media, settings
from app.twin.address import Address, DialFailed
from app.twin.bridge import Seat
from app.twin.callinfo import CallInfo
from app.twin.dialect import DIALECTS
from app.twin.ears import Ears
from app.twin.ending import hang_up, tell_end
from app.twin.far_end import FarEnd, Party
from app.twin.hooks import Hooks
from app.twin.line import Line
from app.twin.listener import Listener
from app.twin.log import Log
from app.twin.pending import NoAck
from app.twin.platform import Platform
from app.twin.plays import is_answering, perform
from app.twin.stack import Stack, Verb
from app.twin.tools import ToolDesk
from app.twin.tts import TtsStream
from app.twin.vocabulary import BadInstruction
from app.twin.voice import Voice
from app.twin.wire import BadFrame, read

if TYPE_CHECKING:
    from app.twin.agent.agent import Agent
    from app.twin.plays.background import BackgroundGather
    from app.twin.speech.speech import Speech


class Leg:
    """One leg of a call and everything that it owns.

    A dialled leg has a `parent`, whose socket and log it uses until it becomes a call of its own.
    """

    def __init__(
        self,
        url: str,
        info: CallInfo,
        platform: Platform,
        *,
        far_end: FarEnd,
        statuses: bool,
        parent: "Leg | None" = None,
    ) -> None:
        self.url = url
        self.info = info
        self.platform = platform
        self.pace = platform.pace
        self.far_end = far_end
        self.party = Party()
        self.amd: Mapping[str, Any] = {}
        self.statuses = statuses
        self.parent = parent
        self.mark = {"leg": info.call_sid} if parent else {}
        self.clock = platform.clock
        self.log: Log = parent.log if parent else Log(self.clock)
        self.voice = Voice(self.log, self.pace.speech_rate, self.mark)
        self.voice.barge = lambda: self.ears.barge_in("")
        self.dialect = DIALECTS[platform.dialect]
        self.ears = Ears(self)
        self.hooks = Hooks(self)
        self.tools = ToolDesk(self)
        self.stream = TtsStream(self)
        self.stack = Stack(self.perform, self._stack_changed)
        self.line: Line = parent.line if parent else self._new_line(url)
        self.status_line: Line = parent.status_line if parent else self.line
        self.lines = [] if parent else [self.line]
        self.acks: list[dict[str, Any]] = []
        self.commands: list[dict[str, Any]] = []
        self.errors: list[dict[str, Any]] = parent.errors if parent else []
        self.events: list[dict[str, Any]] = []
        self.effects: dict[str, Any] = {}
        self.listener: Listener | None = None
        self.background: BackgroundGather | None = None
        self.agent: Agent | None = None
        self.speech: Speech | None = None
        self.child: Leg | None = None
        self.children: list[Leg] = []
        self.event_hook: Any = None
        self.tool_hook: Any = None
        self.notifies = False
        self.early_recording: Mapping[str, Any] | None = None  # asked for before the answer
        self.fork_is_running = False
        self.stack_waits = False
        self.is_adult = False  # a dialled leg that goes, or went, its own way
        self.grew_up = False
        self.is_over = False
        self.is_closed = False
        self.end_reason = ""
        self.reconnects = 0
        self._tasks: set[asyncio.Task[Any]] = set()
        self._ending: asyncio.Task[None] | None = None
        self._at_work = 0

    def dial_out(self, info: CallInfo) -> "Leg":
        """Make a leg to somebody whom this one dials."""
        self.child = Leg(
            self.url,
            info,
            self.platform,
            far_end=self.far_end,
            statuses=self.statuses,
            parent=self,
        )
        self.children.append(self.child)
        return self.child

    def sibling(self, url: str, info: CallInfo) -> "Leg":
        """Make a call of its own, on the same platform."""
        return Leg(url, info, self.platform, far_end=self.far_end, statuses=self.statuses)

    def start(self, verbs: list[Verb]) -> None:
        """Begin to run verbs."""
        self.stack.append(verbs)
        self.spawn(self._run_verbs())

    def put(self, verbs: list[Verb]) -> None:
        """Replace what is left to run, or begin to run."""
        if self.stack.has_begun:
            self.stack.replace(verbs)
        else:
            self.start(verbs)

    @property
    def is_bridged(self) -> bool:
        """Whether others hear it: in a dial, out of a queue, in a conference."""
        return isinstance(self.listener, Seat)

    async def _run_verbs(self) -> None:
        try:
            await self.stack.run()
        except (NoAck, DialFailed) as failure:
            self.finish(f"a hook failed: {failure}")
        except BadInstruction as failure:
            self.finish(str(failure))

    async def perform(self, verb: Verb) -> None:
        """Run one verb, which answers the call where it needs media."""
        if is_answering(verb):
            self.answer()
        await perform(self, verb)

    @property
    def is_settled(self) -> bool:
        """Whether it is the caller's turn: all is done, or somebody waits for the caller.

        Or it is the turn of the party that is dialled, who is asked for a key, say.
        """
        if self.is_over:
            return True
        if self._at_work or self.stream.is_speaking:
            return False
        askers = (self.listener, self.child.listener if self.child else None)
        waiting = self.stack_waits or any(one is not None and one.is_waiting for one in askers)
        return waiting or (self.stack.has_begun and self.stack.is_idle)

    def answer(self) -> None:
        """Answer an inbound call that is not answered yet."""
        if self.info.answered is None:
            self.status("in-progress", 200, "OK")
            media.begin_recording(self)

    def status(self, call_status: str, sip_status: int, reason: str, **extra: Any) -> None:
        """Change the A leg's status and tell it."""
        self.info.set_status(call_status, sip_status, reason)
        self.tell_status(self.info, **extra)

    def tell_status(self, info: CallInfo, **extra: Any) -> None:
        """Send a call:status about a leg, if the application has a status hook."""
        data = info.common() | extra
        self.log.add("status", data)
        if self.statuses:
            self.status_line.send("call:status", data)

    def verb_status(self, of: Verb, event: str, **extra: Any) -> None:
        """Send a verb:status, if `notifyEvents` is on."""
        if self.notifies:
            label = {"id": of["id"]} if "id" in of else {}
            self.line.send("verb:status", {"event": event, **extra, **label})

    def error(self, msg: str, details: str = "", **extra: Any) -> None:
        """Send a jambonz:error."""
        data = {"msg": msg, **({"details": details} if details else {}), **extra}
        self.errors.append(data)
        self.log.add("error", data)
        self.line.send("jambonz:error", data)

    def configure(self, properties: Mapping[str, Any]) -> None:
        """Set what the config verb or command sets."""
        self.log.note("config takes effect", config=dict(properties))
        self.effects["config"] = {**self.effects.get("config", {}), **properties}
        self.notifies = bool(properties.get("notifyEvents", self.notifies))
        settings.apply(self, properties)

    async def sleep(self, seconds: float) -> None:
        """Let time pass, scaled by the pace."""
        await self.clock.sleep(seconds * self.pace.scale)

    def spawn(self, work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        """Run something in the background until the call is closed."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(self.log.watch)
        return task

    def spawn_work(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run something in the background that keeps the call from being settled."""

        def done(_: object) -> None:
            self._at_work -= 1
            self.log.poke()

        self._at_work += 1
        self.spawn(work).add_done_callback(done)

    def receive(self, line: Line, raw: str | bytes) -> None:
        """Take a frame of the application."""
        try:
            frame = read(raw)
        except BadFrame as bad:
            text = raw if isinstance(raw, str) else raw.decode(errors="replace")
            self.log.add("received", {"raw": text})
            self.error("InvalidMessage", str(bad), content=text)
            return
        self.log.add("received", frame)
        if frame["type"] == "command":
            self.commands.append(frame)
            commands.handle(self, frame)
            return
        known = line.ack(frame["msgid"], frame.get("data"))
        if not known:
            again = any(ack["msgid"] == frame["msgid"] for ack in self.acks)
            text = "second ack of a msgid, dropped" if again else "late or unknown ack, dropped"
            self.log.note(text, msgid=frame["msgid"])
        self.acks.append(frame)

    def reconnected(self) -> None:
        """Count a session:reconnect that was acked."""
        self.reconnects += 1
        self.log.poke()

    def reconnect_failed(self) -> None:
        """Hang up: the application did not ack session:reconnect."""
        self.finish("no ack to session:reconnect")

    def given_up(self, line: Line) -> None:
        """Let the verbs run out, then hang up: the application closed with 1000."""
        if line is self.line:
            self.log.note("the application gave up control")
            self._stack_changed()

    async def introduce(self, url: str) -> "asyncio.Future[Any]":
        """Open a dialled leg's own socket and send session:adulting; return the ack's future.

        Raises:
            DialFailed: If the socket stays shut.
        """
        line = self._new_line(url)
        await line.dial()
        self.line = self.status_line = line
        self.lines.append(line)
        parent = self.parent.info.common() if self.parent else {}
        data = self.info.common() | {"parent_call_info": parent}
        return line.request("session:adulting", data)

    async def move(self, url: str, status_hook: str | None) -> Any:
        """Open a socket to another application; return the data of its ack.

        Raises:
            DialFailed, NoAck: If it does not answer.
        """
        line = self._new_line(url)
        await line.dial()
        self.line = line
        self.lines.append(line)
        if status_hook:
            self.status_line = line
        return await line.request("session:redirect", self.info.common(), url)

    def finish(self, reason: str, *, by: str = "jambonz") -> None:
        """Begin the end of the call; harmless when it has begun."""
        if not self.is_over:
            self.is_over = True
            self.end_reason = reason
            self.log.poke()
            if not self.lines:  # it has no socket that the end could wait for
                tell_end(self, by)
            self._ending = asyncio.get_running_loop().create_task(self._end(by))
            self._ending.add_done_callback(self.log.watch)

    async def end(self, reason: str, *, by: str = "jambonz") -> None:
        """End the call, and return when the application was told and the socket closed."""
        self.finish(reason, by=by)
        if self._ending:
            await asyncio.wait({self._ending})

    async def close(self) -> None:
        """Release everything; the call is over."""
        if self._ending:
            await asyncio.wait({self._ending})
        for line in self.lines:
            await line.close()
        await self._stop_tasks()
        for child in self.children:
            await child.close()

    async def _end(self, by: str) -> None:
        await self._stop_tasks()
        await hang_up(self, by)

    async def _stop_tasks(self) -> None:
        self.stream.halt()
        tasks = {task for task in self._tasks if task is not asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _stack_changed(self) -> None:
        self.log.poke()
        if self.line.state == "given up" and self.stack.has_begun and self.stack.is_idle:
            self.finish("the application gave up control")

    def _new_line(self, url: str) -> Line:
        return Line(Address.parse(url), self.platform.dialling(), self)
