"""Whether a verb is one that jambonz takes: judged by the typed verbs, told in the wire's names.

The typed verbs also take what Python authors like to write: snake_case, texts for objects. jambonz
takes neither, so a verb must come out of its type as it went in.
"""

import copy
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

import app.agent
import app.s2s  # noqa: F401  (makes the speech-to-speech verbs known)
from app.doctor.rules.names import nearest
from app.doctor.rules.seen import show
from app.doctor.verb_list import kind_of, read
from app.twin import vocabulary
from app.verbs import VERBS, Problem, Render, Verb, VerbError
from app.verbs.explain import is_secret
from app.verbs.names import fold, wire_name

MAX_ROUNDS = 8
"""How often a verb is looked at again without what was found wrong in it."""

Path = tuple[str | int, ...]

_UNKNOWN = re.compile(r"unknown option '([^']*)'")
_REQUIRED = re.compile(r"option '([^']*)'(?: or '[^']*')? is required|needs (\w+)=…")
_EXPECTED = re.compile(r"expected (.*?)[;,] got (.*?)(; did you mean .*)?$", re.DOTALL)
_SNAKE = re.compile(r"\b[a-z]+(?:_[a-z0-9]+)+\b")


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing that is wrong with a verb.

    Attributes:
        rule: The id of the rule.
        path: Where, as on the wire: `gather.say.txt`.
    """

    rule: str
    path: str
    came: str
    expected: str
    fix: str = ""
    suggestion: str | None = None


def flaws(item: Any, *, knows_agent: bool = True) -> tuple[Flaw, ...]:
    """All that is wrong with one verb of a list; what a misspelling explains is told once."""
    return _once(orjson.dumps(item), knows_agent)


@lru_cache(maxsize=1024)  # every call of an examination begins with the same verbs
def _once(item: bytes, knows_agent: bool) -> tuple[Flaw, ...]:
    found = list(_flaws(orjson.loads(item), knows_agent))
    meant = {f"{one.path.rpartition('.')[0]}.{one.suggestion}" for one in found if one.suggestion}
    return tuple(one for one in found if one.rule != "missing-option" or one.path not in meant)


def _flaws(item: Any, knows_agent: bool) -> Iterator[Flaw]:
    verb = read(item)
    if verb is None:
        yield Flaw("bad-verb", "", show(item), "an object with a verb property")
        return
    name, properties = verb
    if name not in VERBS and name not in vocabulary.VERBS:
        close = nearest(name, {*VERBS, *vocabulary.VERBS})
        yield Flaw("unknown-verb", name, name, "a verb of jambonz", instead(close), close)
    elif name in vocabulary.COMMERCIAL and not knows_agent:
        yield Flaw("needs-commercial", name, name, "a verb of open-source jambonz")
    elif name in VERBS:
        yield from of_type(VERBS[name], name, properties)
    else:
        yield from of_vocabulary(name, properties)


def instead(name: str | None) -> str:
    """The fix for a misspelt name."""
    return f"Write {name}." if name else ""


def of_vocabulary(name: str, properties: Mapping[str, Any]) -> Iterator[Flaw]:
    """What is wrong with a verb that has no type: names of options, and what must be there."""
    words = vocabulary.VERBS[name].split()
    known = {word.rstrip("!") for word in words} | {"id"}
    for key in properties:
        if key not in known:
            yield unknown_option(name, key, nearest(key, known), sorted(known))
    for word in words:
        if word.endswith("!") and word.rstrip("!") not in properties:
            yield missing_option(name, word.rstrip("!"))


def unknown_option(where: str, key: str, close: str | None, known: Sequence[str] = ()) -> Flaw:
    """An option that jambonz does not have."""
    wanted = f"one of {', '.join(known)}" if known else "an option that jambonz has"
    return Flaw("unknown-option", f"{where}.{key}", key, wanted, instead(close), close)


def missing_option(where: str, key: str) -> Flaw:
    """An option that must be there."""
    return Flaw("missing-option", f"{where}.{key}", "nothing", f"{key}, which is required")


def of_type(kind: type[Verb], name: str, properties: dict[str, Any]) -> Iterator[Flaw]:
    """What is wrong with a verb by its type: names first, then values, then spelling."""
    left = without_templates(copy.deepcopy(properties))
    for key in [one for one in left if one in kind.model_fields and wire_name(one) != one]:
        yield unknown_option(name, key, wire_name(key))
        left[wire_name(key)] = left.pop(key)
    for _ in range(MAX_ROUNDS):
        try:
            made = kind(**left)
        except VerbError as error:
            told = list(error.problems)
        else:
            yield from changes(left, made.to_verb(Render()), name)
            return
        yield from (translate(problem, name, left) for problem in told)
        removed = [remove(problem, left) for problem in told]
        if not any(removed):
            return


def without_templates(value: Any) -> Any:
    """The same without `{{…}}`, which are our own templates and mean nothing to jambonz."""
    if isinstance(value, str):
        return value.replace("{{", "{ {")
    if isinstance(value, list):
        return [without_templates(item) for item in value]
    if isinstance(value, dict):
        return {key: without_templates(item) for key, item in value.items()}
    return value


def remove(problem: Problem, properties: dict[str, Any]) -> bool:
    """Take an unknown option away, so that the rest can be looked at."""
    found = _UNKNOWN.match(problem.text)
    holder, _ = locate(properties, problem.path)
    if found and isinstance(holder, dict) and found[1] in holder:
        del holder[found[1]]
        return True
    return False


def locate(value: Any, path: Path) -> tuple[Any, Path]:
    """What stands at a path in Python's names, and the path in the wire's."""
    wire: Path = ()
    for step in path:
        if isinstance(value, list) and isinstance(step, int) and step < len(value):
            value, wire = value[step], (*wire, step)
        elif isinstance(value, Mapping) and isinstance(step, str):
            key = key_of(value, step)
            if key is not None:
                value, wire = value[key], (*wire, key)
            elif (read(value) or ("",))[0] != step:  # the name of a verb stands in the path
                return None, (*wire, wire_name(step))
    return value, wire


def key_of(value: Mapping[str, Any], step: str) -> str | None:
    """The key that a Python name stands for."""
    for key in (step, wire_name(step)):
        if key in value:
            return key
    return next((key for key in value if fold(key) == fold(step)), None)


def spell(root: str, path: Path) -> str:
    """`gather`, `("say", "text")` as `gather.say.text`."""
    return root + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)


def translate(problem: Problem, name: str, properties: Mapping[str, Any]) -> Flaw:
    """A problem of a typed verb in the wire's names."""
    holder, path = locate(properties, problem.path)
    where = spell(name, path)
    on_wire = str if is_verbatim(name, problem.path) else wire_name
    close = problem.suggestion and on_wire(problem.suggestion)
    if found := _UNKNOWN.match(problem.text):
        return unknown_option(where, found[1], close)
    if found := _REQUIRED.search(problem.text):
        return missing_option(where, on_wire(found[1] or found[2]))
    if found := _EXPECTED.search(problem.text):
        secret = any(is_secret(step) for step in path)
        came = found[2] if secret or holder is None else show(holder)
        close = problem.suggestion
        return Flaw("wrong-value", where, came, names_in(found[1], on_wire), instead(close), close)
    came = show(holder) if holder is not None else "it"
    if any(is_secret(step) for step in path):
        keys = ", ".join(map(str, holder)) if isinstance(holder, Mapping) else ""
        came = f"an object with {keys}" if keys else "a secret, or nothing"
    return Flaw("wrong-value", where, came, names_in(problem.text, on_wire))


