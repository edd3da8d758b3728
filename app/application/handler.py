"""A handler: an author's function, its signature read once at registration."""

import inspect
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.hook import ENDED_CLASSES, EVENT_CLASSES, Hook, parts_of
from app.protocol import CallStatus, ConfigurationError, JambonzError, VerbStatus
from app.signature import is_async

# What a handler may ask for in place of the data as it came.
TYPED: tuple[type, ...] = (
    *EVENT_CLASSES.values(),
    *ENDED_CLASSES.values(),
    *(CallStatus, JambonzError, VerbStatus),
)


@dataclass(frozen=True, slots=True)
class Handler:
    """What an application does with one kind of message.

    Attributes:
        function: The author's function.
        name: Its name, for logs.
        is_async: Sync functions run in a thread.
        takes: How many of (session, event) it takes.
        is_typed: Whether it asks for an event class instead of the data as it came.
        events: The event classes that its annotation names: it hears these and no others.
    """

    function: Callable[..., Any]
    name: str
    is_async: bool
    takes: int
    is_typed: bool
    events: tuple[type, ...] = ()

    def call(self, session: object, event: object) -> Any:
        """Call the function with as much as it takes."""
        return self.function(*(session, event)[: self.takes])


def compile_handler(
    function: Callable[..., Any], *, takes_event: bool = True, is_typed: bool = False
) -> Handler:
    """Read the signature of ``function``: ``(session)`` or ``(session, event)``.

    With ``is_typed`` it gets an event class whatever its annotation says. A hook is taken as it is.

    Raises:
        ConfigurationError: It cannot be called so.
    """
    if isinstance(function, Hook):
        name, events = function.name, function.events
        return Handler(function.call, name, function.is_async, 2, is_typed=True, events=events)
    name = getattr(function, "__name__", repr(function))
    parameters = [
        one
        for one in inspect.signature(function).parameters.values()
        if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)
    ]
    required = [one for one in parameters if one.default is one.empty]
    most = 2 if takes_event else 1
    if len(required) > most:
        wanted = "(session, event)" if takes_event else "(session)"
        given = ", ".join(one.name for one in parameters)
        raise ConfigurationError(f"handler {name}({given}): write it as {name}{wanted}")
    takes = min(len(parameters), most)
    events = classes_in(function, parameters[1]) if takes == 2 else ()
    return Handler(function, name, is_async(function), takes, is_typed or bool(events), events)


def classes_in(function: Callable[..., Any], parameter: inspect.Parameter) -> tuple[type, ...]:
    """The event classes that an annotation names; none if it names something else too."""
    annotation = parameter.annotation
    if isinstance(annotation, str):
        try:
            annotation = typing.get_type_hints(function).get(parameter.name)
        except NameError:  # a name under TYPE_CHECKING: compare by name instead
            named = {part.strip().split(".")[-1] for part in annotation.split("|")}
            return tuple(one for one in TYPED if one.__name__ in named)
    return tuple(one for one in parts_of(annotation) if one in TYPED)
