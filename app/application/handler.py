"""A handler: an author's function, its signature read once at registration."""

import inspect
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.protocol import ConfigurationError
from app.protocol.ended import VerbEnded
from app.protocol.events import AgentEvent, CallStatus, JambonzError, VerbStatus
from app.signature import is_async

TYPED = (*typing.get_args(AgentEvent), CallStatus, JambonzError, VerbEnded, VerbStatus)


@dataclass(frozen=True, slots=True)
class Handler:
    """What an application does with one kind of message.

    Attributes:
        function: The author's function.
        name: Its name, for logs.
        is_async: Sync functions run in a thread.
        takes: How many of (session, event) it takes.
        is_typed: Whether it asks for an event class instead of the data as it came.
    """

    function: Callable[..., Any]
    name: str
    is_async: bool
    takes: int
    is_typed: bool

    def call(self, session: object, event: object) -> Any:
        """Call the function with as much as it takes."""
        return self.function(*(session, event)[: self.takes])


def compile_handler(
    function: Callable[..., Any], *, takes_event: bool = True, is_typed: bool = False
) -> Handler:
    """Read the signature of ``function``: ``(session)`` or ``(session, event)``.

    With ``is_typed`` it gets an event class whatever its annotation says.

    Raises:
        ConfigurationError: It cannot be called so.
    """
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
    return Handler(
        function,
        name,
        is_async(function),
        takes,
        is_typed or (takes == 2 and asks_for_class(function, parameters[1])),
    )


def asks_for_class(function: Callable[..., Any], parameter: inspect.Parameter) -> bool:
    """Whether the annotation names one of our event classes."""
    annotation = parameter.annotation
    if isinstance(annotation, str):
        try:
            annotation = typing.get_type_hints(function).get(parameter.name)
        except NameError:  # a name under TYPE_CHECKING: compare by name instead
            return any(one.__name__ == annotation.split(".")[-1] for one in TYPED)
    options = typing.get_args(annotation) or (annotation,)
    return any(isinstance(one, type) and issubclass(one, TYPED) for one in options)
