"""Reads an author's function once, when it is decorated: its parameters, and where it stands.

Shared by ``@tool`` and the hooks. Nothing here runs during a call.
"""

import difflib
import inspect
import re
import sys
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Union

from app.protocol.errors import ConfigurationError

MISSING = inspect.Parameter.empty
VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)

# Session lives in a higher room, and is often imported for type checkers only: known by its name.
SESSION_TEXT = re.compile(r"""(?:^|\|)\s*["']?(?:\w+\.)*Session\s*(?:\[|$|["']|\|)""")


@dataclass(frozen=True, slots=True)
class Unresolved:
    """An annotation that names something which does not exist when the function is decorated."""

    text: str
    reason: str

    def __str__(self) -> str:
        return f"{self.text!r} ({self.reason})"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a decorated function.

    Attributes:
        name: As written.
        annotation: Resolved; ``MISSING`` where there is none, ``Unresolved`` where it failed.
        default: ``MISSING`` where there is none.
        kind: As in ``inspect.Parameter``.
        is_session: Whether Cordboard gives the session for it.
    """

    name: str
    annotation: object
    default: object
    kind: Any
    is_session: bool

    @property
    def is_required(self) -> bool:
        """Whether the function cannot be called without it."""
        return self.default is MISSING


def refuse(function: Callable[..., object], text: str) -> ConfigurationError:
    """The error for a function that cannot be decorated; says which one and where it stands."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    place = f" (line {code.co_firstlineno} of {code.co_filename})" if code else ""
    return ConfigurationError(f"{describe(function)}{place}: {text}")


def describe(function: Callable[..., object]) -> str:
    """Module and name of a function, as a person would look for it."""
    return f"{function.__module__}.{function.__qualname__}"


def require_function(decorator: str, value: object) -> None:
    """Raise where ``value`` is not a plain function or bound method."""
    if isinstance(value, types.FunctionType | types.MethodType):
        if inspect.isgeneratorfunction(value) or inspect.isasyncgenfunction(value):
            raise refuse(value, f"@{decorator} needs a function that returns; this one yields")
        return
    raise ConfigurationError(f"@{decorator} decorates a function or bound method, not {value!r}")


def is_async(function: Callable[..., object]) -> bool:
    """Whether a call gives an awaitable, also where a plain wrapper hides that."""
    return inspect.iscoroutinefunction(inspect.unwrap(function))


def caller_names() -> dict[str, object]:
    """The names in scope where a decorator is used: annotations may name local classes."""
    return sys._getframe(2).f_locals


def read_parameters(
    function: Callable[..., object], names: Mapping[str, object], extra: Mapping[str, object]
) -> tuple[Parameter, ...]:
    """Every parameter, its annotation resolved.

    Args:
        function: What is decorated.
        names: The names in scope at the decorator.
        extra: Names that are tried last, for classes imported for type checkers only.
    """
    found = tuple(inspect.signature(function).parameters.values())
    for raw in found:
        if raw.kind in VARIADIC:
            raise refuse(function, f"{raw} cannot be filled; name each parameter")
    scope = getattr(inspect.unwrap(function), "__globals__", {})
    return tuple(read_parameter(function, raw, (scope, names, extra)) for raw in found)


def read_returns(function: Callable[..., object], names: Mapping[str, object]) -> object:
    """The annotation of what a function returns, resolved as those of its parameters."""
    scope = getattr(inspect.unwrap(function), "__globals__", {})
    return resolve(inspect.signature(function).return_annotation, scope, names, {})


def read_parameter(
    function: Callable[..., object],
    raw: inspect.Parameter,
    scopes: tuple[dict[str, object], Mapping[str, object], Mapping[str, object]],
) -> Parameter:
    """One parameter; whether it takes the session is told by its annotation, else by its name."""
    annotation = resolve(raw.annotation, *scopes)
    takes_session = is_session(annotation)
    if raw.name == "session" and not takes_session:
        if getattr(annotation, "__module__", "") == "builtins" and annotation is not object:
            shown = getattr(annotation, "__name__", annotation)
            raise refuse(function, f"`session` receives the Session, not {shown}; rename it")
        takes_session = True
    return Parameter(raw.name, annotation, raw.default, raw.kind, takes_session)


def resolve(
    annotation: object,
    scope: dict[str, object],
    names: Mapping[str, object],
    extra: Mapping[str, object],
) -> object:
    """What an annotation means, or ``Unresolved``; strings are read as Python would."""
    if annotation is MISSING:
        return MISSING
    reason = ""
    for local in (dict(names), {**extra, **names}):
        holder = types.SimpleNamespace(__annotations__={"it": annotation})
        try:
            return typing.get_type_hints(holder, scope, local, include_extras=True)["it"]
        except (NameError, AttributeError, TypeError, SyntaxError) as error:
            reason = reason or str(error)
    return Unresolved(annotation if isinstance(annotation, str) else repr(annotation), reason)


def is_session(annotation: object) -> bool:
    """Whether an annotation is ``Session``, ``Session[...]``, a subclass, or a union with one."""
    if isinstance(annotation, Unresolved):
        return SESSION_TEXT.search(annotation.text) is not None
    origin = typing.get_origin(annotation)
    if origin is Annotated or origin in (Union, types.UnionType):
        return any(is_session(part) for part in typing.get_args(annotation))
    kind = origin or annotation
    return isinstance(kind, type) and any(base.__name__ == "Session" for base in kind.__mro__)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``; did you mean `x`?`` for the nearest known name, or nothing."""
    near = difflib.get_close_matches(name[:64], list(known), n=1, cutoff=0.6)
    return f"; did you mean `{near[0]}`?" if near else ""
