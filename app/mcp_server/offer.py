"""Offer: one tool of ours for assistants; most are made of an operation of the REST API."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from inspect import getdoc
from typing import Any, Final

from aiohttp import web
from pydantic import BaseModel, ValidationError

from app.identity import Need
from app.rest import Operation, misfit

__all__ = ["Asked", "Json", "Offer", "from_operation", "input_schema", "read_arguments"]

Json = dict[str, Any]
NO_PART: Final = "body"
"""Where an argument is looked for that no part knows, to be refused there."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks for a tool, and how to tell them how it goes on.

    Attributes:
        request: The HTTP request by which it came.
        tell: Reports progress: how far, and one line of text.
    """

    request: web.Request
    tell: Callable[[float, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Offer:
    """A tool.

    Attributes:
        run: Gives what the output schema describes.
        needs: The scope of whoever may use it.
        changes: Whether it changes anything.
        destroys: Whether what it changes is lost.
    """

    name: str
    title: str
    description: str
    input_schema: Json
    output_schema: Json
    run: Callable[[Asked, Json], Awaitable[Json]]
    needs: Need
    changes: bool = False
    destroys: bool = False


def from_operation(
    operation: Operation,
    *,
    name: str = "",
    title: str,
    fixed: Mapping[str, Any] | None = None,
    body: type[BaseModel] | None = None,
    also: str = "",
    as_list: str = "",
    changes: bool = False,
    destroys: bool = False,
) -> Offer:
    """A tool that does what an operation does, with all its arguments in one object.

    Args:
        operation: Of the REST API.
        name: The tool's; the operation's by default.
        title: For people.
        fixed: Parts of the body that the tool stands for.
        body: The body as far as this tool is concerned, with its description.
        also: More for the description.
        as_list: The key for the items where the operation answers a list.
        changes: As in `Offer`.
        destroys: As in `Offer`.
    """
    parts = {part: adapter.json_schema() for part, adapter in operation.inputs.items()}
    if body is not None:
        parts["body"] = body.model_json_schema()
    names = {part: set(schema["properties"]) for part, schema in parts.items()}

    async def run(asked: Asked, arguments: Json) -> Json:
        given: dict[str, Json] = {part: {} for part in names}
        for key, value in arguments.items():
            given.setdefault(_part_of(key, names), {})[key] = value
        if fixed:
            given["body"] |= fixed
        result = await operation.call(asked.request, given)
        return {as_list: result} if as_list else result

    output = operation.output.json_schema(mode="serialization")
    text = getdoc(body) if body else getdoc(operation.function)
    return Offer(
        name or operation.name,
        title,
        " ".join(f"{text or ''} {also}".split()),
        input_schema(parts.values(), without=fixed or ()),
        in_object(output, as_list) if as_list else output,
        run,
        operation.needs,
        changes,
        destroys,
    )


def _part_of(key: str, names: Mapping[str, set[str]]) -> str:
    """The part of a request that holds an argument."""
    last = list(names or (NO_PART,))[-1]
    return next((part for part, known in names.items() if key in known), last)


def input_schema(schemas: Iterable[Json], *, without: Iterable[str] = ()) -> Json:
    """One object with the properties of several."""
    merged: Json = {"type": "object", "properties": {}, "required": [], "$defs": {}}
    hidden = set(without)
    for schema in schemas:
        properties = schema.get("properties", {})
        merged["properties"] |= {
            name: one for name, one in properties.items() if name not in hidden
        }
        merged["required"] += [name for name in schema.get("required", ()) if name not in hidden]
        merged["$defs"] |= schema.get("$defs", {})
    merged = {key: value for key, value in merged.items() if value or key == "properties"}
    return merged | {"additionalProperties": False}


def in_object(schema: Json, key: str) -> Json:
    """The schema of an object that holds a list under a key."""
    items = {name: value for name, value in schema.items() if name != "$defs"}
    whole: Json = {"type": "object", "properties": {key: items}, "required": [key]}
    return whole | ({"$defs": schema["$defs"]} if "$defs" in schema else {})


def read_arguments(kind: type[BaseModel], arguments: Json) -> Any:
    """Arguments as a model.

    Raises:
        Problem: 422, which names each that is wrong.
    """
    try:
        return kind.model_validate(arguments)
    except ValidationError as error:
        raise misfit("arguments", error) from None
