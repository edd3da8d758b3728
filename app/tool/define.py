"""The decorator, and the value it makes."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import (
    TYPE_CHECKING,
    Any,
    Generic,
    Literal,
    ParamSpec,
    TypedDict,
    TypeVar,
    Unpack,
    overload,
)

from pydantic_core import CoreSchema, core_schema

from app.signature import caller_names, is_async, read_parameters, refuse, require_function
from app.tool import result
from app.tool.arguments import Arguments, compile_arguments
from app.tool.docstring import read_docstring
from app.tool.schema import Schema

if TYPE_CHECKING:
    from app.tool.source import JsonArguments

P = ParamSpec("P")
R = TypeVar("R")
Late = Literal["deliver", "cancel"]

NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


class ToolOptions(TypedDict, total=False):
    """What a variant of a tool may change; as in ``tool``."""

    name: str
    description: str
    timeout: float
    late: Late
    once: bool
    filler: str | None
    filler_after: float
    late_limit: float


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Tool(Generic[P, R]):
    """A function that a model may call; called from Python as the plain function it is.

    Attributes:
        function: What was decorated.
        name: What the model calls it, 1 to 64 of ``a-z A-Z 0-9 _ -``.
        description: What it is for, in the model's eyes.
        arguments: Its parameters, compiled.
        session_parameter: The parameter that receives the session, if any; never in the schema.
        is_async: Whether ``call`` gives an awaitable; if not, it may block.
        timeout: Seconds until the model is answered, whatever the function does.
        late: Then: ``deliver`` lets it run on and hands in the result, ``cancel`` stops it.
        once: Whether equal arguments run at most once in a call.
        filler: What the caller hears while it runs, or None.
        filler_after: Seconds until then.
        late_limit: Seconds that a late function may run at most, from its start.
        definition: ``{"name", "description", "parameters"}``, as on the wire; don't change it.
    """

    function: Callable[P, R]
    name: str
    description: str
    arguments: "Arguments | JsonArguments"
    session_parameter: str | None
    is_async: bool
    timeout: float
    late: Late
    once: bool
    filler: str | None
    filler_after: float
    late_limit: float
    definition: Mapping[str, Any]

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the plain function, as a test does: nothing is validated or injected."""
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<Tool {self.name}>"

    @property
    def parameters(self) -> Schema:
        """JSON Schema of the arguments."""
        return self.arguments.schema

    @property
    def wants_session(self) -> bool:
        """Whether the function takes the session."""
        return self.session_parameter is not None

    def validate(self, arguments: object) -> dict[str, Any]:
        """Keyword arguments for ``call`` from what the model sent.

        Args:
            arguments: An object or its JSON text; None is an empty one. Names may be written
                differently (``cityName`` for ``city_name``), texts may stand for numbers.

        Raises:
            ToolArgumentError: Its text lists all that is wrong, for the model.
        """
        return self.arguments.validate(self.name, arguments)

    def call(self, session: object, arguments: Mapping[str, Any]) -> Any:
        """Run the function with validated arguments; gives its value, or an awaitable of it."""
        function: Callable[..., Any] = self.function
        if self.session_parameter is None:
            return function(**arguments)
        return function(**arguments, **{self.session_parameter: session})

    def once_key(self, arguments: Mapping[str, Any]) -> str:
        """What is equal for equal calls: the tool's name and its validated arguments."""
        return f"{self.name}:{result.once_key(arguments)}"

    def with_options(self, **options: Unpack[ToolOptions]) -> "Tool[P, R]":
        """The same function as another tool: other name, description, timeout …

        Raises:
            ConfigurationError: As at decoration.
        """
        return finish(replace(self, **options))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> CoreSchema:
        """As a field of a pydantic model (annotated ``Tool``, bare), it is taken as it is."""
        return core_schema.is_instance_schema(cls)


