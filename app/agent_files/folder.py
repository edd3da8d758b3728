"""Files of agents in a folder: which agent each is of, and of which version it was made."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

__all__ = ["AgentFile", "Folder", "without_about"]

FENCE: Final = "---"
_NAME: Final = re.compile(r"[a-z0-9-]+\.md")
_ABOUT: Final = re.compile(r"^(id|version):[ \t]*([^\s#]*).*$")


@dataclass(frozen=True, slots=True)
class AgentFile:
    """A file.

    Attributes:
        path: Where it is.
        text: What it holds, with the line ends that it has.
    """

    path: Path
    text: str

    @property
    def id(self) -> str:
        """The agent that it is of; empty for a new one."""
        return self._about("id")

    @property
    def version(self) -> int | None:
        """The version that it was made of."""
        found = self._about("version")
        return int(found) if found.isascii() and found.isdigit() else None

    def made_of(self, id_: str, version: int) -> "AgentFile":
        """The same file, of another version; everything else in it stays as it is."""
        first, *rest = self.text.split("\n")
        end = "\r" if first.endswith("\r") else ""
        fields, behind = _split(rest)
        kept = [line for line in fields if not _ABOUT.match(line)]
        about = [f"id: {id_}{end}", f"version: {version}{end}"]
        return replace(self, text="\n".join([first, *about, *kept, *behind]))

    def write(self) -> None:
        """Write it, with the line ends that it has."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_bytes(self.text.encode("utf-8", "surrogateescape"))

    def _about(self, name: str) -> str:
        fields, _ = _split(self.text.split("\n")[1:])
        found = (_ABOUT.match(line) for line in fields)
        values = [one[2] for one in found if one is not None and one[1] == name]
        return values[0].strip("'\"") if values else ""


def without_about(text: str) -> str:
    """A file without what says which version it was made of."""
    first, *rest = text.split("\n")
    fields, behind = _split(rest)
    return "\n".join([first, *(line for line in fields if not _ABOUT.match(line)), *behind])


def _split(lines: Sequence[str]) -> tuple[list[str], list[str]]:
    """The lines of the front matter and, from the one that closes it, those behind."""
    end = next((n for n, line in enumerate(lines) if line.rstrip("\r") == FENCE), 0)
    return list(lines[:end]), list(lines[end:])


class Folder:
    """A folder of agents.

    Args:
        path: Where it is; made when something is written to it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def files(self) -> Iterator[AgentFile]:
        """All files with front matter, by name; a README is none."""
        for path in sorted(self.path.glob("*.md")):
            text = path.read_bytes().decode("utf-8", "surrogateescape")
            if text.removeprefix("\ufeff").partition("\n")[0].rstrip() == FENCE:
                yield AgentFile(path, text)

    def place(self, name: str, id_: str) -> Path:
        """Where the file of an agent goes that has none yet; no other file is there.

        Args:
            name: As the server calls it.
            id_: Of the agent.
        """
        path = self.path / (name if _NAME.fullmatch(name) else "agent.md")
        return path.with_stem(f"{path.stem}-{id_[:8]}") if path.exists() else path
