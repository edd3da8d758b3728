"""Hooks: functions that hear events during a verb, or answer when it ends.

The annotation is the subscription::

    @event_hook
    async def count(session: Session[State], turn: TurnEnd) -> None: ...

    @action_hook
    async def say_goodbye(session: Session[State], ended: AgentEnded) -> list[Verb]: ...

A hook is a value that an agent or verb refers to. The name it has on the wire, its ``label``, is
made from module and function; two closures of one function share it (give them ``name``).
"""

import re
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Generic, Literal, ParamSpec, TypeVar, Union, overload

from pydantic_core import CoreSchema, core_schema

from app.protocol import asked, ended, events, llm_events, streaming
from app.signature import (
    MISSING,
    Parameter,
    Unresolved,
    caller_names,
    did_you_mean,
    is_async,
    read_parameters,
    read_returns,
    refuse,
    require_function,
)

P = ParamSpec("P")
R = TypeVar("R")
Role = Literal["session", "event"]

EVENT_CLASSES: dict[str, type] = {
    kind.__name__: kind
    for kind in (
        *events.EVENT_TYPES.values(),
        *(streaming.TtsStreamEvent, streaming.TtsSpoken, streaming.TtsTokensResult),
        *(events.OtherEvent, llm_events.LlmEvent),
    )
}
# Told to a hook of a verb and waiting for no answer: an event hook may hear them too.
HEARD = (
    *(asked.ConferenceEvent, asked.DtmfPressed, asked.ReferStatus),
    *(asked.TranscriptHeard, asked.TranslationHeard),
)
EVENT_CLASSES |= {kind.__name__: kind for kind in HEARD}
ENDED_CLASSES: dict[str, type] = {
    kind.__name__: kind
    for kind in (*vars(ended).values(), *vars(asked).values())
    if isinstance(kind, type) and issubclass(kind, ended.VerbEnded)
}
BOTH: "tuple[Role, ...]" = ("session", "event")
ANYTHING = (MISSING, object, Any, events.AgentEvent)


@dataclass(frozen=True, slots=True, eq=False)
class Hook(Generic[P, R]):
    """A decorated function; called as the plain function it is, with its types kept.

    Attributes:
        function: What was decorated.
        name: Its Python name, or the ``name`` given to the decorator.
        label: What stands for it on the wire, ``/module.name``.
        kind: ``event`` hears events, ``action`` answers a verb.
        events: Event hook: the event classes it hears, never empty. Action hook: the result
            classes in its annotation, empty where it takes any.
        is_async: Whether ``call`` gives an awaitable; if not, it may block.
        order: What its parameters receive.
        returns: The annotation of what it returns, resolved; ``MISSING`` where there is none.
    """

    function: Callable[P, R]
    name: str
    label: str
    kind: Literal["event", "action"]
    events: tuple[type, ...]
    is_async: bool
    order: tuple[Role, ...]
    returns: object = MISSING

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the plain function, as a test does."""
        return self.function(*args, **kwargs)

    @property
    def wants_session(self) -> bool:
        """Whether the function takes the session."""
        return "session" in self.order

    def call(self, session: object, event: object) -> Any:
        """Call with what the function asked for; gives its value, or an awaitable of it."""
        function: Callable[..., Any] = self.function
        if self.order == BOTH:  # nearly always, and quicker than what follows
            return function(session, event)
        match self.order:
            case ("event", "session"):
                return function(event, session)
            case ("session",):
                return function(session)
            case ("event",):
                return function(event)
        return function()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> CoreSchema:
        """As a field of a pydantic model (annotated ``Hook``, bare), it is taken as it is."""
        return core_schema.is_instance_schema(cls)


@overload
def event_hook(function: Callable[P, R], /) -> Hook[P, R]: ...
@overload
def event_hook(*, name: str | None = None) -> Callable[[Callable[P, R]], Hook[P, R]]: ...
def event_hook(function: Any = None, /, *, name: str | None = None) -> Any:
    """Hear events while a verb runs; the annotation of the event parameter says which.

    An event class, a union of several, or nothing (also ``object``, ``AgentEvent``) for all.
    The parameter that is annotated ``Session`` or named ``session`` receives the session.

    Args:
        function: The function, where the decorator is used bare.
        name: Makes the label ``/name`` instead of one from module and function.

    Raises:
        ConfigurationError: The signature cannot be served; the text names the fix.
    """
    return decorate(function, "event", name, caller_names())


@overload
def action_hook(function: Callable[P, R], /) -> Hook[P, R]: ...
@overload
def action_hook(*, name: str | None = None) -> Callable[[Callable[P, R]], Hook[P, R]]: ...
def action_hook(function: Any = None, /, *, name: str | None = None) -> Any:
    """Answer when a verb ends or asks for input: return the verbs to go on with.

    The result parameter and the session may each be left out.

    Args:
        function: The function, where the decorator is used bare.
        name: Makes the label ``/name`` instead of one from module and function.

    Raises:
        ConfigurationError: The signature cannot be served; the text names the fix.
    """
    return decorate(function, "action", name, caller_names())


def decorate(
    function: Callable[..., Any] | None,
    kind: Literal["event", "action"],
    name: str | None,
    names: dict[str, object],
) -> Any:
    """The decorator's two forms, bare and with options."""
    if function is None:
        return lambda given: make_hook(given, kind, name, names)
    return make_hook(function, kind, name, names)


