"""What the sessions of one node share."""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import structlog

from app.agent import Rendered
from app.counters import Counters
from app.feed import Feed, Item
from app.protocol import MAX_FRAME, Message
from app.session.eager import Starter
from app.session.failures import Failures
from app.session.live_calls import LiveCalls
from app.session.quota import Quota
from app.session.stored import AgentSource
from app.vault import Vault

if TYPE_CHECKING:
    from app.session.live import LiveCall

MAX_SEEN = 1024
MAX_THREADS = 32

log = structlog.get_logger("cordboard.session")


class Socket(Protocol):
    """The way to jambonz, as a session sees it."""

    @property
    def is_open(self) -> bool:
        """Whether a frame that is written now can still arrive."""

    def send(self, frame: bytes) -> None:
        """Write one text frame; never waits, closes the socket when jambonz does not read."""

    def close(self, code: int, reason: str) -> None:
        """Begin the closing handshake."""

    async def closed(self) -> None:
        """Wait until the handshake is over."""


class Tracer(Protocol):
    """Who follows calls from within. Without one, a call pays for it with a look at None."""

    def call_started(self, session: "LiveCall[Any, Any]", message: Message) -> None:
        """A call began with this message."""

    def call_ended(self, session: "LiveCall[Any, Any]", reason: str) -> None:
        """It is over."""

    def heard(self, session: "LiveCall[Any, Any]", message: Message) -> None:
        """An event of the agent came."""

    def turn_ended(self, session: "LiveCall[Any, Any]", data: Mapping[str, Any]) -> None:
        """A turn ended with this ``turn_end``."""

    def tool_started(
        self, session: "LiveCall[Any, Any]", call_id: str, name: str, arguments: object
    ) -> None:
        """A tool call begins; called in the task that runs it."""

    def tool_called(
        self, session: "LiveCall[Any, Any]", call_id: str, name: str, result: bytes, outcome: str
    ) -> None:
        """A tool call was answered, also one that never began."""


class Recorder(Protocol):
    """Who writes down what happened in calls."""

    def call_started(
        self, session: "LiveCall[Any, Any]", *, is_resumed: bool = False
    ) -> list[Item]:
        """A call began, or came from another process; gives the list its entries are kept in."""

    def call_moved(self, session: "LiveCall[Any, Any]") -> None:
        """It goes on in another process."""

    def call_ended(self, session: "LiveCall[Any, Any]", reason: str) -> None:
        """It is over."""


class Keeper(Protocol):
    """Who keeps what calls need to go on in another process. Nothing here blocks a call."""

    def changed(self, session: "LiveCall[Any, Any]", *, soon: bool = False) -> None:
        """A call has changed: its checkpoint is written within 100 ms, or at once."""

    async def settled(self, session: "LiveCall[Any, Any]") -> bool:
        """Wait until all that is known of a call by now is durable; False where it cannot be."""

    async def take_over(self, session: "LiveCall[Any, Any]") -> bytes | None:
        """The checkpoint of a call that jambonz brings back and that was not here, if there is one.

        From then on the call is this node's. It may take a minute while nobody knows.
        """

    async def hand_over(self, session: "LiveCall[Any, Any]", *, grace: float) -> None:
        """Let a call go to another node: its tools have so many seconds to end."""

    def over(self, session: "LiveCall[Any, Any]") -> None:
        """A call has ended: nothing of it is kept any more."""

    def is_certain(self, now: float) -> bool:
        """Whether this node can know which calls are its own, at a monotonic time.

        It cannot after it was frozen for so long that others may have taken them.
        """

    def doubts(self, since: float) -> bool:
        """Where it cannot: whether that concerns a call that this node has had since then."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of a call; times in seconds.

    Attributes:
        max_frame: Bytes of a frame that jambonz accepts.
        ack_deadline: After this a message gets a safe answer; jambonz gives up at 5.
        linger: How long a call is kept after its socket broke.
        hook_timeout: How long an event hook may run before the next event has its turn.
        tool_hook_timeout: How long a handler by name may leave a tool call unanswered.
        max_calls: Calls that are live at once; one more is refused.
        max_tools: Tool calls of one call that run at once.
        max_events: Events of one call that wait for their hooks.
        result_limit: Bytes of JSON of a tool's result.
        slow_turn: A turn that took longer is explained in the log.
    """

    max_frame: int = MAX_FRAME
    ack_deadline: float = 4.0
    linger: float = 60.0
    hook_timeout: float = 30.0
    tool_hook_timeout: float = 10.0
    max_calls: int = 20_000
    max_tools: int = 16
    max_events: int = 512
    result_limit: int = 4096
    slow_turn: float = 2.0


