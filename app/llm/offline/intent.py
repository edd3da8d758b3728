"""Which offered tool fits what the caller said, with which arguments."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from app.llm.offline.arguments import Found, find_arguments, find_choice, read_answer
from app.llm.offline.history import ANYTHING_ELSE, Turn
from app.llm.offline.once import per_tool
from app.llm.offline.parameters import Parameter, parameters
from app.llm.offline.strings import Said, alternatives
from app.llm.offline.words import content, is_question, split_name, stem, stem_set, words
from app.llm.port import ToolCall, ToolDefinition

_ENOUGH = 1.5
_GENERIC = stem_set(
    """get set find do make fetch list show check look lookup query run create update tool function
    use request data info information call search read write add start send give take new current
    caller value string number name"""
)
_QUERY = stem_set("query question search topic term keyword")
_FOLLOW_UP = re.compile(
    r"(?i)\W*(?:(?:ok(?:ay)?|well|so|thanks|great|good|yes|no)[\s,.!]+)*(?:and|or|also|then|now|but"
    r"|what about|how about|what if|same (?:for|in)|in|for)\b\s*"
)
_NEVER_MIND = re.compile(r"(?i)\W*(?:never ?mind|forget (?:it|that)|cancel(?: that)?\W*$|skip it)")
_SPLIT = re.compile(r"(?i)\s*(?:,|;|\band\b|\bthen\b|\balso\b|\?)\s+(?:(?:and|then|also)\s+)*")


@dataclass(frozen=True, slots=True)
class Intent:
    """A tool to call: one set of arguments for each call, and what is missing for all of them."""

    tool: ToolDefinition
    arguments: tuple[dict[str, object], ...]
    missing: tuple[Parameter, ...] = ()


def understand(
    turns: Sequence[Turn], tools: Sequence[ToolDefinition], last: ToolCall | None, today: date
) -> list[Intent]:
    """What the caller wants done, as far as a tool can do it; several where several are named.

    Args:
        turns: What the caller said so far, the present turn last.
        tools: What is offered.
        last: The latest tool call of the conversation.
        today: The day that "tomorrow" is counted from.
    """
    text = turns[-1].text
    parts = [part for part in _SPLIT.split(text) if part]
    chosen = [choose(part, tools, need=3.0) for part in parts]
    named = [tool for tool in chosen if tool]
    if len(parts) > 1 and len({tool.name for tool in named}) > 1:
        return _of_parts(parts, chosen, today)
    pending = _pending(turns[:-1], tools, last, today)
    tool = choose(text, tools)
    if tool is None and last and _asked_back(turns):
        return _follow_up(text, tools, last, today, marked=True)
    if pending and (tool is None or tool.name == pending.tool.name):
        return _continue(pending, text, today, named=tool is not None)
    if tool is not None:
        return [_complete(_intend(tool, text, today), last)]
    return _follow_up(text, tools, last, today) or _only(text, tools, today)


def ask_anything(text: str, tools: Sequence[ToolDefinition]) -> list[Intent]:
    """Put a question that nothing else answers to a tool that takes just any question."""
    for tool in tools:
        needed = [one for one in parameters(tool) if one.required]
        if len(needed) == 1 and needed[0].is_free and needed[0].stems & _QUERY:
            return [Intent(tool, ({needed[0].name: text.strip()},))]
    return []


def choose(
    text: str, tools: Sequence[ToolDefinition], *, need: float = _ENOUGH
) -> ToolDefinition | None:
    """The tool whose words fit best, if they fit well enough."""
    scored = [(score(text, tool, tools), tool) for tool in tools]
    best, tool = max(scored, key=lambda pair: pair[0], default=(0.0, None))
    if tool is None or best >= need:
        return tool
    said = content(text)
    covered = len(said & _vocabulary(tool).keys()) * 2 >= len(said)
    return tool if covered and min(need, 1.0) <= best and need == _ENOUGH else None


def score(text: str, tool: ToolDefinition, tools: Sequence[ToolDefinition]) -> float:
    """How well the words of a tool fit a text; a word that many tools share counts less."""
    said = content(text)
    total = 0.0
    for word, weight in _vocabulary(tool).items():
        if word in said:
            total += weight / sum(word in _vocabulary(other) for other in tools)
    for parameter in parameters(tool):
        if parameter.choices and find_choice(parameter, Said(text)) is not None:
            total += 2.0
    return total


def topic(tool: ToolDefinition) -> frozenset[str]:
    """The stems that say what a tool is about; they are never an argument."""
    return stem_set(" ".join(split_name(tool.name)))


@per_tool
def _vocabulary(tool: ToolDefinition) -> Mapping[str, float]:
    weights: dict[str, float] = {}
    for parameter in parameters(tool):
        weights |= dict.fromkeys(content(parameter.label), 0.75)
    weights |= dict.fromkeys(content(tool.description), 1.0)
    weights |= dict.fromkeys((stem(word) for word in split_name(tool.name)), 3.0)
    return {word: 0.4 if word in _GENERIC else weight for word, weight in weights.items()}


def _intend(tool: ToolDefinition, text: str, today: date, *, bare: bool = False) -> Intent:
    """Find the arguments of a tool; a value with others joined to it makes several calls."""
    wanted = parameters(tool)
    said = Said(text, topic(tool))
    found = find_arguments(wanted, said, today=today, bare=bare)
    return Intent(tool, tuple(_spread(found, wanted, text)), found.missing)


def _spread(found: Found, wanted: list[Parameter], text: str) -> list[dict[str, object]]:
    for parameter in wanted:
        value = found.values.get(parameter.name)
        free = parameter.is_free or parameter.is_digits or parameter.choices
        if parameter.type != "string" or free or not isinstance(value, str):
            continue
        values = alternatives(value, Said(text), parameter)
        used = {str(item) for item in found.values.values()} - {value}
        if len(values) > 1 and not used & set(values):
            return [{**found.values, parameter.name: one} for one in values]
    return [found.values]


def _of_parts(parts: list[str], chosen: list[ToolDefinition | None], today: date) -> list[Intent]:
    """One intent for each part that names a tool; a part that names none belongs to the last."""
    grouped: list[tuple[ToolDefinition, str]] = []
    for part, tool in zip(parts, chosen, strict=True):
        if grouped and (tool is None or tool.name == grouped[-1][0].name):
            grouped[-1] = (grouped[-1][0], f"{grouped[-1][1]} and {part}")
        elif tool:
            grouped.append((tool, part))
    return [_intend(tool, part, today) for tool, part in grouped]


def _pending(
    turns: Sequence[Turn], tools: Sequence[ToolDefinition], last: ToolCall | None, today: date
) -> Intent | None:
    """The request of the turn before, if it was left because something was missing."""
    if not turns or turns[-1].called:
        return None
    earlier = understand(turns[-4:], tools, last, today)
    asked = next((intent for intent in earlier if intent.missing), None)
    return asked if asked and asked.missing[0].question() in turns[-1].answer else None


def _continue(pending: Intent, text: str, today: date, *, named: bool) -> list[Intent]:
    """Take what was said as the answer to the question for the first missing argument."""
    if _NEVER_MIND.match(text):
        return []
    first = pending.missing[0]
    said = Said(text, topic(pending.tool))
    asks = is_question(text)
    if named or asks:
        fresh = find_arguments(parameters(pending.tool), said, today=today)
    else:
        answer = read_answer(first, said, today=today)
        others = [one for one in parameters(pending.tool) if one.name != first.name]
        found = find_arguments(others, said, today=today).values
        fresh = Found(found if answer is None else {first.name: answer, **found})
    if asks and not named and not fresh.values:
        return []
    spread = _spread(fresh, parameters(pending.tool), text)
    sets = tuple({**pending.arguments[0], **values} for values in spread)
    missing = tuple(one for one in pending.missing if one.name not in sets[0])
    return [Intent(pending.tool, sets, missing)]


def _asked_back(turns: Sequence[Turn]) -> bool:
    """Whether a tool's result ended in a question to the caller: "Could you tell me …?"."""
    if len(turns) < 2 or is_question(turns[-1].text):
        return False
    earlier = turns[-2]
    return earlier.called and earlier.answer.endswith("?") and ANYTHING_ELSE not in earlier.answer


