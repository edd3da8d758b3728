"""Markdown with YAML front matter: fields between two lines ``---``, and text behind them.

What `write` writes is read as it was, to the letter. The YAML is the plain one of JSON: no dates,
no anchors, and ``+15085551212``, ``0042``, ``12:30`` and ``yes`` stay the text that they look like.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import yaml
from yaml.nodes import MappingNode, ScalarNode, SequenceNode

__all__ = ["Document", "FrontMatterError", "read", "write"]

FENCE: Final = "---"
DEEPEST: Final = 50
LARGEST: Final = 64 * 1024
"""Characters of the fields; YAML is read slowly."""
NO_FOLDING: Final = 1_000_000
_TAG: Final = "tag:yaml.org,2002:"
_BREAKS: Final = re.compile("[\x85\u2028\u2029]")
"""What YAML takes for the end of a line, and reads as another one."""
_FLOAT: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?\Z")
_KINDS: Final = (
    ("null", re.compile(r"(?:~|null|)\Z"), ["~", "n", ""]),
    ("bool", re.compile(r"(?:true|false)\Z"), ["t", "f"]),
    ("int", re.compile(r"-?(?:0|[1-9][0-9]*)\Z"), list("-0123456789")),
    ("float", _FLOAT, list("-0123456789")),
)


class FrontMatterError(ValueError):
    """The text cannot be read.

    Attributes:
        line: Where, counted from 1.
        message: What was expected and what came.
    """

    def __init__(self, line: int, message: str) -> None:
        self.line = line
        self.message = message
        super().__init__(f"line {line}: {message}")


@dataclass(frozen=True, slots=True)
class Document:
    """What a text holds.

    Attributes:
        fields: The front matter, as JSON would hold it.
        body: The text behind it.
        lines: Where each field stands, by its path, such as ``vad.type`` and ``numbers[0]``.
    """

    fields: dict[str, Any]
    body: str
    lines: Mapping[str, int] = field(default_factory=dict)

    def line_of(self, path: str) -> int | None:
        """The line of a field, or of the nearest around it; None where none of that is here."""
        while path:
            if path in self.lines:
                return self.lines[path]
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return None


class _Loader(yaml.SafeLoader):
    """The safe loader with the plain values of JSON."""


class _Dumper(yaml.SafeDumper):
    """The safe dumper, which writes texts of several lines as they are read."""

    def ignore_aliases(self, data: Any) -> bool:
        """What stands twice is written twice."""
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> ScalarNode:
    style = '"' if _BREAKS.search(text) else "|" if "\n" in text else None
    return dumper.represent_scalar(f"{_TAG}str", text, style=style)


_Loader.yaml_implicit_resolvers = {}
for _name, _pattern, _first in _KINDS:
    _Loader.add_implicit_resolver(_TAG + _name, _pattern, _first)
_Dumper.add_representer(str, _represent_text)
# Beside what other readers of YAML might take for no text: `1e5` is none to ours.
_Dumper.add_implicit_resolver(f"{_TAG}float", _FLOAT, list("-0123456789"))


def write(fields: Mapping[str, Any], body: str) -> str:
    """The text that `read` reads as this; the fields keep their order.

    Args:
        fields: Values as JSON knows them.
        body: Any text; the line break at the end of the file is none of its own.
    """
    front = yaml.dump(
        dict(fields), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=NO_FOLDING
    )
    return f"{FENCE}\n{front if fields else ''}{FENCE}\n\n{body}\n"


def read(text: str) -> Document:
    """Read a text with front matter.

    Raises:
        FrontMatterError: It has none, or what stands there is no plain YAML.
    """
    front, body = _split(text.removeprefix("\ufeff"))
    node = _compose(front)
    if node is None:
        return Document({}, body)
    if not isinstance(node, MappingNode):
        raise FrontMatterError(2, "expected fields such as `name: Front desk`")
    lines: dict[str, int] = {}
    fields = _mapping(node, "", lines)
    return Document(fields, body, lines)


def _split(text: str) -> tuple[str, str]:
    """The front matter and the body."""
    first, _, rest = text.partition("\n")
    if first.rstrip() != FENCE:
        came = f", came {first.strip()[:80]!r}" if text.strip() else ", came nothing"
        raise FrontMatterError(1, f"expected a line `{FENCE}`, with the fields below it{came}")
    if first.endswith("\r"):  # a checkout of Windows
        rest = rest.replace("\r\n", "\n")
    lines = f"\n{rest}"
    if lines.endswith(f"\n{FENCE}"):
        lines += "\n"
    front, fence, body = lines.partition(f"\n{FENCE}\n")
    if not fence:
        raise FrontMatterError(1, f"the fields have no end; close them with a line `{FENCE}`")
    if len(front) > LARGEST:
        raise FrontMatterError(1, f"expected fields of {LARGEST:,} characters at most")
    return f"{front}\n", body.removeprefix("\n").removesuffix("\n")


def _compose(front: str) -> yaml.Node | None:
    """The nodes; the first line of the front matter is empty and stands for the fence."""
    try:
        _check(yaml.parse(front, Loader=_Loader))
        return yaml.compose(front, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = error.problem or error.context or "is no YAML"
        raise FrontMatterError(mark.line + 1 if mark else 1, what) from None
    except yaml.reader.ReaderError as error:
        line = front.count("\n", 0, error.position) + 1
        raise FrontMatterError(line, f"{error.reason}: {error.character!r}") from None


def _check(events: Iterable[yaml.Event]) -> None:
    """Find, in one pass that keeps nothing, what would cost too much to read."""
    depth = 0
    for event in events:
        if isinstance(event, yaml.AliasEvent):
            raise FrontMatterError(_line(event), "write the value again; *names are not read")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise FrontMatterError(_line(event), "lies too deep in other fields")


def _line(found: Any) -> int:
    line: int = found.start_mark.line + 1
    return line


def _value(node: yaml.Node, path: str, lines: dict[str, int]) -> Any:
    lines.setdefault(path, _line(node))
    if isinstance(node, MappingNode):
        return _mapping(node, path, lines)
    if isinstance(node, SequenceNode):
        return [_value(item, f"{path}[{n}]", lines) for n, item in enumerate(node.value)]
    return _scalar(node)


def _mapping(node: MappingNode, path: str, lines: dict[str, int]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, line, value in _pairs(node):
        inner = f"{path}.{name}" if path else name
        if name in found:
            first = lines[inner]
            raise FrontMatterError(line, f"{inner} stands in line {first} already; keep one")
        lines[inner] = line
        found[name] = _value(value, inner, lines)
    return found


def _pairs(node: MappingNode) -> Iterator[tuple[str, int, yaml.Node]]:
    for key, value in node.value:
        if not isinstance(key, ScalarNode):
            raise FrontMatterError(_line(key), "expected a name before the colon")
        yield str(key.value), _line(key), value


def _scalar(node: yaml.Node) -> Any:
    tag = node.tag.removeprefix(_TAG)
    if tag not in {"str", "null", "bool", "int", "float"}:
        raise FrontMatterError(_line(node), f"expected a plain value, came one with !{tag[:40]}")
    try:
        return _Loader("").construct_object(node)
    except (yaml.YAMLError, ValueError, KeyError):
        raise FrontMatterError(_line(node), f"expected {tag}, came {node.value[:80]!r}") from None
