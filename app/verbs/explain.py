"""Turns pydantic's errors into ours: one per option, with its path, in plain words."""

import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal, Union

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from app.verbs.errors import Path, Problem, VerbError
from app.verbs.names import did_you_mean, fold, nearest

# Options whose value is never shown, folded as names are compared.
SECRET = frozenset(
    {
        "accesskey",
        "apikey",
        "auth",
        "authtoken",
        "basicauth",
        "credentials",
        "password",
        "secretaccesskey",
        "secretkey",
        "securitytoken",
        "servicekey",
        "sessiontoken",
        "sttapikey",
        "ttsapikey",
        "wsauth",
    }
)
SIMPLE: Mapping[object, str] = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    dict: "an object",
    list: "a list",
    Any: "anything",
    type(None): "None",
}


class Expect(str):
    """In an annotation: how to name in an error what is expected."""

    __slots__ = ()


def explain(
    kind: type[BaseModel], root: str, error: ValidationError, given: Mapping[str, Any]
) -> VerbError:
    """Our error for pydantic's: one problem per option.

    Args:
        kind: The model that was being made.
        root: What to call it.
        error: What pydantic says.
        given: The options by their Python names.
    """
    lines: dict[str, list[ErrorDetails]] = {}
    for line in error.errors(include_url=False):
        lines.setdefault(str(line["loc"][0]) if line["loc"] else "", []).append(line)
    odd = [name for name in given if name not in kind.model_fields]
    problems = [
        found
        for option, about in lines.items()
        for found in explain_option(kind.model_fields.get(option), option, about, given, odd)
    ]
    return VerbError(root, problems)


def explain_option(
    field: FieldInfo | None,
    option: str,
    lines: Sequence[ErrorDetails],
    given: Mapping[str, Any],
    odd: Sequence[str],
) -> Iterator[Problem]:
    """What is wrong with one option: what its own check said, else what was expected.

    Args:
        field: The option, where there is one.
        option: Its Python name.
        lines: What pydantic says of it.
        given: All options that were given.
        odd: Those that an open object took without knowing them.
    """
    own = [line for line in lines if isinstance(line.get("ctx", {}).get("error"), VerbError)]
    places = [locate(given, line["loc"]) for line in own or lines]
    value = places[0][1]
    if own and (len(own) == len(lines) or isinstance(value, Mapping)):
        inner: VerbError = own[0]["ctx"]["error"]
        yield from (found.below(places[0][0]) for found in inner.problems)
    elif lines[0]["type"] == "missing":
        yield describe_missing(expected(field, (option,)), option, odd)
    else:
        path, value = max((locate(given, line["loc"]) for line in lines), key=lambda at: len(at[0]))
        yield describe_mismatch(expected(field, path), path, value, literals(field, path))


def describe_missing(wanted: str, option: str, odd: Sequence[str]) -> Problem:
    """What must be there; an open object may have taken it under a misspelt name."""
    misspelt = nearest(option, odd)
    hint = f"; is {misspelt!r} meant for it?" if misspelt is not None else ""
    text = f"option {option!r} is required: {wanted}{hint}"
    return Problem(text, suggestion=option if hint else None, option=option)


def locate(given: Mapping[str, Any], location: Path) -> tuple[Path, Any]:
    """Where a pydantic location leads in what was given, without pydantic's names for types."""
    path: Path = ()
    value: Any = given
    for step in location:
        if isinstance(value, Mapping) and step in value:
            path, value = (*path, step), value[typing.cast("str", step)]
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            path, value = (*path, step), value[step]
    return path, value


def describe_mismatch(wanted: str, path: Path, value: Any, allowed: Sequence[str]) -> Problem:
    """``expected …; got …``, with the allowed value that is nearest."""
    close = nearest(value, allowed) if isinstance(value, str) else None
    return Problem(
        f"expected {wanted}; got {show(value, path)}{did_you_mean(close)}", path, suggestion=close
    )


def expected(field: FieldInfo | None, path: Path) -> str:
    """What an option, or a part of it, may be."""
    if field is None:
        return "something else"
    annotation, metadata = descend(field, path)
    return describe(annotation, metadata)


def literals(field: FieldInfo | None, path: Path) -> list[str]:
    """The texts that a closed option allows."""
    if field is None:
        return []
    return list(find_literals(descend(field, path)[0]))


def find_literals(annotation: Any) -> Iterator[str]:
    """Every text in the ``Literal`` parts of an annotation."""
    for part in alternatives(annotation):
        bare, _ = unwrap(part)
        if typing.get_origin(bare) is Literal:
            yield from (value for value in typing.get_args(bare) if isinstance(value, str))


def descend(field: FieldInfo, path: Path) -> tuple[Any, Sequence[Any]]:
    """The annotation of what stands at a path below an option."""
    annotation, metadata = field.annotation, list(field.metadata)
    for step in path[1:]:
        wanted = list if isinstance(step, int) else dict
        for part in alternatives(annotation):
            bare, inner = unwrap(part)
            if typing.get_origin(bare) is wanted:
                annotation, metadata = unwrap(typing.get_args(bare)[-1])[0], inner
                break
    return annotation, metadata


