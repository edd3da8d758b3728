"""What a wrong option raises: the path, what was expected, what came, and a suggestion."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from app.protocol.errors import LocalError

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a verb or an agent.

    Attributes:
        text: What is wrong and what to do, without the path.
        path: Where, below the value that was being made.
        suggestion: The name or value that was probably meant.
        option: The option that is missing or unknown in the object at that place.
    """

    text: str
    path: Path = ()
    suggestion: str | None = None
    option: str = ""

    def below(self, path: Path) -> "Problem":
        """The same problem, seen from the object that holds this one at ``path``."""
        return replace(self, path=path + self.path)


class VerbError(LocalError, ValueError):
    """A verb or an agent that jambonz would refuse or silently misread.

    Attributes:
        root: Name of the value that was being made, for example ``agent``.
        problems: All that is wrong, in the order of the options.
        path: Where the first problem is, for example ``agent.barge_in``.
        suggestion: What was probably meant there.
    """

    def __init__(self, root: str, problems: Iterable[Problem]) -> None:
        self.root = root
        self.problems = tuple(problems)
        lines = (f"{show_path(root, found.path)}: {found.text}" for found in self.problems)
        super().__init__("\n".join(lines))

    @property
    def path(self) -> str:
        """Where the first problem is."""
        return show_path(self.root, self.problems[0].path)

    @property
    def suggestion(self) -> str | None:
        """What was probably meant at the first problem."""
        return self.problems[0].suggestion

    def within(self, root: str) -> "VerbError":
        """The same error with another name for the value that was being made."""
        return VerbError(root, self.problems)


def refuse(text: str, suggestion: str | None = None) -> VerbError:
    """An error to raise inside a validator, where the path is added by whoever holds the value."""
    return VerbError("", [Problem(text, suggestion=suggestion)])


def show_path(root: str, path: Path) -> str:
    """``agent``, ``("tools", 1, "name")`` as ``agent.tools[1].name``."""
    return root + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
