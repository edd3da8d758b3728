"""Read YAML by its nodes, so that what is wrong is told with its line and its path."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from yaml.nodes import MappingNode, ScalarNode, SequenceNode

from app.twin.matching import closest

T = TypeVar("T")
D = TypeVar("D")


class _Loader(yaml.SafeLoader):
    """The safe loader; a date stays text, as it is in JSON."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: a file, a line, and the path to it in that document."""

    file: str
    line: int
    path: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" + (f": {self.path}" if self.path else "")


class Wrong(Exception):
    """One thing that is wrong in a file; the message holds its place."""


class ScenarioError(Exception):
    """Scenarios that cannot be read; the message lists all that is wrong, one line each."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class Node:
    """A YAML value and where it stands."""

    def __init__(self, raw: yaml.Node, file: str, path: str, problems: list[str]) -> None:
        self._raw = raw
        self._file = file
        self._path = path
        self._problems = problems

    @property
    def place(self) -> Place:
        """Where it stands."""
        return Place(self._file, self._raw.start_mark.line + 1, self._path)

    @property
    def is_mapping(self) -> bool:
        """Whether it has fields."""
        return isinstance(self._raw, MappingNode)

    @property
    def is_list(self) -> bool:
        """Whether it has items."""
        return isinstance(self._raw, SequenceNode)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was written."""
        return isinstance(self._raw, ScalarNode) and self._raw.tag.endswith(":null")

    def wrong(self, expected: str, came: str = "", hint: str = "") -> Wrong:
        """Make the error for this place."""
        told = f"expected {expected}, came {came or self._shown()}"
        return Wrong(f"{self.place}: {told}{f'; {hint}' if hint else ''}")

    def text(self) -> str:
        """A text, as it was written: `+1508…`, `0042` and `yes` stay what they look like."""
        if not isinstance(self._raw, ScalarNode) or self.is_empty:
            raise self.wrong("text")
        return str(self._raw.value)

    def choice(self, known: Iterable[str], what: str) -> str:
        """One of some words."""
        known = list(known)
        text = self.text()
        if text not in known:
            near = closest(text, known)
            hint = f"did you mean {near}?" if near else f"known: {', '.join(known)}"
            raise self.wrong(what, hint=hint)
        return text

    def number(self, what: str = "a number", *, above: float = 0.0) -> float:
        """A number above another."""
        value = self.value()
        if isinstance(value, bool) or not isinstance(value, int | float) or value <= above:
            raise self.wrong(f"{what} above {above:g}")
        return float(value)

    def count(self, what: str = "a whole number", *, least: int = 1) -> int:
        """A whole number."""
        value = self.value()
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise self.wrong(f"{what}, at least {least}")
        return value

    def flag(self) -> bool:
        """True or false."""
        value = self.value()
        if not isinstance(value, bool):
            raise self.wrong("true or false")
        return value

    def value(self) -> Any:
        """Whatever it is, as JSON would hold it."""
        try:
            return _Loader("").construct_document(self._raw)
        except (yaml.YAMLError, ValueError) as error:
            raise self.wrong("a plain value", str(getattr(error, "problem", error))) from None

    def object(self) -> dict[str, Any]:
        """A mapping of text to whatever."""
        value = self.value() if self.is_mapping else None
        if not isinstance(value, dict):
            raise self.wrong("a mapping")
        return {str(key): item for key, item in value.items()}

    def items(self) -> list["Node"]:
        """The items of a list; something else is a list of one."""
        if not isinstance(self._raw, SequenceNode):
            return [] if self.is_empty else [self]
        return [self._at(raw, f"[{n}]") for n, raw in enumerate(self._raw.value)]

    def pairs(self) -> Iterator[tuple[str, "Node"]]:
        """The fields of a mapping, in order."""
        if not isinstance(self._raw, MappingNode):
            raise self.wrong("a mapping")
        for key, raw in self._raw.value:
            name = str(key.value)
            yield name, self._at(raw, f".{name}" if self._path else name)

    def fields(self, known: Iterable[str], what: str) -> "Fields":
        """The fields of a mapping, of which others than the known ones are problems."""
        return Fields(self, dict(self._known(list(known), what)), self._problems)

    def _known(self, known: list[str], what: str) -> Iterator[tuple[str, "Node"]]:
        seen = set()
        for name, node in self.pairs():
            if name not in known:
                near = closest(name, known)
                hint = f"did you mean {near}?" if near else f"known: {', '.join(known)}"
                self.tell(node.wrong(f"a field of {what}", name, hint))
            elif name in seen:
                self.tell(node.wrong("each field once", f"{name} again"))
            else:
                seen.add(name)
                yield name, node

    def tell(self, problem: Wrong) -> None:
        """Keep a problem, and go on."""
        self._problems.append(str(problem))

    def attempt(self, read: Callable[["Node"], T]) -> T | None:
        """Read it; a problem is kept, and gives None."""
        try:
            return read(self)
        except Wrong as problem:
            self.tell(problem)
            return None

    def all(self, read: Callable[["Node"], T]) -> tuple[T, ...]:
        """Read every item, as far as each can be read."""
        found = (node.attempt(read) for node in self.items())
        return tuple(one for one in found if one is not None)

    def _at(self, raw: yaml.Node, step: str) -> "Node":
        return Node(raw, self._file, self._path + step, self._problems)

    def _shown(self) -> str:
        if isinstance(self._raw, MappingNode):
            return f"a mapping with {', '.join(str(k.value) for k, _ in self._raw.value[:5])}"
        if isinstance(self._raw, SequenceNode):
            return f"a list of {len(self._raw.value)}"
        return "nothing" if self.is_empty else json.dumps(self._raw.value, ensure_ascii=False)