def _complete(intent: Intent, last: ToolCall | None) -> Intent:
    """Take what is missing from the latest call of the same tool: "in celsius, please"."""
    if last is None or last.name != intent.tool.name or not any(intent.arguments):
        return intent
    sets = tuple({**last.arguments, **values} for values in intent.arguments)
    return Intent(intent.tool, sets) if intent.missing else intent


def _follow_up(
    text: str,
    tools: Sequence[ToolDefinition],
    last: ToolCall | None,
    today: date,
    *,
    marked: bool = False,
) -> list[Intent]:
    """Do the same again with other values: "And in London?"."""
    tool = next((one for one in tools if last and one.name == last.name), None)
    lead = _FOLLOW_UP.match(text)
    marked = marked or bool(lead)
    if tool is None or last is None or not (marked or len(words(text)) <= 3):
        return []
    fresh = _intend(tool, text, today, bare=marked)
    if marked and not any(fresh.arguments):
        fresh = _bare_answer(tool, text[lead.end() if lead else 0 :], today)
    if not any(fresh.arguments):
        return []
    sets = tuple({**last.arguments, **values} for values in fresh.arguments)
    return [Intent(tool, sets)]


def _bare_answer(tool: ToolDefinition, text: str, today: date) -> Intent:
    """Read a few words without a capital as the first thing that the tool needs."""
    needed = next((one for one in parameters(tool) if one.required), None)
    if needed is None or not content(text) or len(words(text)) > 3:
        return Intent(tool, ({},))
    answer = read_answer(needed, Said(text, topic(tool)), today=today)
    return Intent(tool, ({needed.name: answer} if answer is not None else {},))


def _only(text: str, tools: Sequence[ToolDefinition], today: date) -> list[Intent]:
    """A question that holds all that just one tool needs is meant for it: "Is it hot in Bonn?"."""
    if not is_question(text):
        return []
    fitting = []
    for tool in tools:
        certain = any(one.required and not one.is_free for one in parameters(tool))
        intent = _intend(tool, text, today)
        if certain and not intent.missing:
            fitting.append(intent)
    return fitting if len(fitting) == 1 else []
