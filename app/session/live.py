"""One live call as the runtime sees it: its socket, its tasks, its agent, its end.

It outlives its socket: when jambonz loses the connection and comes back, the same session goes on.
What comes in is in ``inbound``, how verbs are answered in ``opening``, tool calls in ``tools``.
"""

import time
from collections.abc import Mapping
from typing import Any

from app.agent import Rendered, RenderedAgent
from app.application import Application, Handler
from app.hook import Hook
from app.lines import QUICK
from app.logs import mask_personal
from app.organisation import DEFAULT_ORGANISATION
from app.protocol import (
    MAX_ID,
    Kind,
    MalformedMessage,
    Message,
    decode,
)
from app.protocol.roles import HookRole
from app.session import inbound, opening, remarks, turns
from app.session.asked import Asked
from app.session.checkpoint import Keeping, capture
from app.session.events import EventQueue
from app.session.facts import E, S, text_of
from app.session.moving import move
from app.session.offers import Offers, Tools
from app.session.restoring import read_checkpoint, restore
from app.session.runtime import Runtime, Socket
from app.session.sending import SendingCall
from app.session.snapshot import take_snapshot
from app.session.speaker import Speaker
from app.session.tools import ToolCalls
from app.session.updates import follow_source
from app.session.user_code import UserCode
from app.tool import Tool, ToolSource
from app.verbs.render import add_roles

QUIETLY = frozenset({"ok", "tool_error", "bad_arguments"})  # outcomes of the author's own tools