class Fields:
    """The fields of a mapping; what is wrong with one is kept, and its default taken."""

    def __init__(self, node: Node, found: Mapping[str, Node], problems: list[str]) -> None:
        self.node = node
        self._found = found
        self._problems = problems

    def __contains__(self, name: str) -> bool:
        return name in self._found

    def __getitem__(self, name: str) -> Node:
        return self._found[name]

    def read(self, name: str, read: Callable[[Node], T], default: D) -> T | D:
        """Read a field; its default where it is not there, or wrong."""
        node = self._found.get(name)
        if node is None:
            return default
        value = node.attempt(read)
        return default if value is None else value

    def must(self, name: str, read: Callable[[Node], T], default: D) -> T | D:
        """Read a field that must be there."""
        if name not in self._found:
            self.node.tell(self.node.wrong(f"the field {name}"))
        return self.read(name, read, default)


def documents(path: Path, problems: list[str]) -> Iterator[Node]:
    """The documents of a file, of which `---` separates one from the next."""
    try:
        text = path.read_text(encoding="utf-8")
        for raw in yaml.compose_all(text, Loader=_Loader):
            if raw is not None:
                yield Node(raw, str(path), "", problems)
    except OSError as error:
        problems.append(f"{path}: cannot be read: {error.strerror}")
    except UnicodeDecodeError:
        problems.append(f"{path}: expected text in UTF-8")
    except yaml.YAMLError as error:
        problems.append(_syntax(path, error))


_QUOTES = "; a text with any of ? , : # in it may need quotes"


def _syntax(path: Path, error: yaml.YAMLError) -> str:
    if not isinstance(error, yaml.MarkedYAMLError):
        return f"{path}: no YAML: {error}"
    mark = error.problem_mark or error.context_mark
    line = f":{mark.line + 1}" if mark else ""
    context = f" ({error.context})" if error.context else ""
    hint = _QUOTES if "flow" in context or "not allowed here" in str(error.problem) else ""
    return f"{path}{line}: no YAML: {error.problem}{context}{hint}"
