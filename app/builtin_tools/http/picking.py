"""Takes the part of an answer that the model should get."""

import re
from typing import Any, Final

STEP: Final = re.compile(r"\.?([A-Za-z_$][\w$-]*)|\[(\d{1,6}|\*)\]|\[\"([^\"\]]+)\"\]")
EVERY: Final = "*"

Step = str | int
Path = tuple[Step, ...]


class NotThere(LookupError):
    """An answer has nothing at the path."""


def read_path(text: str) -> Path:
    """The steps of a path such as ``orders[0].status``, ``orders[*].id`` or ``["my key"]``.

    Raises:
        ValueError: It is none.
    """
    steps: list[Step] = []
    place = 0
    while place < len(text):
        found = STEP.match(text, place)
        if found is None or (not steps and text.startswith(".")):
            raise ValueError(
                f"expected a path such as orders[0].status, came {text!r:.60} with something else "
                f"at letter {place + 1}"
            )
        name, index, key = found.groups()
        steps.append(name or key or (EVERY if index == EVERY else int(index)))
        place = found.end()
    if not steps:
        raise ValueError("expected a path such as orders[0].status, came an empty text")
    return tuple(steps)


def pick(value: Any, path: Path) -> Any:
    """What stands at a path.

    Raises:
        NotThere: Nothing does.
    """
    for place, step in enumerate(path):
        if step == EVERY and isinstance(value, list):
            return [pick(one, path[place + 1 :]) for one in value]
        try:
            value = value[step if isinstance(value, list | dict) else None]
        except (LookupError, TypeError):
            raise NotThere(step) from None
    return value