def make_hook(
    function: Callable[P, R],
    kind: Literal["event", "action"],
    name: str | None,
    names: dict[str, object],
) -> Hook[P, R]:
    """Read the signature, once."""
    require_function(f"{kind}_hook", function)
    parameters = read_parameters(function, names, EVENT_CLASSES | ENDED_CLASSES)
    event = find_event(function, kind, parameters)
    read = read_subscription if kind == "event" else read_results
    return Hook(
        function=function,
        name=name or function.__name__,
        label=make_label(function, name),
        kind=kind,
        events=read(function, event) if event else (),
        is_async=is_async(function),
        order=find_order(function, parameters, event),
        returns=read_returns(function, names),
    )


def make_label(function: Callable[..., object], name: str | None) -> str:
    """The name on the wire: ``/hooks.weather.say_goodbye``; only ``A-Z a-z 0-9 . _ / -``."""
    if name is not None:
        if not re.fullmatch(r"/?[A-Za-z0-9._-][A-Za-z0-9._/-]{0,99}", name):
            raise refuse(function, f"name {name!r} may hold only letters, digits and . _ - /")
        return "/" + name.removeprefix("/")
    # A hyphen cannot stand in a Python name, so different paths never give one label.
    path = f"{function.__module__}.{function.__qualname__}".replace("<locals>", "-")
    return "/" + re.sub(r"[^A-Za-z0-9._-]", lambda odd: f"-{ord(odd.group()):x}", path)


def find_event(
    function: Callable[..., object], kind: str, parameters: tuple[Parameter, ...]
) -> Parameter | None:
    """The parameter that receives the event; with a default only if it is annotated as one."""
    for found in parameters:
        if found.kind is found.kind.KEYWORD_ONLY and found.is_required:
            raise refuse(function, f"`{found.name}` is keyword-only; hooks are called by position")
    taking = [found for found in parameters if not found.is_session and receives_event(found)]
    if len(taking) > 1:
        both = ", ".join(f"`{found.name}`" for found in taking)
        raise refuse(
            function,
            f"takes {both}; a hook takes a session and one event. Annotate the session as "
            "`Session`, and give any further parameter a default",
        )
    if not taking and kind == "event":
        raise refuse(
            function,
            "takes no event; add a parameter whose annotation is the subscription, "
            "for example `turn: TurnEnd`",
        )
    return taking[0] if taking else None


def receives_event(found: Parameter) -> bool:
    """Whether a parameter is one that the event must or may fill."""
    if found.kind is found.kind.KEYWORD_ONLY:
        return False
    known = {*EVENT_CLASSES.values(), *ENDED_CLASSES.values()}
    return found.is_required or any(part in known for part in parts_of(found.annotation))


def find_order(
    function: Callable[..., object], parameters: tuple[Parameter, ...], event: Parameter | None
) -> tuple[Role, ...]:
    """What each leading parameter receives."""
    injected = [found for found in parameters if found.is_session or found is event]
    if sum(found.is_session for found in injected) > 1:
        raise refuse(function, "takes the session twice; keep one `Session` parameter")
    if list(parameters[: len(injected)]) != injected:
        raise refuse(function, "session and event come first; move parameters with defaults last")
    return tuple("session" if found.is_session else "event" for found in injected)


def read_subscription(function: Callable[..., object], event: Parameter) -> tuple[type, ...]:
    """The event classes that an event hook hears."""
    if event.annotation in ANYTHING:
        return tuple(EVENT_CLASSES.values())
    parts = parts_of(event.annotation)
    for part in parts:
        if part not in EVENT_CLASSES.values():
            raise refuse(function, explain_no_event(event.name, part))
    return tuple(part for part in parts if isinstance(part, type))


def read_results(function: Callable[..., object], event: Parameter) -> tuple[type, ...]:
    """The result classes that an action hook names; other annotations are the author's affair."""
    parts = parts_of(event.annotation)
    for part in parts:
        if part in EVENT_CLASSES.values() and part not in HEARD:
            known = ", ".join(ENDED_CLASSES)
            raise refuse(
                function,
                f"`{event.name}: {show(part)}` is an agent event: use @event_hook. An action hook "
                f"receives how a verb ended: {known}",
            )
    return tuple(part for part in parts if part in ENDED_CLASSES.values())  # type: ignore[misc]


def explain_no_event(name: str, found: object) -> str:
    """Why an annotation is no subscription, and what would be one."""
    known = ", ".join(EVENT_CLASSES)
    if found in ENDED_CLASSES.values():
        return f"`{name}: {show(found)}` tells how a verb ended: use @action_hook"
    if found is events.CallStatus:
        return f"`{name}: CallStatus` comes to the application: use its @….call_status"
    near = did_you_mean(show(found).rpartition(".")[2], EVENT_CLASSES) or "."
    return f"`{name}` is annotated {show(found)}, which is no agent event{near} There are: {known}"


def parts_of(annotation: object) -> tuple[object, ...]:
    """The members of a union, flat and without None; of anything else, itself."""
    origin = typing.get_origin(annotation)
    if origin is Annotated:
        return parts_of(typing.get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        inner = (parts_of(part) for part in typing.get_args(annotation))
        return tuple(part for parts in inner for part in parts if part is not type(None))
    return (annotation,)


def show(annotation: object) -> str:
    """An annotation as its author wrote it, more or less."""
    if isinstance(annotation, Unresolved):
        return annotation.text
    return annotation.__name__ if isinstance(annotation, type) else repr(annotation)
