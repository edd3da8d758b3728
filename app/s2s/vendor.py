"""What Cordboard knows of one vendor of speech-to-speech models: a row of the table."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.agent import ToolOutput, TurnOver
from app.protocol import AgentUpdate, Wire
from app.verbs import Part
from app.verbs.errors import Problem, VerbError

Path = tuple[str, ...]
# An update in the vendor's own events, or why that vendor cannot do it.
Translation = Callable[[Any, Wire], list[Wire]] | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """How one vendor is spoken to through jambonz.

    Attributes:
        name: As in the verb's ``vendor``.
        instructions: Where the vendor reads the prompt, below ``llmOptions``; None: nowhere known.
        also: Further places for the prompt, filled where the author has nothing there.
        write_instructions: The value that stands there.
        tools: Where the vendor reads tools, below ``llmOptions``; None: not from us.
        write_tools: The list that stands there, from flat definitions.
        no_tools: Why definitions as JSON make no sense, where ``tools`` is None.
        write_output: The ``data`` of llm:tool-output.
        events: Types of client events that jambonz passes on in mid-call; None: anything.
        is_sure: Whether ``events`` was read in jambonz' source; if not, a warning tells of it.
        updates: By type of update: how it is done, or why it cannot be.
        telling: Updates that give the model a late result; none: nothing reaches it.
        turn_over: Reads the end of a turn from an event, if it is one that tells of it.
        turn_events: What must stand in the verb's ``events`` for those to come.
        shapes: Models of ``auth``, ``connect_options`` and ``llm_options``, where known.
        needs: Options that must be there, by Python name.
        channel: Below ``llmOptions``, what jambonz' own tools (handoff, hangup, MCP) need.
        source: Where all this is known from.
    """

    name: str
    instructions: Path | None = None
    also: tuple[Path, ...] = ()
    write_instructions: Callable[[str], Any] = str
    tools: Path | None = None
    write_tools: Callable[[Sequence[Wire]], list[Wire]] = list
    no_tools: str = ""
    write_output: Callable[[ToolOutput], Wire]
    events: frozenset[str] | None
    is_sure: bool = False
    updates: Mapping[str, Translation]
    telling: Callable[[str], Sequence[AgentUpdate]] = lambda _: ()
    turn_over: Callable[[Mapping[str, Any]], TurnOver | None] = lambda _: None
    turn_events: tuple[str, ...] = ()
    shapes: Mapping[str, type[Part]] = field(default_factory=dict)
    needs: tuple[str, ...] = ("llm_options",)
    channel: tuple[Path, str] | None = None
    source: str = ""


def look(tree: Mapping[str, Any], path: Path) -> Any:
    """What stands at a path; None where nothing does."""
    value: Any = tree
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def put(tree: Wire, path: Path, value: Any) -> Wire:
    """A tree with a value at a path; the original stays as it is.

    Raises:
        VerbError: Something else than an object stands in the way.
    """
    key, *rest = path
    if not rest:
        return {**tree, key: value}
    inner = tree.get(key)
    if inner is not None and not isinstance(inner, dict):
        raise VerbError("", [Problem(f"expected an object; got {inner!r:.60}", (key,))])
    try:
        return {**tree, key: put(inner or {}, tuple(rest), value)}
    except VerbError as error:
        raise VerbError("", [found.below((key,)) for found in error.problems]) from None
