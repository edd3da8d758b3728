"""The twin: it dials an application as jambonz would, call by call."""

import asyncio
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from random import Random
from types import TracebackType
from typing import Any, Literal, Self

from app.llm import ChatModel, Keys
from app.mcp import Pin
from app.twin.board import Switchboard
from app.twin.call import TwinCall
from app.twin.callinfo import CallInfo
from app.twin.chaos import Chaos
from app.twin.clock import Clock, ClockName, RealClock, VirtualClock
from app.twin.dialect import DialectName
from app.twin.far_end import FarEnd, Outcome, Party
from app.twin.ids import Ids
from app.twin.leg import Leg
from app.twin.pace import Pace
from app.twin.platform import Platform
from app.twin.queues import Queue
from app.twin.rooms import Room
from app.twin.signal import expect

MAX_FRAME = 24576
"""The largest frame that jambonz takes, in bytes."""


class Twin:
    """Plays jambonz for any jambonz WebSocket application, over a real socket.

    Args:
        url: Where the application listens, such as `ws://127.0.0.1:3000`; a path is kept, and a
            fragment holds the retry settings, as `#rc=2&rp=ct,5xx`.
        model: The language model of every agent. Where it is None, the vendor that the verb names
            is asked, if there is a key for it; else the keyless `offline` model plays.
        keys: Credentials by vendor, such as `{"openai": {"apiKey": …}}`, for verbs without `auth`.
        summarize_turns: After so many turns each, the older part of an agent's history is replaced
            by a summary (jambonz: `JAMBONES_PIPELINE_SUMMARIZE_TURNS`); 0 never does it.
        dialect: How agents' events and tool calls look on the wire. `agent`: `agent:event` with
            `llm_response` and the schema's latency keys. `docs`: the same with `agent_response`
            and `stt_ms` keys. `llm`: `llm:event` and `llm:tool-call` with `args`. `hook`:
            `verb:hook` for both, each awaiting its ack.
        username: Name for basic auth of the upgrade; None sends none.
        password: Password for basic auth.
        max_frame: Frames above this many bytes make the twin close with 1009.
        ack_timeout: Seconds that a request waits for its ack.
        understands_agent: False refuses the agent verb, as open-source jambonz 0.9 does.
        pace: Every other duration.
        account_sid: The account of all its calls; made up where it is None.
        tls: The TLS context for `wss`; None verifies with the system's certificates.
        chaos: How badly the network behaves; None for one without faults.
        clock: `virtual` jumps over what is only waiting, and stands still while anybody owes
            something; `real` is the time of the machine.
        seed: Makes the same ids, and draws the same times, for each twin that has it; other ones
            each time where it is None.
        is_idle: Whether the application has done all that it was asked for a call, by its
            `call_sid`, where that can be seen: in one process. A virtual clock waits for it.
        pin: For applications of others: gives the address to connect to for a host and a port, or
            raises `PermissionError`. Hooks and MCP servers are then asked there only, sockets are
            opened to `url` only, and a model with an address of its own is played offline.
    """

    def __init__(
        self,
        url: str,
        *,
        model: ChatModel | None = None,
        keys: Keys | None = None,
        summarize_turns: int = 0,
        dialect: DialectName = "agent",
        username: str | None = None,
        password: str | None = None,
        max_frame: int = MAX_FRAME,
        ack_timeout: float | None = None,
        understands_agent: bool = True,
        pace: Pace | None = None,
        account_sid: str | None = None,
        tls: ssl.SSLContext | None = None,
        chaos: Chaos | None = None,
        clock: ClockName = "real",
        seed: int | str | None = None,
        is_idle: Callable[[str], bool] | None = None,
        pin: Pin | None = None,
    ) -> None:
        pace = pace or Pace()
        ids = Ids(seed)
        self.url = url
        self.account_sid = account_sid or ids.sid()
        self.calls: list[TwinCall] = []
        self._is_idle = is_idle or (lambda _: True)
        time: Clock = RealClock()
        if clock == "virtual":
            time = VirtualClock(
                self._is_busy,
                self._is_quiet,
                repeats=seed is not None and is_idle is not None,
            )
        self._placed = 0
        self.platform = Platform(
            model=model,
            dialect=dialect,
            credentials=(username, password or "") if username is not None else None,
            max_frame=max_frame,
            understands_agent=understands_agent,
            pace=pace if ack_timeout is None else replace(pace, ack=ack_timeout),
            tls=tls,
            keys=keys or {},
            summarize_turns=summarize_turns,
            chaos=chaos,
            pin=pin,
            home=url,
            clock=time,
            ids=ids,
            chance=Random(seed),  # noqa: S311  (how long things take is no secret)
            board=Switchboard(time),
        )

    @property
    def legs(self) -> list[Leg]:
        """The first leg of every call, those that the application made included."""
        return [*(call.leg for call in self.calls), *self.platform.board.placed]

    def _is_busy(self) -> bool:
        """Whether anything goes on that time should pass for."""
        return not all(leg.is_settled for leg in self.legs)

    def _is_quiet(self) -> bool:
        return all(self._is_idle(leg.info.call_sid) for leg in self.legs if not leg.is_closed)

    async def call(
        self,
        path: str = "",
        *,
        from_: str = "+15085551212",
        to: str = "+16175550100",
        direction: Literal["inbound", "outbound"] = "inbound",
        env: Mapping[str, Any] | None = None,
        tag: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        caller_name: str = "",
        answer: Outcome | Party = "stays",
        far_end: Sequence[Outcome | Party] = ("answer",),
        amd: Mapping[str, Any] | None = None,
        statuses: bool = True,
    ) -> TwinCall:
        """Call the application; return once it acked `session:new` and its first verbs run.

        Args:
            path: Added to the twin's URL, such as `/weather`.
            from_: The caller's number.
            to: The dialled number.
            direction: `outbound` plays a call that the application made over REST: `call:status`
                comes before `session:new`.
            env: Values of the application's environment variables.
            tag: The `customerData` of the call.
            headers: SIP headers of the INVITE, beside the usual ones.
            caller_name: The display name.
            answer: What the called party of an outbound call does, or who it is.
            far_end: What the parties do that the application dials or transfers to, in order.
            amd: Answering-machine detection, as the application asked for it over REST.
            statuses: False plays an application without a status hook: no `call:status`.

        Raises:
            CallRefused: If the call does not come about; `.call` holds its log.
        """
        info = CallInfo.new(
            from_=from_,
            to=to,
            direction=direction,
            account_sid=self.account_sid,
            env=env,
            tag=tag,
            headers=headers,
            caller_name=caller_name,
            ids=self.platform.ids,
            clock=self.platform.clock,
        )
        leg = Leg(
            join(self.url, path), info, self.platform, far_end=FarEnd(far_end), statuses=statuses
        )
        leg.amd = dict(amd or {})
        if self.platform.model:
            leg.spawn(self.platform.model.prewarm())
        call = TwinCall(leg)
        self.calls.append(call)
        await call.begin(answer)
        return call

    async def placed(self, *, limit: float = 5.0) -> TwinCall:
        """Wait for the next call that an application made by the `dial` command, and return it.

        Raises:
            WaitFailed: If none is made within `limit` seconds.
        """
        board = self.platform.board
        await expect(board.signal, lambda: len(board.placed) > self._placed, "a placed call", limit)
        call = TwinCall(board.placed[self._placed])
        self._placed += 1
        self.calls.append(call)
        return call

    @property
    def cuts(self) -> int:
        """How many sockets the network's chaos has lost."""
        return sum(network.cuts for network in self.platform.networks)

    def queue(self, name: str) -> Queue:
        """The queue of that name, whether a call waits in it or not."""
        return self.platform.board.queue(name)

    def conference(self, name: str) -> Room:
        """The conference of that name, whether it has begun or not."""
        return self.platform.board.room(name)

    async def close(self) -> None:
        """Hang up every call that is still there and release its sockets."""
        others = [TwinCall(leg) for leg in self.platform.board.placed[self._placed :]]
        await asyncio.gather(*(call.close() for call in [*self.calls, *others]))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()


def join(url: str, path: str) -> str:
    """Add a path to a URL that may end in a slash, a query or a fragment."""
    if not path:
        return url
    address, hash_, fragment = url.partition("#")
    base, mark, query = address.partition("?")
    joined = f"{base.rstrip('/')}/{path.lstrip('/')}"
    if "?" not in joined:
        joined += mark + query
    return joined if "#" in joined else joined + hash_ + fragment
