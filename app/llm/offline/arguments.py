"""Find a tool's arguments in what the caller said."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from app.llm.offline.dates import Moment, find_date, find_time
from app.llm.offline.numbers import find_numbers
from app.llm.offline.parameters import Parameter, properties
from app.llm.offline.strings import Said, clean, find_string, find_strings, remainder, split_list
from app.llm.offline.words import stem_set

_YES = re.compile(r"(?i)\W*(?:yes|yeah|yep|sure|of course|please do|ok(?:ay)?|true|correct)\b")
_NO = re.compile(r"(?i)\W*(?:no|nope|nah|not|never|don['’]?t|false)\b")
_DENIED = {"no", "not", "don't", "don’t", "dont", "without", "never", "skip", "isn't"}
_OPPOSITE = {"on": "off", "open": "closed", "enabled": "disabled", "enable": "disable"}
_FILLER = stem_set("is has have include with should use want be do send get")


@dataclass(frozen=True, slots=True)
class Found:
    """The arguments that were found, and the required parameters that were not."""

    values: dict[str, object] = field(default_factory=dict)
    missing: tuple[Parameter, ...] = ()


def find_arguments(
    wanted: Iterable[Parameter], said: Said, *, today: date, bare: bool = False
) -> Found:
    """Find values for parameters, the clearest kinds first, each word used once.

    Args:
        wanted: The parameters of one tool.
        said: What the caller said, without the words that only name the tool.
        today: The day that "tomorrow" is counted from.
        bare: True if a capitalised word alone may be a value, as in "and London?".
    """
    listed = list(wanted)
    values: dict[str, object] = {}
    for parameter in sorted(listed, key=_clarity):
        value = find_value(parameter, said, today=today, bare=bare)
        if value is not None:
            values[parameter.name] = value
    ordered = {one.name: values[one.name] for one in listed if one.name in values}
    missing = tuple(one for one in listed if one.required and one.name not in values)
    return Found(ordered, missing)


def find_value(parameter: Parameter, said: Said, *, today: date, bare: bool = False) -> object:
    """Find one value, or None."""
    if parameter.choices:
        return find_choice(parameter, said)
    finders: Mapping[str, Callable[[], object]] = {
        "boolean": lambda: _find_flag(parameter, said),
        "integer": lambda: _find_number(parameter, said),
        "number": lambda: _find_number(parameter, said),
        "array": lambda: _find_array(parameter, said, today),
        "object": lambda: _find_object(parameter, said, today),
        "string": lambda: _find_text(parameter, said, today, bare=bare),
    }
    return finders.get(parameter.type, finders["string"])()


def read_answer(parameter: Parameter, said: Said, *, today: date) -> object:
    """Read the answer to the question for one parameter, or None if it is not an answer."""
    found = find_value(parameter, said, today=today, bare=True)
    if found is not None or parameter.choices or parameter.type in ("integer", "number"):
        return found
    if parameter.type == "boolean":
        yes, no = bool(_YES.match(said.text)), bool(_NO.match(said.text))
        return yes if yes or no else None
    text = clean(said.text, parameter) if parameter.type in ("string", "array") else ""
    if not text or not fits(parameter, text):
        return None
    return split_list(text) if parameter.type == "array" else text


def find_choice(parameter: Parameter, said: Said) -> object:
    """The value of a closed set that was said, or what it stands for; the longest wins."""
    choices = sorted(parameter.choices, key=lambda value: -len(str(value)))
    for name in (str, parameter.meaning):
        for choice in choices:
            if said.take_phrase(name(choice)):
                return choice
    return None


def fits(parameter: Parameter, text: str) -> bool:
    """Whether a string keeps the schema's pattern and length, as far as they can be read."""
    pattern = parameter.schema.get("pattern")
    try:
        if isinstance(pattern, str) and not re.search(pattern, text):
            return False
    except re.error:
        pass
    shortest, longest = parameter.schema.get("minLength"), parameter.schema.get("maxLength")
    if isinstance(shortest, int) and len(text) < shortest:
        return False
    return not (isinstance(longest, int) and len(text) > longest)


def _clarity(parameter: Parameter) -> int:
    """Sort key: the kinds whose values are easiest to recognise come first."""
    if parameter.choices:
        return 0
    if parameter.type == "string" and (parameter.is_day or parameter.is_time):
        return 1
    order = {"integer": 2, "number": 2, "boolean": 3, "array": 4, "object": 7}
    if parameter.type != "string":
        return order.get(parameter.type, 7)
    if parameter.is_digits or parameter.format:
        return 1
    return 6 if parameter.is_free else 5


def _find_text(parameter: Parameter, said: Said, today: date, *, bare: bool) -> object:
    if parameter.is_day or parameter.is_time:
        return _find_moment(parameter, said, today)
    text = find_string(parameter, said, bare=bare)
    if not text and parameter.is_free and parameter.required:
        text = remainder(said)
    return text if text and fits(parameter, text) else None


def _find_moment(parameter: Parameter, said: Said, today: date) -> object:
    day = find_date(said.text, today) if parameter.is_day else None
    hour = find_time(said.text) if parameter.is_time else None
    moments: list[Moment] = [moment for moment in (day, hour) if moment]
    for moment in moments:
        said.take(moment.start, moment.end)
    if parameter.format == "date-time":
        return f"{day.iso}T{hour.iso if hour else '00:00:00'}" if day and day.iso else None
    if parameter.format:
        return next((moment.iso for moment in moments if moment.iso), None)
    return " ".join(moment.text for moment in moments) or None


def _find_flag(parameter: Parameter, said: Said) -> object:
    topic = parameter.stems - _FILLER
    lows = [word.low for word in said.words]
    if any(no in lows for yes, no in _OPPOSITE.items() if yes in parameter.label.split()):
        return False
    for index, word in enumerate(said.words):
        if word.stem in topic:
            return not _DENIED.intersection(lows[max(0, index - 5) : index])
    return None


def _find_number(parameter: Parameter, said: Said) -> object:
    free = [n for n in find_numbers(said.text) if said.is_free(n.start, n.end)]
    fitting = [n for n in free if _in_range(parameter, n.value)]
    if not fitting:
        return None
    named = [word.start for word in said.words if word.stem in parameter.stems]
    nearest = min(fitting, key=lambda n: min((abs(n.start - at) for at in named), default=n.start))
    said.take(nearest.start, nearest.end)
    whole = nearest.value.is_integer()
    return int(nearest.value) if whole else nearest.value


def _in_range(parameter: Parameter, value: float) -> bool:
    if parameter.type == "integer" and not value.is_integer():
        return False
    low, high = parameter.schema.get("minimum"), parameter.schema.get("maximum")
    if isinstance(low, int | float) and value < low:
        return False
    return not (isinstance(high, int | float) and value > high)


def _find_array(parameter: Parameter, said: Said, today: date) -> object:
    item = parameter.item()
    if item.type == "string" and not item.choices and not item.is_day:
        return find_strings(item, said) or None
    values: list[object] = []
    while (value := find_value(item, said, today=today)) is not None and value not in values:
        values.append(value)
    return values or None


def _find_object(parameter: Parameter, said: Said, today: date) -> object:
    inside = properties(parameter.schema, parameter.schema)
    found = find_arguments(inside, said, today=today)
    return found.values if found.values and not found.missing else None
