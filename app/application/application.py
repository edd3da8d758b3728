"""Application: who answers a call on a path, and with what."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from inspect import getdoc
from typing import TYPE_CHECKING, Any, Generic, Literal, overload

from typing_extensions import TypeVar

from app.application.env import EnvVars
from app.application.found import Found
from app.application.handler import Handler, compile_handler
from app.protocol import ConfigurationError

if TYPE_CHECKING:
    from app.protocol import Adulting, CallStatus, Redirected
    from app.session import Session
    from app.verbs import Verb

S = TypeVar("S", default=Any)
E = TypeVar("E", bound=EnvVars, default=EnvVars)
F = TypeVar("F", bound=Callable[..., Any])
R = TypeVar("R")
if TYPE_CHECKING:
    Reply = Verb | Mapping[str, Any] | Sequence[Verb | Mapping[str, Any]]
    A = TypeVar("A", bound=Reply | Awaitable[Reply])
    M = TypeVar("M", bound=Reply | Awaitable[Reply | None] | None)
else:
    A, M = TypeVar("A"), TypeVar("M")

# First parts of the paths that the server answers itself.
RESERVED = ("v1", "api", "mcp", "livez", "readyz", "metrics", "openapi.json")
APOLOGY = "We are sorry, something went wrong. Please call again later."


class Application(Generic[S, E]):
    """A path on this server, with handlers that answer calls.

    ::

        weather = Application("/weather", state=State, env=Env)

        @weather.session_new
        async def answer(session: Session[State, Env]) -> Agent: ...

    Args:
        path: Path of the WebSocket URL; may hold parameters: ``/clinic/{branch}``.
        state: Called without arguments for the state of each call; a dataclass, for example.
        env: Env vars of the application, shown as a form in the jambonz portal.
        name: Name in logs and metrics; the path without one.
        env_body: The portal expects a bare map of env vars; ``"wrapped"`` answers
            ``{"env": {...}}``, as one other SDK does.
        apology: Said before hanging up when the handler of a new call fails.
        shared: Whether it answers the calls of every organisation; else it answers those of the
            default one, and to the others it is as if there were nothing on its path.

    Raises:
        ConfigurationError: The path does not begin with a slash, or an env var cannot be shown.
    """

    def __init__(
        self,
        path: str,
        *,
        state: Callable[[], S] | None = None,
        env: type[E] | None = None,
        name: str | None = None,
        env_body: Literal["bare", "wrapped"] = "bare",
        apology: str = APOLOGY,
        shared: bool = False,
    ) -> None:
        if not path.startswith("/"):
            raise ConfigurationError(f"application path {path!r}: begin it with a slash")
        if path.strip("/").split("/")[0] in RESERVED:
            raise ConfigurationError(
                f"application path {path!r} belongs to the server itself; choose another than "
                f"/{', /'.join(RESERVED)}"
            )
        self.path = path
        self.name = name or path
        self.apology = apology
        self.shared = shared
        self.env_model: type[EnvVars] = env or EnvVars
        self.handlers: dict[str, Handler] = {}
        self.named: dict[str, Handler] = {}
        # All of the folder, by name: for what another process has sent.
        self.found = Found()
        self.state_type = state
        schema = self.env_model.portal_schema()
        self.portal_body: Mapping[str, Any] = (
            {"env": schema} if schema and env_body == "wrapped" else schema
        )

    def __repr__(self) -> str:
        return f"Application({self.path!r})"

    @property
    def about(self) -> str:
        """What it is, in a line: the first of the docstring of its ``session_new``."""
        handler = self.handlers.get("session_new")
        lines = (getdoc(handler.function) or "").splitlines() if handler else []
        return lines[0] if lines else ""

    def make_state(self) -> Any:
        """The state of a new call; a dict when the application names no type."""
        return self.state_type() if self.state_type else {}

    def session_new(
        self, function: Callable[["Session[S, E]"], A]
    ) -> Callable[["Session[S, E]"], A]:
        """Answer a new call: return an Agent, verbs, or both in order. jambonz waits 5 s."""
        return self._register("session_new", function, takes_event=False)

    @overload
    def session_redirect(
        self, function: Callable[["Session[S, E]"], M]
    ) -> Callable[["Session[S, E]"], M]: ...
    @overload
    def session_redirect(
        self, function: Callable[["Session[S, E]", dict[str, Any]], M]
    ) -> Callable[["Session[S, E]", dict[str, Any]], M]: ...
    @overload
    def session_redirect(
        self, function: Callable[["Session[S, E]", "Redirected"], M]
    ) -> Callable[["Session[S, E]", "Redirected"], M]: ...
    def session_redirect(self, function: F) -> F:
        """Answer a call that was redirected here, or one of its legs.

        The event is the call info as it came, or where it is annotated so a ``Redirected``.
        """
        return self._register("session_redirect", function)

    def session_reconnect(
        self, function: Callable[["Session[S, E]"], R]
    ) -> Callable[["Session[S, E]"], R]:
        """Hear that jambonz is back after a lost socket; state and agent are as they were."""
        return self._register("session_reconnect", function, takes_event=False)

    @overload
    def session_adulting(
        self, function: Callable[["Session[S, E]"], M]
    ) -> Callable[["Session[S, E]"], M]: ...
    @overload
    def session_adulting(
        self, function: Callable[["Session[S, E]", dict[str, Any]], M]
    ) -> Callable[["Session[S, E]", dict[str, Any]], M]: ...
    @overload
    def session_adulting(
        self, function: Callable[["Session[S, E]", "Adulting"], M]
    ) -> Callable[["Session[S, E]", "Adulting"], M]: ...
    def session_adulting(self, function: F) -> F:
        """Take over a dialed leg that became a call of its own; verbs are sent as a redirect.

        The event is the call info as it came, or where it is annotated so an ``Adulting``.
        """
        return self._register("session_adulting", function)

    def call_status(
        self, function: Callable[["Session[S, E]", "CallStatus"], R]
    ) -> Callable[["Session[S, E]", "CallStatus"], R]:
        """Follow the progress of the call and of the legs that it dials."""
        return self._register("call_status", function, is_typed=True)

    @overload
    def on(self, name: str) -> Callable[[F], F]: ...
    @overload
    def on(self, name: str, function: F) -> F: ...

    def on(self, name: str, function: F | None = None) -> F | Callable[[F], F]:
        """Handle by name: a hook as written in a verb, a message type, or an agent event's type.

        The handler gets ``(session, data)``, with ``data`` as it came, or as an event class where
        the parameter is annotated with one. What it returns answers a message that wants an answer.
        """

        def register(function: F) -> F:
            if name in self.named:
                raise ConfigurationError(f"{self!r}: {name!r} has a handler already")
            self.named[name] = compile_handler(function)
            return function

        return register if function is None else register(function)

    def _register(
        self, kind: str, function: F, *, takes_event: bool = True, is_typed: bool = False
    ) -> F:
        if kind in self.handlers:
            raise ConfigurationError(
                f"{self!r}: {kind} is handled by {self.handlers[kind].name} already"
            )
        self.handlers[kind] = compile_handler(function, takes_event=takes_event, is_typed=is_typed)
        return function
