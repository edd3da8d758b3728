"""The form of the portal, and the password: what no call shows."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from app.doctor.finding import Finding
from app.doctor.form import Form
from app.doctor.rules.names import nearest
from app.doctor.rules.seen import show
from app.doctor.rules.shapes import is_number

NAME = re.compile(r"[a-zA-Z0-9_]+")
TYPES: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "number": (int, float),
    "boolean": bool,
}
HINTS = ("input", "textarea", "filepicker")
RESOURCES = ("carriers",)
KEYS = (
    *("type", "description", "required", "default", "enum", "obscure", "uiHint"),
    "jambonzResource",
)


def form(answer: Form | None) -> Iterator[Finding]:
    """OPTIONS is answered with a valid map, or not with 200."""
    if answer is None or answer.status != 200 or not answer.body.strip():
        return
    try:
        variables = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        if "json" in answer.content_type:
            yield _bad("", "no JSON", "a map of variables")
        return
    if "json" not in answer.content_type:
        yield _bad(": Content-Type", answer.content_type, "application/json")
    yield from _map(variables)


def _map(variables: Any) -> Iterator[Finding]:
    if not isinstance(variables, Mapping) or not variables:
        yield _bad("", show(variables), "a map with at least one variable; else answer 204")
        return
    if set(variables) == {"env"} and "type" not in (variables["env"] or ()):
        yield _bad("", 'a map in a map: {"env": …}', "the map of variables itself")
        return
    for name, variable in variables.items():
        if not NAME.fullmatch(name):
            yield _bad(f": {name}", show(name), "a name of letters, digits and underscores")
        if isinstance(variable, Mapping):
            yield from _variable(name, variable)
        else:
            yield _bad(f": {name}", show(variable), "an object with type and description")


def _variable(name: str, variable: Mapping[str, Any]) -> Iterator[Finding]:
    type_ = variable.get("type")
    if type_ not in TYPES:
        close = nearest(type_, TYPES) if isinstance(type_, str) else None
        came = show(type_) if "type" in variable else "nothing"
        yield _bad(f": {name}.type", came, f"one of {', '.join(TYPES)}", close)
    if not isinstance(variable.get("description"), str):
        came = show(variable["description"]) if "description" in variable else "nothing"
        yield _bad(f": {name}.description", came, "text")
    for key, value in variable.items():
        if key not in KEYS:
            close = nearest(key, KEYS)
            yield _bad(f": {name}.{key}", key, f"one of {', '.join(KEYS)}", close)
        elif key in ("required", "obscure") and not isinstance(value, bool):
            yield _bad(f": {name}.{key}", show(value), "true or false")
        elif key == "enum" and not isinstance(value, list):
            yield _bad(f": {name}.enum", show(value), "a list")
        elif key == "uiHint" and value not in HINTS:
            yield _bad(f": {name}.uiHint", show(value), f"one of {', '.join(HINTS)}")
        elif key == "jambonzResource" and value not in RESOURCES:
            yield _bad(f": {name}.jambonzResource", show(value), "carriers")
        elif key == "default" and type_ in TYPES and not _is_of(value, str(type_)):
            yield _bad(f": {name}.default", show(value), f"a {type_}, as its type says")


def _is_of(value: Any, type_: str) -> bool:
    return is_number(value) if type_ == "number" else isinstance(value, TYPES[type_])


def _bad(path: str, came: str, expected: str, close: str | None = None) -> Finding:
    fix = f"Write {close}." if close else ""
    where = f"answer to OPTIONS{path}"
    return Finding("bad-form", where, came, expected, fix, suggestion=close, scenario="form")


def password(takes_any: bool | None) -> Iterator[Finding]:
    """A wrong password opens nothing."""
    if takes_any:
        yield Finding(
            "any-password",
            "upgrade: Authorization",
            "101 for a wrong password",
            "401: nothing but the password protects the socket",
            scenario="password",
        )
