"""JSON Schema of a part, by the names of the wire: what documents such as OpenAPI are made of."""

import inspect
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import GetJsonSchemaHandler

    from app.verbs.part import Part, Verb

Json = dict[str, Any]

BOUNDS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}
NOT_BLANK = r"\S"
_ATTRIBUTE = re.compile(r"    (\w+): (.+)")


def given(name: str) -> Json:
    """That an option is there; None stands for one that is not."""
    return {"required": [name], "properties": {name: {"not": {"type": "null"}}}}


def describe(kind: type["Part"], schema: Json) -> None:
    """Turn pydantic's schema of a part, in place, into that of its JSON; once more does no harm."""
    text, options = read_docstring(kind)
    schema["description"] = text
    names = {name: wire for name, wire, _ in kind._options}
    hooks = {name for name, _, is_hook in kind._options if is_hook}
    properties = schema.pop("properties", {})
    schema["properties"] = {
        wire: describe_option(
            properties.get(name, properties.get(wire, {})),
            options.get(name, ""),
            is_hook=name in hooks,
        )
        for name, wire in names.items()
    }
    required = [names.get(name, name) for name in schema.pop("required", ())]
    leading = [names[kind.leading]] if kind.leading in names else []
    if needed := list(dict.fromkeys([*leading, *required])):
        schema["required"] = needed
    schema.update(kind.rules)


def instruction(kind: type["Verb"], handler: "GetJsonSchemaHandler") -> Json:
    """JSON Schema of a verb with its name."""
    schema = kind.__get_pydantic_json_schema__(kind.__pydantic_core_schema__, handler)
    options = handler.resolve_ref_schema(schema)
    name: Json = {"verb": {"const": kind.verb}}
    required = ["verb", *options.get("required", ())]
    return {**options, "properties": name | options["properties"], "required": required}


def describe_option(schema: Json, text: str, *, is_hook: bool) -> Json:
    """The schema of one option, without what only Python has."""
    described = {key: value for key, value in schema.items() if key not in ("title", "default")}
    for choice in described.get("anyOf", [described]):
        if is_hook and choice.get("type") == "string":
            choice.setdefault("pattern", NOT_BLANK)
        for bound, keyword in BOUNDS.items():  # pydantic leaves those of a union as they are
            if bound in choice:
                choice[keyword] = choice.pop(bound)
    return {"description": text, **described} if text else described


def read_docstring(kind: type) -> tuple[str, dict[str, str]]:
    """What a class says of itself, and of its options."""
    text, _, rest = inspect.cleandoc(kind.__doc__ or "").partition("\nAttributes:\n")
    lines: dict[str, str] = {}
    name = ""
    for line in rest.splitlines():
        if found := _ATTRIBUTE.fullmatch(line):
            name = found[1]
            lines[name] = found[2]
        elif name and line.strip():
            lines[name] += f" {line.strip()}"
    return " ".join(text.split()).replace("``", "`"), {
        key: one.replace("``", "`") for key, one in lines.items()
    }