class Threads(ThreadPoolExecutor):
    """Sync functions of authors run here, not in the loop's own pool, which DNS needs.

    When all are busy, the next functions wait: the deadlines of what they answer are kept all the
    same, and the log says so.
    """

    def __init__(self) -> None:
        super().__init__(max_workers=MAX_THREADS, thread_name_prefix="user-code")
        self._begun: set[Future[Any]] = set()

    def submit(self, call: Callable[..., Any], /, *args: Any, **options: Any) -> Future[Any]:
        """Run a function as soon as a thread is free."""
        future = super().submit(call, *args, **options)
        self._begun.add(future)
        future.add_done_callback(self._begun.discard)
        if len(self._begun) == MAX_THREADS + 1:
            log.warning(
                "threads_exhausted",
                threads=MAX_THREADS,
                fix="sync functions run for too long: bound what they wait for, or make them async",
            )
        return future


@dataclass(slots=True)
class Runtime:
    """Shared by all sessions of a node.

    Attributes:
        live: Sessions by their keys, those waiting for a reconnect included.
        quota: How many there may be on all nodes together.
        waiting: Sessions with a deadline; one sweeper looks at them, instead of a timer each.
        failures: Which failures of authors' code have been told with a traceback.
        tracer: Who follows them from within, if anybody does.
        recorder: Who writes them down, if anybody does.
        keeper: Who keeps what they need to go on in another process, if anybody does.
        base_url: How jambonz reaches this server over HTTP.
        secret: Signs the addresses of what calls offer over MCP.
        vault: Seals what verbs hold of credentials where a call is kept, if there is one.
        agents: Where agents come from that are kept as data, if this node has any.
        handed_over: What dialed legs were given to run, until they are calls of their own; by key.
    """

    feed: Feed = field(default_factory=Feed)
    counters: Counters = field(default_factory=Counters)
    limits: Limits = field(default_factory=Limits)
    threads: Threads = field(default_factory=Threads)
    live: LiveCalls = field(default_factory=LiveCalls)
    quota: Quota = field(default_factory=Quota)
    waiting: set["LiveCall[Any, Any]"] = field(default_factory=set)
    tracer: Tracer | None = None
    recorder: Recorder | None = None
    keeper: Keeper | None = None
    base_url: str = ""
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    vault: Vault | None = None
    agents: AgentSource | None = None
    handed_over: dict[str, Rendered] = field(default_factory=dict)
    failures: Failures = field(default_factory=Failures)
    _seen: set[str] = field(default_factory=set)
    _starter: Starter | None = None

    @property
    def starter(self) -> Starter:
        """Begins what runs for the calls; belongs to the loop that runs when it is first used."""
        if self._starter is None:
            self._starter = Starter(asyncio.get_running_loop())
        return self._starter

    def close(self) -> None:
        """Stop what runs beside the calls, as the last thing that a node does."""
        self.threads.shutdown(wait=False, cancel_futures=True)
        if self._starter is not None:
            self._starter.close()

    def hand_over(self, leg: str, rendered: Rendered) -> None:
        """Keep what a leg was given; the oldest is forgotten where they are many."""
        self.handed_over[leg] = rendered
        if len(self.handed_over) > MAX_SEEN:
            del self.handed_over[next(iter(self.handed_over))]

    def is_news(self, name: str) -> bool:
        """True the first time that this node sees ``name``: what is odd is logged once."""
        if name in self._seen or len(self._seen) >= MAX_SEEN:
            return False
        self._seen.add(name)
        return True

    def forget_news(self) -> None:
        """Everything is news again, as after a reload."""
        self._seen.clear()
