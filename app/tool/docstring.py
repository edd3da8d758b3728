"""Reads a Google-style docstring: what the tool is for, and what each argument means."""

import inspect
import re
from dataclasses import dataclass, field

ARGUMENTS = ("args", "arguments", "parameters", "params", "keyword args", "keyword arguments")
OTHER = ("returns", "return", "raises", "yields", "yield", "example", "examples", "todo", "warns")
HEADER = re.compile(r"([A-Za-z][A-Za-z ]*):\s*$")
ENTRY = re.compile(r"\*{0,2}(\w+)\s*(?:\([^)]*\))?\s*:(?:\s+(.*))?$")
BULLET = re.compile(r"[-*•] |\d+[.)] ")


@dataclass(slots=True)
class Docstring:
    """A docstring in parts; paragraphs keep a blank line between them, lines are joined."""

    description: str = ""
    arguments: dict[str, str] = field(default_factory=dict)


def read_docstring(text: str | None) -> Docstring:
    """Split a docstring; what the model has no use for (Returns, Raises …) is left out."""
    prose: list[str] = []
    arguments: list[str] = []
    section = prose
    for line in inspect.cleandoc(text or "").splitlines():
        header = HEADER.match(line)
        title = header[1].lower() if header else ""
        if title in ARGUMENTS:
            section = arguments
        elif title in OTHER:
            section = []
        else:
            if line and not line[0].isspace() and section is not prose:
                section = prose
            section.append(line)
    return Docstring(join_lines(prose), read_arguments(arguments))


def read_arguments(lines: list[str]) -> dict[str, str]:
    """The entries of an ``Args:`` section; lines that are indented further belong to the last."""
    entries: dict[str, list[str]] = {}
    indents = [len(line) - len(line.lstrip()) for line in lines if line.strip()]
    base = min(indents, default=0)
    name = ""
    for line in lines:
        entry = ENTRY.match(line[base:]) if line.strip() else None
        if entry:
            name = entry[1]
            entries[name] = [entry[2] or ""]
        elif name:
            entries[name].append(line.strip())
    return {name: join_lines(parts) for name, parts in entries.items()}


def join_lines(lines: list[str]) -> str:
    """Wrapped lines become one; a blank line or a list item starts anew."""
    text = ""
    gap = ""
    for line in (line.strip() for line in lines):
        if not line:
            gap = "\n\n"
            continue
        start = "\n" if BULLET.match(line) and not gap else gap or " "
        text += (start if text else "") + line
        gap = ""
    return text
