"""Passages: what is found, shown to a model and spoken; cut where a text itself makes a break."""

import re
from collections.abc import Iterator
from typing import Final

from app.store.indexing import Passage

__all__ = ["MOST_CHARACTERS", "split"]

MOST_CHARACTERS: Final = 1200
"""The longest passage: about a minute of speech, and small enough for several in one prompt."""

_HEADING: Final = re.compile(r" {0,3}(#{1,6})\s+(.*?)\s*#*\s*$")
_FENCE: Final = re.compile(r" {0,3}(```|~~~)")
_BREAK: Final = re.compile(r"(?<=[.!?…。！？])\s+|\n")


def split(text: str) -> list[Passage]:
    """The passages of a text: one section each, several where a section is long.

    Args:
        text: Plain, or Markdown with its headings as lines that begin with ``#``.
    """
    passages: list[Passage] = []
    for heading, blocks in _sections(text):
        passages += [Passage(heading, content) for content in _fill(blocks)]
    return passages


def _sections(text: str) -> Iterator[tuple[str, list[str]]]:
    """Paragraphs under their headings, as "Delivery › Abroad"."""
    path: list[tuple[int, str]] = []
    blocks: list[str] = []
    lines: list[str] = []
    is_code = False
    for line in [*text.splitlines(), ""]:
        is_code ^= bool(_FENCE.match(line))
        found = None if is_code else _HEADING.match(line)
        if found or not (line.strip() or is_code):
            _close(lines, blocks)
        else:
            lines.append(line.rstrip())
        if found:
            yield _joined(path), blocks
            blocks = []
            level = len(found[1])
            path = [(depth, title) for depth, title in path if depth < level]
            path.append((level, found[2]))
    _close(lines, blocks)
    yield _joined(path), blocks


def _joined(path: list[tuple[int, str]]) -> str:
    return " › ".join(title for _, title in path if title)[:300]


def _close(lines: list[str], blocks: list[str]) -> None:
    """End a paragraph."""
    if block := "\n".join(lines).strip():
        blocks.append(block)
    lines.clear()


def _fill(blocks: list[str]) -> Iterator[str]:
    """As many paragraphs as fit in one passage; a long one is cut."""
    filled = ""
    for block in (piece for whole in blocks for piece in _cut(whole)):
        if filled and len(filled) + 2 + len(block) > MOST_CHARACTERS:
            yield filled
            filled = ""
        filled = f"{filled}\n\n{block}" if filled else block
    if filled:
        yield filled


def _cut(block: str) -> Iterator[str]:
    """A paragraph in pieces that fit: at the end of a sentence, else of a word, else anywhere."""
    begin = 0
    while len(block) - begin > MOST_CHARACTERS:
        window = block[begin : begin + MOST_CHARACTERS]
        ends = [found.start() for found in _BREAK.finditer(window)]
        good = [end for end in ends if end > MOST_CHARACTERS // 3]
        end = good[-1] if good else window.rfind(" ")
        end = end if end > 0 else MOST_CHARACTERS
        yield window[:end].strip()
        begin += end
    if rest := block[begin:].strip():
        yield rest
