"""Made-up arguments that fit the JSON Schema of a tool."""

from collections.abc import Mapping
from typing import Any

DEEPEST = 5
"""How deep objects in objects are filled."""

_SIMPLE: Mapping[str, Any] = {
    "string": "Boston",
    "integer": 1,
    "number": 1,
    "boolean": True,
    "null": None,
}
_FORMATS: Mapping[str, str] = {
    "date": "2030-01-31",
    "date-time": "2030-01-31T12:00:00Z",
    "email": "caller@example.org",
    "time": "12:00:00",
    "uri": "https://example.org/",
    "uuid": "0b9d9c1e-2d7b-4f1a-a1f5-4a3c9f7cf001",
}


def sample(schema: Any, depth: int = DEEPEST) -> Any:
    """A value that fits a schema, as far as one can tell without solving it."""
    if not isinstance(schema, Mapping) or depth == 0:
        return "Boston"
    for key in ("default", "const"):
        if key in schema:
            return schema[key]
    for key in ("enum", "examples"):
        if isinstance(schema.get(key), list) and schema[key]:
            return schema[key][0]
    for key in ("anyOf", "oneOf", "allOf"):
        if isinstance(schema.get(key), list) and schema[key]:
            return sample(schema[key][0], depth - 1)
    return _of_type(schema, depth)


def _of_type(schema: Mapping[str, Any], depth: int) -> Any:
    kind = schema.get("type", "object" if "properties" in schema else "string")
    kind = kind[0] if isinstance(kind, list) and kind else kind
    if kind == "object":
        members = schema.get("properties")
        members = members if isinstance(members, Mapping) else {}
        return {str(name): sample(inner, depth - 1) for name, inner in members.items()}
    if kind == "array":
        return [sample(schema.get("items", {}), depth - 1)]
    if kind in ("integer", "number"):
        return schema.get("minimum", 1)
    return _FORMATS.get(str(schema.get("format")), _SIMPLE.get(str(kind), "Boston"))
