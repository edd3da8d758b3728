"""Turns pydantic's JSON Schema into one that language models and their vendors take well.

Flat, without titles; definitions written in place unless they refer to themselves; objects closed;
``null`` only where leaving the value out does not already say it.
"""

from collections.abc import Mapping
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, JsonSchemaWarningKind
from pydantic_core import core_schema

Schema = dict[str, Any]

PREFIX = "#/$defs/"
# Noise for a model, or words that vendors refuse.
DROPPED = frozenset({"title", "discriminator", "$defs"})
# What a reader wants to know first.
FIRST = ("type", "description", "enum", "properties", "required")


class Generator(GenerateJsonSchema):
    """The generator of pydantic, without its warnings; a Decimal is a number."""

    def emit_warning(self, kind: JsonSchemaWarningKind, detail: str) -> None:
        """Say nothing: a default that JSON cannot hold is left out of the schema."""

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        """Without the alternative of a string, whose pattern vendors refuse."""
        both = super().decimal_schema(schema)
        return next((part for part in both.get("anyOf", ()) if part["type"] == "number"), both)


def tidy(schema: Mapping[str, Any]) -> Schema:
    """The schema of a tool's parameters from pydantic's schema of the same."""
    definitions: Mapping[str, Schema] = schema.get("$defs", {})
    recursive = {name for name in definitions if name in reached(definitions[name], definitions)}
    tidied = tidy_node(schema, definitions, recursive)
    used = recursive & reached(tidied, definitions)
    if used:
        tidied["$defs"] = {
            name: tidy_node(definitions[name], definitions, recursive) for name in sorted(used)
        }
    return tidied


def reached(node: object, definitions: Mapping[str, Schema]) -> set[str]:
    """The names of all definitions that a node refers to, directly or through others."""
    found: set[str] = set()
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += part
        elif isinstance(part, dict):
            name = reference(part)
            if name and name not in found:
                found.add(name)
                waiting.append(definitions.get(name, {}))
            waiting += part.values()
    return found


def reference(node: Mapping[str, Any]) -> str:
    """The definition that a node refers to, or empty."""
    target = node.get("$ref")
    return target.removeprefix(PREFIX) if isinstance(target, str) else ""


def tidy_node(
    node: Mapping[str, Any], definitions: Mapping[str, Schema], recursive: set[str]
) -> Schema:
    """One node, with everything below it."""
    name = reference(node)
    if name and name not in recursive:
        node = {**definitions[name], **{key: node[key] for key in node if key != "$ref"}}
        return tidy_node(node, definitions, recursive)
    inner = {
        key: tidy_value(key, value, definitions, recursive)
        for key, value in node.items()
        if key not in DROPPED
    }
    if "const" in inner:
        inner["enum"] = [inner.pop("const")]
    if "oneOf" in inner:
        inner["anyOf"] = inner.pop("oneOf")
    if "properties" in inner or inner.get("type") == "object":
        close(inner)
    return in_order(tidy_tuple(tidy_null(inner)))


def tidy_value(key: str, value: Any, definitions: Mapping[str, Schema], recursive: set[str]) -> Any:
    """The value of one keyword: a schema, several, or plain data."""
    if key in ("properties", "patternProperties"):
        return {
            name: omit_null(tidy_node(part, definitions, recursive)) for name, part in value.items()
        }
    if key in ("items", "additionalProperties", "propertyNames") and isinstance(value, dict):
        return tidy_node(value, definitions, recursive)
    if key in ("anyOf", "oneOf", "allOf", "prefixItems"):
        return [tidy_node(part, definitions, recursive) for part in value]
    return value


def close(node: Schema) -> None:
    """Let an object with named properties have no others."""
    if "properties" in node:
        node.setdefault("additionalProperties", False)
    if not node.get("required", True):
        del node["required"]


def tidy_null(node: Schema) -> Schema:
    """``anyOf`` of something and null as one type."""
    choices = node.get("anyOf", [])
    others = [part for part in choices if part != {"type": "null"}]
    if len(others) != 1 or len(choices) != 2 or not isinstance(others[0].get("type"), str):
        return node
    outer = {key: value for key, value in node.items() if key != "anyOf"}
    merged = {**others[0], **outer, "type": [others[0]["type"], "null"]}
    if "enum" in merged:
        merged["enum"] = [*merged["enum"], None]
    return merged


def omit_null(node: Schema) -> Schema:
    """A property that is null when left out need not be offered as null."""
    if node.get("default", 0) is not None:
        return node
    node = {key: value for key, value in node.items() if key != "default"}
    if "enum" in node:
        node["enum"] = [value for value in node["enum"] if value is not None]
    if isinstance(node.get("type"), list):
        node["type"] = next(kind for kind in node["type"] if kind != "null")
    elif "anyOf" in node:
        others = [part for part in node["anyOf"] if part != {"type": "null"}]
        if len(others) == 1:
            del node["anyOf"]
            return {**others[0], **node}
        node["anyOf"] = others
    return node


def tidy_tuple(node: Schema) -> Schema:
    """A tuple of one type as a list of fixed length; others get the ``items`` that vendors want."""
    places = node.get("prefixItems")
    if not places or "items" in node:
        return node
    distinct = [place for number, place in enumerate(places) if place not in places[:number]]
    if len(distinct) == 1:
        node = {key: value for key, value in node.items() if key != "prefixItems"}
    return {**node, "items": distinct[0] if len(distinct) == 1 else {"anyOf": distinct}}


def in_order(node: Schema) -> Schema:
    """The same node, the telling keywords first."""
    return {key: node[key] for key in (*(key for key in FIRST if key in node), *node)}
