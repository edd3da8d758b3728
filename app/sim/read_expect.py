"""Read expectations from YAML."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from app.sim.check import Check, MaxTurns, Order, Rule
from app.sim.nodes import Fields, Node
from app.twin.facts import KINDS, FactKind
from app.twin.matching import ANYTHING, Matcher, contains
from app.twin.unmet import Wanted

UPDATES = ("update_instructions", "inject_context", "update_tools", "generate_reply")

_NAMELESS: tuple[FactKind, ...] = ("spoken", "said", "end")
_MAIN = {"spoken": "text", "said": "text", "end": "reason"}
_MODIFIERS = ("with", "value", "within", "times", "absent")
_WORDS = (*KINDS, "order", "max_turns")


def read_rules(node: Node) -> tuple[Rule, ...]:
    """One expectation, or a list of them."""
    return node.all(_rule)


def _rule(node: Node) -> Rule:
    given = [name for name, _ in node.pairs()] if node.is_mapping else []
    fields = node.fields((*_WORDS, *_MODIFIERS), "an expectation") if node.is_mapping else None
    named = [name for name in given if name in _WORDS]
    if fields is None or len(named) != 1:
        came = " and ".join(named) if named else ""
        raise node.wrong(f"one expectation of {', '.join(_WORDS)}", came)
    if named[0] == "order":
        return Order(node.place, fields["order"].all(read_check))
    if named[0] == "max_turns":
        return MaxTurns(node.place, fields["max_turns"].count())
    return _check(fields, named[0])


def read_check(node: Node) -> Check:
    """One expectation of a thing that happens."""
    rule = _rule(node)
    if not isinstance(rule, Check):
        raise node.wrong("something that happens, such as a tool or a text")
    return rule


def _check(fields: Fields, word: str) -> Check:
    kind = next(kind for kind in KINDS if kind == word)
    node = fields[word]
    return Check(
        place=node.place,
        wanted=_wanted(kind, node, fields),
        within=fields.read("within", lambda node: node.number("milliseconds"), None),
        times=fields.read("times", lambda node: node.count(), None),
        is_absent=fields.read("absent", Node.flag, default=False),
    )


def _wanted(kind: FactKind, node: Node, fields: Fields) -> Wanted:
    data = fields.read("with", _matchers, dict[str, Any]())
    if kind in _NAMELESS:
        main = ANYTHING if node.is_empty else _matcher(node)
        return Wanted(kind, "", {_MAIN[kind]: main, **data})
    name = "" if kind == "error" and node.is_empty else node.text()
    if kind == "update":
        name = node.choice(UPDATES, "a mid-call update")
    if "value" in fields:
        return Wanted(kind, name, fields.read("value", _matcher, ANYTHING))
    return Wanted(kind, name, data or (ANYTHING if kind in ("output", "command") else {}))


def _matchers(node: Node) -> dict[str, Any]:
    return {name: _matcher(inner) for name, inner in node.pairs()}


def _matcher(node: Node) -> Any:
    """A value to compare with; a mapping with one word such as `contains` compares otherwise."""
    if node.is_list:
        return [_matcher(item) for item in node.items()]
    if not node.is_mapping:
        return _scalar(node)
    pairs = list(node.pairs())
    if len(pairs) == 1 and pairs[0][0] in _COMPARISONS:
        return _COMPARISONS[pairs[0][0]](pairs[0][1])
    return {name: _matcher(inner) for name, inner in pairs}


def _scalar(node: Node) -> Any:
    """A plain value; what is written as a number may also come as text: a PIN, say."""
    value = node.value()
    if isinstance(value, str | bool) or value is None:
        return value
    written = node.text()
    return Matcher(written, lambda came: _is_same(came, value, written))


def _is_same(came: object, value: object, written: str) -> bool:
    return not isinstance(came, bool) and (came == value or str(came) == written)


def _regex(node: Node) -> re.Pattern[str]:
    try:
        return re.compile(node.text(), re.IGNORECASE)
    except re.error as error:
        raise node.wrong("a regular expression", hint=str(error)) from None


def _one_of(node: Node) -> Matcher:
    wanted = [_matcher(item) for item in node.items()]

    def agrees(came: object) -> bool:
        return any(one(came) if callable(one) else one == came for one in wanted)

    return Matcher(f"one of {wanted}", agrees)


def _above(node: Node) -> Matcher:
    limit = node.number(above=float("-inf"))
    return Matcher(f"more than {limit:g}", lambda came: _is_number(came) and came > limit)


def _below(node: Node) -> Matcher:
    limit = node.number(above=float("-inf"))
    return Matcher(f"less than {limit:g}", lambda came: _is_number(came) and came < limit)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_COMPARISONS: Mapping[str, Callable[[Node], Any]] = {
    "contains": lambda node: contains(node.text()),
    "regex": _regex,
    "one_of": _one_of,
    "above": _above,
    "below": _below,
    "any": lambda node: ANYTHING if node.flag() else None,
}
