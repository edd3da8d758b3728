"""One tool call in flight, and the small things that all who deal with them need."""

import asyncio
from dataclasses import dataclass
from typing import Any

import orjson

from app.tool import Tool, phrases

Output = tuple[bytes, bool]
"""JSON of a tool's output, and whether it is an error."""
MAX_NAME = 200
# Outcomes that are no failure in the model's eyes.
FINE = frozenset({"ok", "late"})


@dataclass(slots=True, eq=False)
class ToolRun:
    """One tool call in flight.

    Attributes:
        frame: The message that it came with, to begin it again elsewhere; empty where it came
            by another way.
        once_key: What tells it from others that run once, from when it is to begin.
        has_begun: Whether such a function has been begun.
    """

    call_id: str
    name: str
    arguments: object
    tool: Tool[..., Any] | None
    deadline: float
    limit: float
    filler_at: float | None
    started: float
    frame: bytes = b""
    once_key: str = ""
    task: asyncio.Task[None] | None = None
    has_filler: bool = False
    is_late: bool = False
    is_cancelled: bool = False
    has_begun: bool = False

    def cancel(self) -> None:
        """Stop the function; what it still returns is for nobody."""
        self.is_cancelled = True
        if self.task is not None:
            self.task.cancel()


def arguments_of(data: dict[str, Any]) -> object:
    """The arguments, under either name; none are an empty object."""
    arguments = data.get("arguments", data.get("args"))
    return {} if arguments is None else arguments


def name_of(data: dict[str, Any]) -> str:
    """What the model called; empty where that is no text."""
    name = data.get("name")
    return name[:MAX_NAME] if isinstance(name, str) else ""


def settle(waiting: asyncio.Future[Output], output: bytes, *, is_error: bool) -> None:
    """Hand an output to who waits for it, unless they have given up."""
    if not waiting.done():
        waiting.set_result((output, is_error))


def failed(text: str) -> bytes:
    """A text as the output of a tool that failed."""
    return orjson.dumps({"error": text})


def said(text: str) -> bytes:
    """A text as a tool output."""
    return orjson.dumps({"result": text})


FAILED = failed(phrases.FAILED)
