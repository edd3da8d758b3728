"""Commands as jambonz reads them: what is given, and what must stand on the wire for it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Example:
    """A command as a frame; ``wire`` is its data where that is written in another form."""

    frame: dict[str, Any]
    wire: Any

    @property
    def name(self) -> str:
        return str(self.frame["command"])

    @property
    def data(self) -> Any:
        return self.frame.get("data")

    @property
    def expected(self) -> dict[str, Any]:
        """The frame that must be sent."""
        rest = {key: value for key, value in self.frame.items() if key != "data"}
        return rest if self.wire is None else {**rest, "data": self.wire}

    def __str__(self) -> str:
        return self.name


def read_examples() -> list[Example]:
    rows = [json.loads(line) for line in (FOLDER / "examples.jsonl").read_text().splitlines()]
    return [Example(row["frame"], row.get("wire", row["frame"].get("data"))) for row in rows]


EXAMPLES = read_examples()
