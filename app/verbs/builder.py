"""Builders: a verb's class as a function whose main option may stand without its name."""

from collections.abc import Callable
from typing import Any, Generic, ParamSpec, TypeVar, cast, overload

from app.verbs.part import Verb

P = ParamSpec("P")
V = TypeVar("V", bound=Verb)


class Builder(Generic[P, V]):
    """``say("Hello", loop=2)`` for ``Say(text="Hello", loop=2)``.

    Attributes:
        kind: The class of what it builds.
    """

    def __init__(self, kind: Callable[P, V], option: str) -> None:
        self.kind = cast("type[V]", kind)
        self.option = option
        self.__doc__ = kind.__doc__

    @overload
    def __call__(self, *args: P.args, **options: P.kwargs) -> V: ...
    @overload
    def __call__(self, first: Any, /, *args: P.args, **options: P.kwargs) -> V: ...
    def __call__(self, *args: Any, **options: Any) -> V:  # type: ignore[misc]  # P is not known here
        """Build the verb.

        Raises:
            VerbError: An option is unknown, missing or wrong.
        """
        if len(args) > 1:
            raise TypeError(f"{self.kind.verb}() takes one option without its name, {self.option}")
        if args and self.option in options:
            raise TypeError(f"{self.kind.verb}() got {self.option} twice")
        return self.kind(**dict(zip((self.option,), args, strict=False)), **options)

    def __repr__(self) -> str:
        """As a function is shown."""
        return f"<verb {self.kind.verb}>"
