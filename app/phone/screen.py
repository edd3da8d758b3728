"""Where a call is shown: a terminal, a stream of JSON, and a transcript."""

import json
import textwrap
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TextIO

from app.phone.render import WIDTH, Line, paint, render, safe, to_json
from app.phone.waterfall import ToolTimes
from app.twin import Entry

PROMPT = f"{'you':<{WIDTH}}"
_ERASE = "\r\x1b[K"


class Screen:
    """Shows entries as they come.

    Args:
        out: Standard output.
        as_json: Write every entry as a line of JSON, and nothing else.
        color: Use ANSI colours.
        interactive: Whether a person types at this terminal: a prompt is shown, spoken words come
            one by one, and what was typed isn't repeated.
        transcript: Gets what is shown as plain text.
        columns: The terminal's width, to break lines between words; None breaks none.

    Attributes:
        raw: Whether frames are shown too.
    """

    def __init__(
        self,
        out: TextIO,
        *,
        as_json: bool = False,
        color: bool = False,
        interactive: bool = False,
        transcript: TextIO | None = None,
        columns: int | None = None,
    ) -> None:
        self.raw = False
        self._out: TextIO | None = out
        self._json = as_json
        self._color = color
        self._interactive = interactive and not as_json
        self._transcript = transcript
        self._columns = columns
        self._column = 0
        self._speaking = False
        self._prompted = False
        self._tools = ToolTimes()

    def show(self, entry: Entry) -> None:
        """Show an entry of the call's log; a callback of the twin, so it never raises."""
        entry = self._tools.measure(entry)
        if self._json:
            self._write(to_json(entry) + "\n")
            self._keep(render(self._tools.complete(entry)))
        elif entry.kind == "speaking":
            self._speak(entry.data)
        else:
            lines = render(self._tools.complete(entry), raw=self.raw)
            self._keep(lines)
            self._show(entry, lines)

    def tell(self, *lines: Line) -> None:
        """Show lines that are no entries; a program that reads JSON is not told."""
        self._keep(list(lines))
        if not self._json:
            self._print(list(lines))

    def result(self, data: dict[str, Any]) -> None:
        """Write the last line of a JSON stream."""
        if self._json:
            text = json.dumps({"kind": "result", "data": data}, ensure_ascii=False)
            self._write(text + "\n")

    def begin(self, data: dict[str, Any]) -> None:
        """Write the first line of a JSON stream."""
        if self._json:
            self._write(json.dumps({"kind": "call", "data": data}, ensure_ascii=False) + "\n")

    def prompt(self) -> None:
        """Invite the person to type; while something is spoken, as soon as that is over."""
        self._prompted = self._interactive
        if self._interactive and not self._speaking:
            self._write(_ERASE + PROMPT)

    def entered(self, line: str) -> None:
        """Take note that the person pressed Enter; their terminal showed the line already."""
        if self._prompted and line.strip():
            self.prompt()

    def leave(self) -> None:
        """Clear the prompt away; nobody is asked to type any more."""
        if self._prompted:
            self._write(_ERASE)
        self._prompted = False

    def _show(self, entry: Entry, lines: list[Line]) -> None:
        if entry.kind == "end":
            self.leave()
        if entry.kind == "heard" and self._speaking:
            self._speaking = False
            self._write(" —\n" if entry.data.get("interrupted") else "\n")
            if self._prompted:
                self.prompt()
        elif not (entry.kind == "said" and self._interactive):
            self._print(lines)

    def _speak(self, data: Mapping[str, Any]) -> None:
        """Add a word, or the rest of one, to the line that is being spoken."""
        word = safe(str(data.get("text", "")))
        if not self._speaking:
            begun = Line(str(data.get("by", "")), "", "agent")
            self._write((_ERASE if self._prompted else "") + self._styled(begun))
            self._speaking = True
            self._column = WIDTH
        elif data.get("joins"):
            self._column -= 1
        elif self._columns and self._column + len(word) >= self._columns:
            self._write("\n" + " " * WIDTH)
            self._column = WIDTH
        else:
            self._write(" ")
        self._write(word)
        self._column += len(word) + 1

    def _print(self, lines: list[Line]) -> None:
        if not lines:
            return
        before = "\n" if self._speaking else (_ERASE if self._prompted else "")
        self._speaking = False
        broken = [part for line in lines for part in self._broken(line)]
        self._write(before + "".join(f"{self._styled(line).rstrip()}\n" for line in broken))
        if self._prompted:
            self.prompt()

    def _broken(self, line: Line) -> list[Line]:
        """A line that fits the terminal; a dim one is left whole, since it may be copied."""
        if self._columns and line.more and self._fits(line):
            return [replace(line, text=f"{line.text}  {line.more}")]
        if not self._columns or line.style == "dim" or self._columns <= 2 * WIDTH:
            return [line]
        first, *more = textwrap.wrap(line.text, self._columns - WIDTH) or [""]
        parts = (Line("", text, line.style) for text in more)
        return [Line(line.label, first, line.style), *parts]

    def _fits(self, line: Line) -> bool:
        """Whether the terminal has room for all of a line, and its characters."""
        encoding = getattr(self._out, "encoding", None) or "ascii"
        wide = len(str(line)) + 2 + len(line.more) < (self._columns or 0)
        return wide and line.more.encode(encoding, "replace").decode(encoding) == line.more

    def _styled(self, line: Line) -> str:
        return paint(line) if self._color else str(line)

    def _keep(self, lines: list[Line]) -> None:
        if self._transcript and lines:
            self._transcript.write("".join(f"{str(line).rstrip()}\n" for line in lines))
            self._transcript.flush()

    def _write(self, text: str) -> None:
        try:
            if self._out:
                self._out.write(text)
                self._out.flush()
        except OSError:  # the reader is gone, as `head` is after its lines; the call goes on
            self._out = None
