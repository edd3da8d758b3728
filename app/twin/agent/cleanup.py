"""What of a model's text is spoken: no thoughts, no stage directions, no markdown, no emoji."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from app.twin.agent.directions import is_direction, may_begin

HELD = 80
"""The most characters that wait for the end of what may be a direction."""

_EMOJI = (
    "\u200d\u203c\u2049\u20e3\u2139\u231a-\u23ff\u25aa-\u25fe\u2600-\u27bf\u2b05-\u2b55\ufe0e\ufe0f"
    "\U0001f000-\U0001faff\U000e0020-\U000e007f"
)
_SPECIAL = re.compile(rf"[*\[(<_`#>|•~-]|[{_EMOJI}]")
_THOUGHT = re.compile(r"(?i)<(/?)\s*(?:think|thinking|reasoning)\s*>")
_THOUGHT_BEGUN = re.compile(r"</?\s*[a-zA-Z]*\s*")
_THOUGHT_END = re.compile(r"(?i)</\s*(?:think|thinking|reasoning)\s*>")
_LONGEST_TAG = 16
_ENDS = ".!?…:"


@dataclass(slots=True)
class Place:
    """Where in the text a special character stands.

    Attributes:
        before: The character before it; a line feed at the beginning.
        begins_line: Whether only blanks stand before it on its line.
        begins_sentence: Whether a sentence would begin there.
    """

    before: str = "\n"
    begins_line: bool = True
    begins_sentence: bool = True

    def pass_by(self, text: str) -> None:
        """Move behind a text."""
        last_line = text.rpartition("\n")[2]
        self.begins_line = not last_line.strip() and ("\n" in text or self.begins_line)
        if shown := text.rstrip():
            self.begins_sentence = shown[-1] in _ENDS or "\n" in text[len(shown) :]
        self.before = text[-1:] or self.before

    def stand_behind(self, character: str) -> None:
        """Move behind a text that ends with no blank."""
        self.before = character
        self.begins_line = False
        self.begins_sentence = character in _ENDS

    @property
    def is_in_word(self) -> bool:
        """Whether a letter or digit stands before it."""
        return self.before.isalnum()


Decision = tuple[int, str] | None
"""How many characters are dealt with, and what is spoken of them; None waits for more text."""

_THINKING = "\0"
"""In place of what is spoken: a thought begins."""


class Cleanup:
    """Lets text through that may be spoken; it may come cut into pieces anywhere.

    What is not decided yet is held back, at most `HELD` characters and never longer than to the end
    of the reply. Thoughts are dropped as long as they last.
    """

    def __init__(self) -> None:
        self._text = ""
        self._place = Place()
        self._is_thinking = False
        self._blank = ""
        self._has_dropped = False

    def feed(self, text: str) -> str:
        """Take a piece; return what can be spoken now."""
        if self._is_plain(text):
            self._place.stand_behind(text[-1])
            return text
        self._text += text
        return self._go_on(is_last=False)

    def finish(self) -> str:
        """Return what was held back: no more text comes."""
        return self._go_on(is_last=True)

    def _is_plain(self, text: str) -> bool:
        """Whether a piece is spoken as it is, which nearly all are."""
        is_open = self._text or self._is_thinking or self._has_dropped or self._blank
        return not (is_open or not text or text[-1].isspace() or _SPECIAL.search(text))

    def _go_on(self, *, is_last: bool) -> str:
        spoken: list[str] = []
        while self._text:
            if self._is_thinking:
                if not self._skip_thought():
                    break
                continue
            special = _SPECIAL.search(self._text)
            size = special.start() if special else len(self._text)
            decision = (size, self._text[:size]) if size else self._decide(is_last=is_last)
            if decision is None:
                break
            spoken.append(self._take(*decision))
        return "".join(spoken)

    def _decide(self, *, is_last: bool) -> Decision:
        rule = _RULES.get(self._text[0])
        if rule is None:
            return 1, ""  # an emoji
        decision = rule(self._text, self._place)
        if decision is None and (is_last or len(self._text) > HELD):
            return 1, self._text[0] if self._text[0] in "(<[->#" else ""
        return decision

    def _take(self, size: int, spoken: str) -> str:
        """Move behind `size` characters; return what is spoken, with the blank before it."""
        passed, self._text = self._text[:size], self._text[size:]
        if spoken == _THINKING:
            self._is_thinking, spoken = True, ""
        if not spoken:
            self._has_dropped = True
            self._place.before = passed[-1]
            return ""
        self._place.pass_by(passed)
        return self._with_blank(spoken)

    def _with_blank(self, text: str) -> str:
        """Hold the blank at its end back; where something was dropped, two blanks become one."""
        shown = text.strip()
        if not shown:
            self._blank = self._blank or text
            return ""
        before = text[: len(text) - len(text.lstrip())]
        if self._has_dropped:
            before = "" if shown[0] in ".,!?;:…" else self._blank or before
        else:
            before = self._blank + before
        self._has_dropped = False
        self._blank = text[len(text.rstrip()) :]
        return before + shown

    def _skip_thought(self) -> bool:
        """Drop a thought; False if it goes on."""
        end = _THOUGHT_END.search(self._text)
        if end is None:
            self._text = self._text[-_LONGEST_TAG:]
            return False
        self._text = self._text[end.end() :]
        self._is_thinking, self._has_dropped = False, True
        return True


def _star(text: str, place: Place) -> Decision:
    """Bold, a bullet, a direction, emphasis, or a product."""
    stars = len(text) - len(text.lstrip("*"))
    if stars == len(text):
        return None
    if stars > 1:
        return stars, ""
    if text[1].isspace():
        return (2, "") if place.begins_line else (1, "*" if place.before.isspace() else "")
    return (1, "*") if place.is_in_word and text[1].isalnum() else _span(text, "*", place)


def _underscore(text: str, place: Place) -> Decision:
    if len(text) == 1:
        return None
    if place.is_in_word or text[1].isspace():
        return 1, "_" if text[1].isalnum() else ""
    return (2, "") if text[1] == "_" else _span(text, "_", place)


def _span(text: str, mark: str, place: Place) -> Decision:
    """A direction, which is dropped, or words that are emphasised."""
    end = text.find(mark, 1)
    if "\n" in text[: end if end > 0 else None]:
        return 1, ""
    if end < 0:
        return None
    inner = text[1:end]
    stands_alone = place.begins_sentence and inner[:1].islower()
    return end + 1, "" if stands_alone or is_direction(inner) else inner


def _bracket(text: str, _place: Place) -> Decision:
    """A link, of which the text is spoken, or something in brackets, which is not."""
    end = text.find("]")
    if "\n" in text[: end if end > 0 else None]:
        return 1, "["
    if end < 0 or end + 1 == len(text):
        return None if end < 0 else _whole(text, end)
    if text[end + 1] != "(":
        return end + 1, ""
    close = text.find(")", end)
    return (close + 1, text[1:end]) if close > 0 else None


def _whole(text: str, end: int) -> Decision:
    """Brackets at the end of what came so far: only a link's text would wait for more."""
    return (end + 1, "") if is_direction(text[1:end]) else None


