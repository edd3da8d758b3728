"""What a wrong name was probably meant to be, by the JSON Schema of what was expected."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter

from app.verbs.names import nearest

__all__ = ["suggest"]

Schema = dict[str, Any]


def suggest(adapter: TypeAdapter[Any], path: Sequence[int | str]) -> str | None:
    """The name that was probably meant by the last one of a path, which is not known there."""
    schema = _schema(adapter)
    here: list[Schema] = [schema]
    for step in path[:-1]:  # a step that leads nowhere is the tag of a union's member
        here = [inner for one in _members(here, schema) for inner in _enter(one, step)] or here
    known = {name for one in _members(here, schema) for name in one.get("properties", ())}
    name = str(path[-1])  # one that only another member has is meant as it is, and not here
    return None if name in known else nearest(name, known)


@lru_cache(maxsize=64)
def _schema(adapter: TypeAdapter[Any]) -> Schema:
    return adapter.json_schema()


def _members(schemas: Iterable[Schema], root: Schema) -> Iterator[Schema]:
    """The schemas themselves: of a reference what it refers to, of a union all its members."""
    rest, seen = list(schemas), set[str]()
    while rest:
        schema = rest.pop()
        yield schema
        rest += [one for key in ("anyOf", "oneOf", "allOf") for one in schema.get(key, ())]
        reference = schema.get("$ref", "")
        if reference and reference not in seen:
            seen.add(reference)
            rest.append(root["$defs"][reference.rpartition("/")[2]])


def _enter(schema: Schema, step: int | str) -> Iterator[Schema]:
    """What a schema says about one of its fields or items."""
    if isinstance(step, int):
        inner = schema.get("items")
    else:
        inner = schema.get("properties", {}).get(step, schema.get("additionalProperties"))
    if isinstance(inner, dict):
        yield inner
