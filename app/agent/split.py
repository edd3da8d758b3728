"""A prompt that is too large for one frame, in parts.

The first ack carries its beginning and no greeting; the rest follows as system messages, and the
greeting is asked for at the end. The parts joined are the prompt, to the letter.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.verbs.render import Wire

Fits = Callable[[list[Wire]], bool]

# Where to cut, the best first: behind a paragraph, a line, a sentence, a word.
CUTS = tuple(
    re.compile(pattern)
    for pattern in (r"\n[ \t]*\n+", r"\n+", r"[.!?。！？]['\")\]”’]*\s+|[。！？]", r"\s+")
)
# A better kind of place is worth leaving at most this share of a part empty.
SLACK = 0.5
# A later part travels in another envelope than the verbs that ``fits`` measures.
ROOM = "-" * 1024
JOINERS = frozenset("\u200c\u200d")
SECOND_HALVES = frozenset("\ufe0e\ufe0f\u20e3") | frozenset(map(chr, range(0x1F3FB, 0x1F400)))


@dataclass(frozen=True, slots=True)
class Split:
    """A list of verbs whose prompt was too large.

    Attributes:
        verbs: The verbs with the first part of the prompt and ``greeting: false``.
        context: The other parts, in order; each fits a frame of its own.
        wanted_greeting: Whether the agent was to speak first.
    """

    verbs: list[Wire]
    context: list[str]
    wanted_greeting: bool


@dataclass(frozen=True, slots=True)
class Place:
    """Where a prompt stands in a list of verbs.

    Attributes:
        verb: Index of the agent.
        message: Key and index of a system message; None for ``systemPrompt``.
        text: The prompt.
    """

    verb: int
    message: tuple[str, int] | None
    text: str

    def put(self, verbs: list[Wire], text: str) -> list[Wire]:
        """The verbs with another prompt, which has no greeting; the originals stay."""
        agent = verbs[self.verb]
        options = dict(agent["llm"]["llmOptions"])
        if self.message is None:
            options["systemPrompt"] = text
        else:
            key, index = self.message
            options[key] = list(options[key])
            options[key][index] = {**options[key][index], "content": text}
        llm = {**agent["llm"], "llmOptions": options}
        changed = {**agent, "llm": llm, "greeting": False}
        return [*verbs[: self.verb], changed, *verbs[self.verb + 1 :]]


def split_prompt(verbs: list[Wire], fits: Fits) -> Split | None:
    """Split the largest prompt of the first agent among some verbs, so that each frame fits.

    Args:
        verbs: What was to be sent.
        fits: Whether the frame that carries some verbs is small enough.

    Returns:
        The parts; None where nothing is to be done, or where splitting does not help: the verbs
        fit, have no prompt, or are too large without it.
    """
    # The parts that follow reach the agent that runs first: another one's prompt stays whole.
    agents = [index for index, verb in enumerate(verbs) if verb.get("verb") == "agent"]
    places = [place for place in find_prompts(verbs) if place.verb == agents[0]]
    place = max(places, key=lambda found: len(found.text), default=None)
    if place is None or fits(verbs) or not fits(place.put(verbs, "")):
        return None
    first = take(place.text, lambda text: fits(place.put(verbs, text)))
    context = split_rest(place.text[len(first) :], fits)
    if context is None:
        return None
    wanted = verbs[place.verb].get("greeting") is not False
    return Split(place.put(verbs, first), context, wanted)


def find_prompts(verbs: list[Wire]) -> list[Place]:
    """Every prompt of an agent among some verbs."""
    places: list[Place] = []
    for index, verb in enumerate(verbs):
        options = read_options(verb)
        if isinstance(options.get("systemPrompt"), str):
            places.append(Place(index, None, options["systemPrompt"]))
        for key in ("messages", "initialMessages"):
            for at, message in enumerate(options.get(key, ())):
                if message.get("role") == "system" and isinstance(message.get("content"), str):
                    places.append(Place(index, (key, at), message["content"]))
    return places


def read_options(verb: Wire) -> dict[str, Any]:
    """``llmOptions`` of an agent verb; empty for anything else."""
    options = verb.get("llm", {}).get("llmOptions", {}) if verb.get("verb") == "agent" else {}
    return options if isinstance(options, dict) else {}


def split_rest(text: str, fits: Fits) -> list[str] | None:
    """Parts that each fit a frame of their own; None where not a letter does."""
    parts: list[str] = []
    while text:
        part = take(text, lambda piece: fits([{"role": "system", "content": piece, "room": ROOM}]))
        if not part:
            return None
        parts.append(part)
        text = text[len(part) :]
    return parts


def take(text: str, fits: Callable[[str], bool]) -> str:
    """The longest good beginning of a text that fits."""
    if fits(text):
        return text
    low, high = 0, len(text)  # what fits, what does not
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(text[:middle]) else (low, middle)
    return text[: find_cut(text, low)]


def find_cut(text: str, most: int) -> int:
    """Where to cut at ``most`` letters or before, at the best kind of place that is near."""
    window = text[:most]
    for pattern in CUTS:
        ends = [found.end() for found in pattern.finditer(window) if found.end() > most * SLACK]
        if ends:
            return ends[-1]
    cut = most
    while cut > max(most - 64, 1) and is_inside_letter(text, cut):
        cut -= 1
    return cut


def is_inside_letter(text: str, cut: int) -> bool:
    """Whether what a person sees as one letter would be cut in two."""
    before, after = text[cut - 1], text[cut]
    return (
        before in JOINERS
        or after in JOINERS
        or after in SECOND_HALVES
        or unicodedata.combining(after) != 0
        or (is_flag(before) and is_flag(after))
    )


def is_flag(letter: str) -> bool:
    """Whether a letter is half of a flag."""
    return "\U0001f1e6" <= letter <= "\U0001f1ff"