def _parenthesis(text: str, _place: Place) -> Decision:
    """A direction, or what is spoken."""
    first = re.match(r"\(\s*([^\s),.;:]*)(.)?", text, re.DOTALL)
    if first is None or first[2] is None:
        return None
    if not may_begin(first[1]):
        return 1, "("
    end = text.find(")")
    if end < 0:
        return None
    return (end + 1, "") if is_direction(text[1:end]) else (end + 1, text[: end + 1])


def _tag(text: str, _place: Place) -> Decision:
    """The beginning of a thought, or any other tag, which is left alone."""
    if found := _THOUGHT.match(text):
        return found.end(), "" if found[1] else _THINKING
    could_be = _THOUGHT_BEGUN.fullmatch(text) and len(text) < _LONGEST_TAG
    return None if could_be else (1, "<")


def _tick(text: str, _place: Place) -> Decision:
    """Code, whose marks are dropped, with the language of a block."""
    ticks = len(text) - len(text.lstrip("`"))
    if ticks < 3:
        return (ticks, "") if len(text) > ticks else None
    line = text.find("\n")
    named = re.match(r"`{3,}\w*[ \t]*\n", text)
    if named:
        return named.end() - 1, ""
    return (ticks, "") if line >= 0 or len(text) > ticks + HELD // 4 else None


def _heading(text: str, place: Place) -> Decision:
    marks = len(text) - len(text.lstrip("#"))
    if not place.begins_line or marks > 6:
        return 1, "#"
    if marks == len(text):
        return None
    return (marks, "") if text[marks].isspace() else (1, "#")


def _at_line(text: str, place: Place) -> Decision:
    """A bullet, a quotation or a rule, where it begins a line."""
    mark = text[0]
    if not place.begins_line:
        return 1, mark
    marks = len(text) - len(text.lstrip(mark))
    if marks == len(text):
        return None
    is_mark = text[marks].isspace() and (marks == 1 or marks >= 3)
    return (marks, "") if is_mark else (1, mark)


def _strike(text: str, _place: Place) -> Decision:
    if len(text) == 1:
        return None
    return (2, "") if text[1] == "~" else (1, "~")


def _pipe(_text: str, _place: Place) -> Decision:
    return 1, " "


_RULES: dict[str, Callable[[str, Place], Decision]] = {
    "*": _star,
    "_": _underscore,
    "[": _bracket,
    "(": _parenthesis,
    "<": _tag,
    "`": _tick,
    "#": _heading,
    ">": _at_line,
    "-": _at_line,
    "•": _at_line,
    "|": _pipe,
    "~": _strike,
}
