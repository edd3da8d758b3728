"""Tools that other programs have: they come and go, and are described by JSON Schema."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Unpack

from app.tool.arguments import read_object
from app.tool.define import Tool, ToolOptions, finish
from app.tool.errors import ToolArgumentError
from app.tool.phrases import bad_arguments
from app.tool.reading import Reading
from app.tool.schema import Schema
from app.tool.shape import Anything, Compiler, Shape


class ToolSource:
    """Tools that are not known before a program that has them is reached.

    It stands in a list of tools for all that it has at the time.
    """

    @property
    def tools(self) -> tuple[Tool[..., Any], ...]:
        """What it has now."""
        raise NotImplementedError

    async def ready(self, within: float = 5.0) -> bool:
        """Wait until the program is reached, so many seconds at most; whether it is."""
        return True


ANYTHING = Anything()
Check = Callable[[Mapping[str, Any], Reading], None]
"""Notes what is wrong with arguments."""


@dataclass(frozen=True, slots=True)
class JsonArguments:
    """Arguments that a JSON Schema describes.

    Attributes:
        schema: JSON Schema for the model.
        shape: Fits what came to it; anything, where another program checks.
        known: Every name in the schema; only others are quoted in messages.
        check: Finds what is still wrong then.
        quick: There is no quicker way.
    """

    schema: Schema
    shape: Shape = ANYTHING
    known: frozenset[str] = frozenset()
    check: Check | None = None
    quick: Callable[[object], dict[str, Any]] | None = None

    def validate(self, tool: str, arguments: object) -> dict[str, Any]:
        """The arguments as an object of sane size, and of this schema where that is checked.

        Raises:
            ToolArgumentError: They are none; the text lists what is wrong.
        """
        reading = Reading(self.known)
        given = self.shape.fit(read_object(tool, arguments), (), reading)
        if self.check is not None and not reading.problems:
            self.check(given, reading)
        if reading.problems:
            message = bad_arguments(tool, reading.problems, reading.left_out)
            raise ToolArgumentError(message, tuple(reading.problems))
        return dict(given)


def tool_elsewhere(
    call: Callable[..., Awaitable[Any]],
    name: str,
    description: str,
    schema: Mapping[str, Any],
    /,
    *,
    check: Check | None = None,
    session_parameter: str | None = None,
    **options: Unpack[ToolOptions],
) -> Tool[..., Any]:
    """A tool of another program, or one that is kept as data.

    Args:
        call: Has it called, with the arguments as keywords.
        name: What the model calls it.
        description: What it is for.
        schema: JSON Schema of its arguments.
        check: Checks them, once they have been fitted to the schema; else the other program does.
        session_parameter: The keyword that receives the session, if any.
        options: As of ``@tool``.

    Raises:
        ConfigurationError: As at decoration.
    """
    given: dict[str, Any] = {**DEFAULTS, **options, "name": name, "description": description}
    return finish(
        Tool(
            function=call,
            arguments=checked(schema, check) if check else JsonArguments(dict(schema)),
            session_parameter=session_parameter,
            is_async=True,
            definition={},
            **given,
        )
    )


def checked(schema: Mapping[str, Any], check: Check) -> JsonArguments:
    """Arguments that are fitted to a schema and checked here."""
    compiler = Compiler()
    shape = compiler.compile(dict(schema))
    return JsonArguments(dict(schema), shape, frozenset(compiler.names), check)


DEFAULTS: ToolOptions = {
    "timeout": 4.0,
    "late": "deliver",
    "once": False,
    "filler": None,
    "filler_after": 1.0,
    "late_limit": 60.0,
}