@overload
def tool(function: Callable[P, R], /) -> Tool[P, R]: ...
@overload
def tool(
    *,
    name: str | None = None,
    description: str | None = None,
    timeout: float = 4.0,
    late: Late = "deliver",
    once: bool = False,
    filler: str | None = None,
    filler_after: float = 1.0,
    late_limit: float = 60.0,
) -> Callable[[Callable[P, R]], Tool[P, R]]: ...
def tool(
    function: Any = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    timeout: float = 4.0,
    late: Late = "deliver",
    once: bool = False,
    filler: str | None = None,
    filler_after: float = 1.0,
    late_limit: float = 60.0,
) -> Any:
    """Offer a function to the model.

    Type hints become the JSON Schema of the arguments, the docstring the descriptions (Google
    style, ``Args:``). A parameter that is annotated ``Session`` or named ``session`` receives the
    session and stays out of the schema.

    Args:
        function: The function, where the decorator is used bare.
        name: What the model calls it; the function's name if left out.
        description: What it is for; the docstring's text if left out.
        timeout: Seconds until the model is answered. jambonz waits about 20 s for a tool.
        late: ``deliver`` lets the function run on after that and hands its result in when it
            comes; ``cancel`` cancels it (async functions only).
        once: Run at most once per call and arguments, for what must not happen twice.
        filler: A phrase for the caller while it runs.
        filler_after: Seconds until the phrase, less than ``timeout``.
        late_limit: Seconds that the function may run at most with ``late="deliver"``.

    Raises:
        ConfigurationError: The function cannot be offered as it is; the text names the fix.
    """
    names = caller_names()

    def decorate(given: Callable[..., Any]) -> Tool[..., Any]:
        return make_tool(
            given,
            names,
            name=name,
            description=description,
            timeout=timeout,
            late=late,
            once=once,
            filler=filler,
            filler_after=filler_after,
            late_limit=late_limit,
        )

    return decorate if function is None else decorate(function)


def make_tool(
    function: Callable[..., Any],
    names: Mapping[str, object],
    *,
    name: str | None,
    description: str | None,
    **options: Any,
) -> Tool[..., Any]:
    """Read signature and docstring, once."""
    require_function("tool", function)
    parameters = read_parameters(function, names, {})
    sessions = [found.name for found in parameters if found.is_session]
    if len(sessions) > 1:
        raise refuse(function, "takes the session twice; keep one `Session` parameter")
    document = read_docstring(function.__doc__)
    filled = [found for found in parameters if not found.is_session]
    return finish(
        Tool(
            function=function,
            name=function.__name__ if name is None else name,
            description=document.description if description is None else description.strip(),
            arguments=compile_arguments(function, filled, document.arguments),
            session_parameter=sessions[0] if sessions else None,
            is_async=is_async(function),
            definition={},
            **options,
        )
    )


def finish(made: Tool[P, R]) -> Tool[P, R]:
    """Check the options and write the definition."""
    check_words(made)
    check_times(made)
    if made.once:
        # Equal calls are told by all arguments, those of the defaults included.
        made = replace(made, arguments=replace(made.arguments, quick=None))
    definition = {
        "name": made.name,
        "description": made.description,
        "parameters": made.parameters,
    }
    return replace(made, definition=definition)


def check_words(made: Tool[..., Any]) -> None:
    """Refuse a name or description that a model could not use."""
    if not NAME.fullmatch(made.name):
        raise refuse(
            made.function,
            f"the tool's name {made.name!r} must be 1 to 64 letters, digits, _ or -; "
            'give one with @tool(name="…")',
        )
    if not made.description:
        raise refuse(
            made.function,
            "has no description, so the model cannot know when to call it; start its docstring "
            'with one sentence, or use @tool(description="…")',
        )


def check_times(made: Tool[..., Any]) -> None:
    """Refuse options that cannot be kept."""
    for option in ("timeout", "late_limit", "filler_after"):
        seconds = getattr(made, option)
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):
            raise refuse(made.function, f"{option} is a number of seconds, not {seconds!r}")
        if not 0 < seconds < float("inf"):
            raise refuse(made.function, f"{option} must be more than 0 seconds, not {seconds!r}")
    if made.late not in ("deliver", "cancel"):
        raise refuse(made.function, f'late is "deliver" or "cancel", not {made.late!r}')
    if made.late == "cancel" and not made.is_async:
        raise refuse(
            made.function,
            'late="cancel" cannot stop a function that runs in a thread; make it `async def`, '
            'or use late="deliver"',
        )
    if made.late == "deliver" and made.late_limit < made.timeout:
        raise refuse(
            made.function,
            f"late_limit ({made.late_limit} s) is shorter than timeout ({made.timeout} s)",
        )
    if made.filler is not None and made.filler_after >= made.timeout:
        raise refuse(
            made.function,
            f"filler_after ({made.filler_after} s) is not before timeout ({made.timeout} s), "
            "so the filler would never be heard",
        )
