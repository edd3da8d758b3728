"""Where a place in JSON is in our models, and how a name is misspelt."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args, get_origin

from app.verbs import VERBS, Part
from app.verbs.errors import Path
from app.verbs.explain import alternatives, unwrap
from app.verbs.raw import VerbItem
from app.verbs.vendors import VENDOR_OPTIONS, vendor_shape

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def forms(annotation: Any) -> Iterator[Any]:
    """What an option may be, each without what is said about it."""
    for part in alternatives(annotation):
        bare, _ = unwrap(part)
        if bare is part:
            yield bare
        else:
            yield from forms(bare)


def model_of(annotation: Any) -> type[Part] | None:
    """The object that an option may be."""
    kinds = (bare for bare in forms(annotation) if isinstance(bare, type))
    return next((kind for kind in kinds if issubclass(kind, Part)), None)


def step_into(annotation: Any, step: str | int) -> tuple[str | int, Any]:
    """What our path says for a step in JSON, and the annotation of what is there."""
    for bare in forms(annotation):
        if get_origin(bare) is (list if isinstance(step, int) else dict):
            return step, get_args(bare)[-1]
    kind = model_of(annotation)
    if kind is None or isinstance(step, int):
        return step, Any
    name = kind._spellings.get(step, step)
    if step in VENDOR_OPTIONS:
        return name, vendor_shape(step)
    return name, kind.model_fields[name].annotation if name in kind.model_fields else Any


def find_place(kind: type[Part], path: Path, value: Any) -> tuple[Path, type[Part] | None]:
    """The path in our errors for a path in JSON, and the model of what is there."""
    found: Path = ()
    annotation: Any = kind
    for step in path:
        value = value[step]
        name, inner = step_into(annotation, step)
        found, annotation = (*found, name), inner
        if annotation == VerbItem and isinstance(step, int):
            found, annotation = (*found, value["verb"]), VERBS[value["verb"]]
    return found, model_of(annotation)


def objects(value: Any, path: Path = ()) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Every object in JSON with its path."""
    if isinstance(value, Mapping):
        yield path, dict(value)
    members = value.items() if isinstance(value, Mapping) else enumerate(value)
    for step, inner in members:
        if isinstance(inner, dict | list):
            yield from objects(inner, (*path, step))


def replaced(value: Any, path: Path, change: Any) -> Any:
    """JSON in which the value at a path is another one."""
    if not path:
        return change
    step, *rest = path
    copy: Any = dict(value) if isinstance(value, Mapping) else list(value)
    copy[step] = replaced(value[step], tuple(rest), change)
    return copy


def wrong_for(value: Any) -> Any:
    """A value of another type."""
    if isinstance(value, bool):
        return "yes"
    if isinstance(value, str):
        return 7
    if isinstance(value, int | float):
        return "7"
    return 7 if isinstance(value, dict) else {"odd": 1}


def odd_for(value: Any) -> list[Any]:
    """Values of the same type that no limit or closed set allows."""
    if isinstance(value, list):
        return [[], value[:1] * 1001]
    odd: dict[type, list[Any]] = {int: [-1000, 10**6], float: [-1e3, 1e6], str: ["odd one"]}
    return odd.get(type(value), [])


def snake(name: str) -> str:
    """``minBargeinWordCount`` with underscores."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def typos(name: str) -> dict[str, list[str]]:
    """Misspellings of a name by their kind; at most three of each, spread over the name."""
    spread = sorted({len(name) // 3, len(name) // 2, len(name) - 1})
    wrong = {at: LETTERS[(ord(name[at].lower()) + 17) % 26] for at in spread}
    found = {
        "dropped": [name[:at] + name[at + 1 :] for at in spread],
        "doubled": [name[:at] + name[at] + name[at:] for at in spread],
        "swapped": [
            name[: at - 1] + name[at] + name[at - 1] + name[at + 1 :] for at in spread if at > 0
        ],
        "wrong": [name[:at] + wrong[at] + name[at + 1 :] for at in spread],
        "plural": [name[:-1] if name.endswith("s") else f"{name}s"],
        "case": [name.lower(), name[0].upper() + name[1:], snake(name).replace("_", "-")],
    }
    return {kind: [typo for typo in some if typo and typo != name] for kind, some in found.items()}


def models_in(annotation: Any) -> Iterator[type[Part]]:
    """The objects that an option may be, or hold."""
    for bare in forms(annotation):
        if get_origin(bare) in (list, dict):
            yield from models_in(get_args(bare)[-1])
        elif isinstance(bare, type) and issubclass(bare, Part):
            yield bare


def reachable(kinds: Iterable[type[Part]]) -> set[type[Part]]:
    """These models and every model in their options."""
    found: set[type[Part]] = set()
    waiting = list(kinds)
    while waiting:
        kind = waiting.pop()
        if kind not in found:
            found.add(kind)
            names = [wire for _, wire, _ in kind._options if wire in VENDOR_OPTIONS]
            waiting += map(vendor_shape, names)
            for field in kind.model_fields.values():
                waiting += models_in(field.annotation)
    return found