def is_verbatim(name: str, path: Path) -> bool:
    """Whether a path leads into an object whose options have the vendor's names everywhere."""
    steps = {str(step) for step in path}
    if kind_of(name) == "llm":
        return bool(steps & {"auth", "connect_options", "llm_options"})
    own = {"connect_options", "llm_options"}
    return "auth" in steps or any(step.endswith("_options") for step in steps - own)


def names_in(text: str, on_wire: Callable[[str], str]) -> str:
    """A text in which options are called as on the wire."""
    return _SNAKE.sub(lambda found: on_wire(found[0]), text)


def changes(value: Any, made: Any, where: str) -> Iterator[Flaw]:
    """Where a verb came out of its type in another spelling: jambonz knows only that one."""
    if isinstance(value, Mapping) and isinstance(made, Mapping):
        for key, inner in value.items():
            if inner is None:
                continue
            if key in made:
                yield from changes(inner, made[key], f"{where}.{key}")
            else:
                close = next((one for one in made if fold(one) == fold(key)), None)
                yield unknown_option(where, key, close)
    elif isinstance(value, list) and isinstance(made, list) and len(value) == len(made):
        for index, inner in enumerate(value):
            yield from changes(inner, made[index], f"{where}[{index}]")
    elif isinstance(made, Mapping | list) and isinstance(value, str | bool):
        yield Flaw("wrong-value", where, show(value), f"in full: {show(made)}")