class LiveCall(SendingCall[S, E]):
    """One live call: its facts, and all that runs for it."""

    __slots__ = (
        "_asked",
        "_began",
        "_children",
        "_events",
        "_first_msgid",
        "_handed_over",
        "_hooks",
        "_is_changed",
        "_is_prompt_split",
        "_keeping",
        "_lost_at",
        "_offered",
        "_owes_opening",
        "_release",
        "_roles",
        "_tool_calls",
        "_tts",
    )

    def __init__(
        self,
        application: Application[Any, Any],
        runtime: Runtime,
        *,
        path_params: Mapping[str, str] | None = None,
        organisation_id: str = DEFAULT_ORGANISATION,
    ) -> None:
        super().__init__(application, runtime, path_params, organisation_id)
        self._lost_at: float | None = None
        self._began = time.monotonic()
        self._first_msgid = ""
        self._hooks: dict[str, Hook[..., Any]] = {}
        self._roles: dict[str, frozenset[HookRole]] = {}
        self._asked: dict[str, Asked] = {}
        self._children: dict[str, str] = {}
        self._handed_over: frozenset[str] = (
            frozenset()
        )  # keys of legs that were given verbs of their own
        self._events = EventQueue(self)
        self._tool_calls = ToolCalls(self)
        self._is_prompt_split = False
        self._owes_opening = False  # the first message was let go, and its handler is still busy
        self._keeping = Keeping()
        self._is_changed = False  # since it was last captured
        self._release: opening.Release | None = None
        self._offered: Offers | None = None
        self._tts: Speaker | None = None  # most calls never speak by themselves

    @property
    def agent(self) -> RenderedAgent | None:
        """The agent that runs, or None."""
        return self._agents.current

    @property
    def last_agent(self) -> RenderedAgent | None:
        """The agent that runs, or ran last, or None."""
        return self._agents.last

    def follow_tools(self, source: ToolSource) -> None:
        """Offer tools anew, if some of them come from this source."""
        follow_source(self, source)

    # what it offers over MCP

    @property
    def _offers(self) -> Offers:
        if self._offered is None:
            self._offered = Offers()
        return self._offered

    def find_mcp_tools(self, token: str) -> Tools | None:
        """The tools that were offered under this token; None if none were, or the call is over."""
        is_offering = self._offered is not None and not self._is_over
        return self._offers.find(token) if is_offering else None

    async def call_mcp_tool(self, tool: Tool[..., Any], arguments: object) -> tuple[bytes, bool]:
        """Run a tool that was offered: the output as JSON, and whether it is an error."""
        return await self._tool_calls.ask(tool, arguments)

    # what it tells

    def _changed(self, *, soon: bool = False) -> None:
        """What the call would need to go on elsewhere is not what it was."""
        if self._is_changed and not soon:
            return  # as has been said, several times a turn
        keeper = self._runtime.keeper
        if keeper is not None and self.is_kept:
            self._is_changed = True
            keeper.changed(self, soon=soon)

    @property
    def is_kept(self) -> bool:
        """Whether it would go on elsewhere: from its first answer to its end."""
        return self._has_begun and not self._is_ended and not self._connection.is_opening

    def capture(self) -> bytes:
        """The call as bytes, for :meth:`restore` in another process."""
        self._is_changed = False
        return capture(self)

    def restore(self, data: bytes) -> None:
        """Be the call that was captured, once jambonz has come back to this process.

        Raises:
            CheckpointRefused: The bytes are damaged, or of another version or application.
        """
        restore(self, read_checkpoint(self, data))

    def moved(self) -> None:
        """The call goes on in another process; see :func:`move`."""
        move(self)

    async def rest_tools(self, grace: float) -> None:
        """Give the tools that run so many seconds to end; the rest goes on in another process."""
        await self._tool_calls.finish(grace)

    def go_on(self) -> None:
        """It is certain that the call is here, and stays: send what waited for that."""
        self._tool_calls.stay()
        self._flush()

    def _tool_called(
        self, call_id: str, name: str, result: bytes, outcome: str, seconds: float
    ) -> None:
        self._tool_count += 1
        runtime = self._runtime
        runtime.counters.tool_called(name, seconds, outcome)
        turns.note_tool(self, name, seconds)
        if runtime.tracer is not None:
            runtime.tracer.tool_called(self, call_id, name, result, outcome)
        milliseconds = round(seconds * 1000, 1)
        if outcome in QUIETLY:
            fields = {"tool": name, "outcome": outcome, "ms": milliseconds}
            QUICK.info("tool_called", self, fields)
        else:  # the name may be anybody's words
            self.log.info("tool_called", tool=name, outcome=outcome, ms=milliseconds)
        told = (call_id, name, result, outcome, milliseconds)
        runtime.feed.publish(self.key, "tool_output", told)
        self._changed()

    # the socket

    def attach(self, socket: Socket) -> None:
        """Go on over this socket."""
        self._socket = socket
        self._lost_at = None

    def receive(self, text: bytes) -> None:
        """Take one frame from jambonz; never raises for what the far end sends."""
        try:
            message = decode(text, time.monotonic())
        except MalformedMessage as error:
            self.log.warning(
                "malformed_message", reason=str(error), **{"pii.content": error.content}
            )
            return
        self.take(message, text)

    def take(self, message: Message, text: bytes) -> None:
        """Take one message, and the frame that it was read from."""
        if self._is_ended:
            return  # another session has the call, or this one could not be trusted
        if self._resuming is not None and message.kind is not Kind.SESSION_RECONNECT:
            self._resuming.keep(self, message, text)
            return
        if not self._connection.accept(message):
            self.log.info("message_repeated")
            self._flush()
            return
        if message.unknown:
            remarks.unknown_fields(self, message.type, message.unknown)
        if message.is_cut:
            self.log.warning("message_cut", type=message.type, fix="nest it less deeply")
        self._frame, release = text, self._release
        inbound.RECEIVERS[message.kind](self, message)
        self._frame = b""
        if release is not None and release is self._release:
            release.hear(self, message)
        if self._connection.has_frames:
            self._flush()
        if self._keeping.is_owing and not self._connection.is_unproven:
            self._keeping.is_owing = False
            self._changed()  # what it owed has arrived

    def lost(
        self, socket: Socket, *, cleanly: bool, is_over: bool, code: int | None = None
    ) -> None:
        """The socket is gone. ``is_over``: jambonz closed it as it does after a call."""
        if socket is not self._socket:
            return  # jambonz came back on another socket before this one was seen to break
        self._socket = None
        if is_over or self._is_over or not self._has_begun:
            self._leave_behind(is_over=is_over)
            self.end("completed")
            return
        self._connection.lost(cleanly=cleanly)
        self._lost_at = time.monotonic()
        self._runtime.waiting.add(self)
        self.log.warning("socket_lost", code=code, keep_seconds=self._runtime.limits.linger)
        self._publish("session", {"type": "lost"})

    def _leave_behind(self, *, is_over: bool) -> None:
        """It may have been taken over already: forget it, unless jambonz comes back once more."""
        keeper = self._runtime.keeper
        if self._resuming is not None and keeper is not None:
            patience = 0.0 if is_over else self._runtime.limits.linger
            self._loop.call_later(patience, keeper.over, self)

    def close(self, code: int, reason: str) -> None:
        """Close the socket; what that means for the call is up to the code."""
        if self._socket is not None:
            self._socket.close(code, reason)

    def end(self, reason: str) -> None:
        """The call is over: stop what still runs for it."""
        if self._is_ended:
            return
        self._stop()
        if self._has_begun:
            self._report_end(reason)
        self._end_feed()

    def _stop(self) -> None:
        """Nothing runs for the call any more, and nothing is sent."""
        self._is_ended = self._is_over = True
        self._agents.stop()
        self._tool_calls.report_cut()
        self._connection.end()
        if self._tts is not None:
            self._tts.end()
        last = self._events.finish()
        if last is None:
            self._runtime.waiting.discard(self)
        for task in [task for task in self._tasks if task is not last]:
            task.cancel()
        if self._runtime.live.get(self.key) is self:
            del self._runtime.live[self.key]

    def _end_feed(self) -> None:
        """Nothing more is told of this call, unless another session has it."""
        if self.key not in self._runtime.live:
            self._runtime.feed.end(self.key)

    def _report_end(self, reason: str) -> None:
        seconds = time.monotonic() - self._began
        self._runtime.feed.publish(self.key, "session", {"type": "ended", "reason": reason})
        self._runtime.counters.call_ended(self.application.path, seconds)
        if self._runtime.tracer is not None:
            self._runtime.tracer.call_ended(self, reason)
        if self._runtime.recorder is not None:
            self._runtime.recorder.call_ended(self, reason)
        if self._runtime.keeper is not None:
            self._runtime.keeper.over(self)
        ended = {"reason": reason, "seconds": round(seconds, 1), "turns": self._turns}
        QUICK.info("call_ended", self, ended)

    def sweep(self, now: float) -> None:
        """Look at the deadlines of this call; called some ten times a second while it has any."""
        if self._resuming is not None:
            self._resuming.sweep(self, now)
        for msgid in self._connection.overdue(now, self._runtime.limits.ack_deadline):
            opening.let_go(self, msgid)
        self._tool_calls.sweep(now)
        self._events.sweep(now)
        if self._release is not None:
            self._release.sweep(self, now)
        if self._tts is not None:
            self._tts.sweep(now)
        self._flush()
        if self._lost_at is not None and not self._is_ended:
            if now - self._lost_at > self._runtime.limits.linger:
                self.end("jambonz did not come back")
        elif self.is_at_rest:
            self._runtime.waiting.discard(self)

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing runs for the call and nothing is owed to jambonz."""
        is_quiet = not self._tasks and not self._connection.owes_acks
        is_quiet = is_quiet and (self._tts is None or self._tts.is_idle)
        return is_quiet and self._tool_calls.is_idle and self._release is None

    def snapshot(self) -> dict[str, Any]:
        """What a watcher may see of this call, as plain values."""
        return take_snapshot(self)

    # its beginning

    def _begin(self, message: Message) -> None:
        """Take over the facts of the first message and become visible."""
        self._meet(message)
        self._has_begun = True
        self._register()
        self._runtime.counters.call_started(self.application.path)
        self._runtime.feed.open(self.key)
        started = {"application": self.application.path, "by": message.type}
        personal = {"pii.from": self.from_, "pii.to": self.to}
        QUICK.info("call_started", self, {**started, "direction": self.direction}, personal)
        self._publish("session", {"type": message.type, "direction": self.direction})
        self._have_followed(message)

    def _meet(self, message: Message) -> None:
        """Take over the facts of the first message."""
        if self.call_sid != message.call_sid:  # statuses before it were of another call
            self._end_feed()
        self._learn(message, self._frame)
        self._first_msgid = message.msgid

    def _register(self) -> None:
        """Be the call of its key."""
        earlier = self._runtime.live.get(self.key)
        if earlier is not None and earlier is not self:
            earlier.end("replaced by a new session")
        self._runtime.live[self.key] = self

    def _have_followed(self, message: Message, *, is_resumed: bool = False) -> None:
        """Have the call recorded and traced, where somebody does that."""
        if self._runtime.recorder is not None:
            self._kept = self._runtime.recorder.call_started(self, is_resumed=is_resumed)
        if self._runtime.tracer is not None:
            self._runtime.tracer.call_started(self, message)

    def _leg_over(self) -> None:
        """The call itself is over; the socket's close follows."""
        self._is_over = True
        self._agents.stop()
        if not self._has_begun:
            self.log.info("call_never_began", status=self.call_status)
            if self._runtime.recorder is not None:  # nobody answered: that is a call, too
                self._runtime.recorder.call_started(self)
                self._runtime.recorder.call_ended(self, self.call_status)

    # its agent and its hooks

    def _apply(self, rendered: Rendered, *, is_replacing: bool = True) -> None:
        """Make the hooks and the tools of verbs known before jambonz can use them."""
        self._hooks.update(rendered.hooks)
        add_roles(self._roles, rendered.roles)
        if is_replacing and rendered.verbs:
            self._drop_held()
        self._agents.apply(rendered, is_replacing=is_replacing)
        self._changed()

    def _drop_held(self) -> None:
        """Other verbs replace those whose prompt was split: what was held for it has no use."""
        self._release, self._is_prompt_split = None, False
        self._connection.drop_updates()

    def _agent_ended(self, hook: str, data: Mapping[str, Any]) -> bool:
        """Take note of an agent's end; False if it is one that a redirect had replaced."""
        is_current = self._agents.end(hook, text_of(data, "verb_id"))
        self._changed()
        reason = text_of(data, "completion_reason") or text_of(data, "completionReason")
        error = mask_personal(str(data.get("error", "")))
        self.log.info(
            "agent_ended", reason=reason[:MAX_ID], error=error[:MAX_ID], replaced=not is_current
        )
        return is_current

    def _hook_for(self, message: Message) -> UserCode | None:
        """What answers a hook: a function that a verb refers to, or a handler by name.

        Last, a function of that label: another process may have sent the verb.
        """
        name, application = message.hook, self.application
        own = self._hooks.get(name) or application.named.get(name)
        return own or application.found.hooks.get(name)

    def _named_for(self, message: Message) -> Handler | None:
        """The handler by name of a tool call."""
        named = self.application.named
        return named.get(message.hook) or named.get("agent:tool-call") or named.get(message.type)
