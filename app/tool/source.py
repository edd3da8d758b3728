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
from app.tool.shape import Anything


class ToolSource:
    """Tools that are not known before a program that has them is reached.

    It stands in a list of tools for all that it has at the time.
    """

    @property
    def tools(self) -> tuple[Tool[..., Any], ...]:
        """What it has now."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class JsonArguments:
    """Arguments that another program checks.

    Attributes:
        schema: JSON Schema for the model.
        quick: There is nothing to validate, so no quick way either.
    """

    schema: Schema
    quick: Callable[[object], dict[str, Any]] | None = None

    def validate(self, tool: str, arguments: object) -> dict[str, Any]:
        """The arguments as an object of sane size.

        Raises:
            ToolArgumentError: They are none.
        """
        reading = Reading(frozenset())
        given = Anything().fit(read_object(tool, arguments), (), reading)
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
    **options: Unpack[ToolOptions],
) -> Tool[..., Any]:
    """A tool of another program.

    Args:
        call: Has it called, with the arguments as keywords.
        name: What the model calls it.
        description: What it is for.
        schema: JSON Schema of its arguments.
        options: As of ``@tool``.

    Raises:
        ConfigurationError: As at decoration.
    """
    given: dict[str, Any] = {**DEFAULTS, **options, "name": name, "description": description}
    return finish(
        Tool(
            function=call,
            arguments=JsonArguments(dict(schema)),
            session_parameter=None,
            is_async=True,
            definition={},
            **given,
        )
    )


DEFAULTS: ToolOptions = {
    "timeout": 4.0,
    "late": "deliver",
    "once": False,
    "filler": None,
    "filler_after": 1.0,
    "late_limit": 60.0,
}