def alternatives(annotation: Any) -> list[Any]:
    """The members of a union, without None; of anything else, itself."""
    if typing.get_origin(annotation) in (Union, types.UnionType):
        members = (alternatives(member) for member in typing.get_args(annotation))
        return [part for parts in members for part in parts if part is not type(None)]
    return [annotation]


def unwrap(annotation: Any) -> tuple[Any, list[Any]]:
    """An annotation without ``Annotated``, and what that said."""
    if typing.get_origin(annotation) is Annotated:
        bare, *metadata = typing.get_args(annotation)
        return bare, flatten(metadata)
    return annotation, []


def flatten(metadata: Sequence[Any]) -> list[Any]:
    """What an annotation says, with pydantic's ``Field(...)`` opened."""
    opened = (item.metadata if isinstance(item, FieldInfo) else [item] for item in metadata)
    return [inner for items in opened for inner in items]


def describe(annotation: Any, metadata: Sequence[Any] = ()) -> str:
    """An annotation in words: ``'stt', 'krisp' or {mode: 'krisp', threshold, model}``."""
    named = next((item for item in metadata if isinstance(item, Expect)), None)
    if named is not None:
        return str(named)
    words: list[str] = []
    for part in alternatives(annotation):
        bare, inner = unwrap(part)
        told = describe_one(bare, inner)
        words.extend(word for word in told if word not in words)
    if "a number" in words and "a whole number" in words:
        words.remove("a whole number")
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]])) + bounds(metadata)


def describe_one(annotation: Any, metadata: Sequence[Any]) -> list[str]:
    """The words for one member of a union; a ``Literal`` gives several."""
    named = next((item for item in metadata if isinstance(item, Expect)), None)
    origin = typing.get_origin(annotation)
    if named is not None:
        return [str(named)]
    if origin is Literal:
        return [spell(value) for value in typing.get_args(annotation)]
    if origin in (Union, types.UnionType):
        return [describe(annotation, metadata)]
    if origin is list:
        item, inner = unwrap(typing.get_args(annotation)[0])
        words = describe(item, inner)
        return ["a list of texts" if words == "text" else f"a list, each {words}"]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [describe_model(annotation)]
    return [SIMPLE.get(origin or annotation, str(annotation)) + bounds(metadata)]


def describe_model(kind: type[BaseModel]) -> str:
    """The keys of an object: ``{mode: 'krisp', threshold, model}``, at most six."""
    fields = {name: field for name, field in kind.model_fields.items() if name != "extra"}
    keys = [describe_key(name, field) for name, field in fields.items()]
    more = ["…"] if len(keys) > 6 else []
    braces = "{" + ", ".join(keys[:6] + more) + "}"
    text = getattr(kind, "text_form", "")
    return f"{text} or {braces}" if text else braces


def describe_key(name: str, field: FieldInfo) -> str:
    """A key of an object, with its value where only one is possible."""
    if typing.get_origin(field.annotation) is Literal:
        values = typing.get_args(field.annotation)
        return f"{name}: {values[0]!r}" if len(values) == 1 else name
    return name


def bounds(metadata: Sequence[Any]) -> str:
    """The limits of a number in words."""
    low = next((item for item in metadata if isinstance(item, Ge | Gt)), None)
    high = next((item for item in metadata if isinstance(item, Le | Lt)), None)
    if isinstance(low, Ge) and isinstance(high, Le):
        return f" from {low.ge} to {high.le}"
    parts = [f"{low.ge} or more" if isinstance(low, Ge) else f"over {low.gt}"] if low else []
    parts += [f"{high.le} or less" if isinstance(high, Le) else f"under {high.lt}"] if high else []
    return f", {' and '.join(parts)}" if parts else ""


def spell(value: object) -> str:
    """A literal as a person writes it in Python."""
    return repr(value)


def show(value: Any, path: Path = ()) -> str:
    """What came, short; never a secret, nor the inside of an object that may hold one."""
    if any(is_secret(step) for step in path):
        return f"a value of type {type(value).__name__}"
    if isinstance(value, Mapping):
        return f"an object with {', '.join(map(str, value))}"[:80] if value else "an empty object"
    if isinstance(value, list | tuple | set):
        return f"a list of {len(value)}" if value else "an empty list"
    if isinstance(value, types.FunctionType | type):
        return f"{value.__module__}.{value.__qualname__}"
    if isinstance(value, str | int | float | None):
        text = repr(value)
        return text if len(text) <= 80 else f"{text[:60]}… ({len(text)} characters)"
    return f"a value of type {type(value).__name__}"


def is_secret(name: object) -> bool:
    """Whether a value under this name is never shown."""
    return isinstance(name, str) and fold(name) in SECRET


def mask(name: str, value: Any) -> Any:
    """A value for a repr, with secrets inside it replaced."""
    if is_secret(name):
        return "***"
    if isinstance(value, Mapping):
        return {key: mask(str(key), inner) for key, inner in value.items()}
    return value
