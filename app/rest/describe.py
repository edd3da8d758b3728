"""How bodies that carry commands are described: by the table of commands, never by hand."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from pydantic import GetJsonSchemaHandler, TypeAdapter
from pydantic_core import CoreSchema

from app.command import AGENT_UPDATE, COMMANDS, TOOL_OUTPUT, Bare, Nested, Spec
from app.rest.models import UpdateBody
from app.rest.platform import KEYS, Key
from app.verbs import VERBS, Part
from app.verbs.raw import VERB_SCHEMA

__all__ = ["DescribedCommand", "DescribedUpdate"]

Json = dict[str, Any]

NAMES: Final = [*COMMANDS, AGENT_UPDATE, TOOL_OUTPUT]
LEG: Final[Json] = {
    "description": "Another leg of the call to act on.",
    "anyOf": [{"type": "string", "minLength": 1, "maxLength": 128}, {"type": "null"}],
}
QUEUE: Final[Json] = {
    "description": "Go on with the verbs later, behind those that run.",
    "anyOf": [{"type": "boolean"}, {"type": "null"}],
}
VERB_LIST: Final[Json] = {
    "description": "Verbs, in place of what the call does.",
    "type": "array",
    "items": dict(VERB_SCHEMA),
}
NEWER: Final[Json] = {"type": "string", "minLength": 1, "maxLength": 64, "not": {"enum": NAMES}}
ANYTHING: Final[Json] = {
    "anyOf": [
        {"type": "object"},
        {"type": "array"},
        {"type": "string", "pattern": r"\S"},
        {"type": "number"},
    ]
}
_UPDATE: Final[TypeAdapter[Any]] = TypeAdapter(UpdateBody)


class DescribedCommand:
    """In an annotation: the body is a command of the table, or one that it does not hold."""

    def __get_pydantic_json_schema__(
        self, _core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> Json:
        """One alternative for each command."""
        update = {"command": {"const": AGENT_UPDATE}, "data": handler(_UPDATE.core_schema)}
        redirect = {"command": {"const": "redirect"}, "data": VERB_LIST, "queueCommand": QUEUE}
        newer = {"command": NEWER, "data": ANYTHING, "callSid": LEG}
        return {
            "anyOf": [
                an_object(redirect | {"callSid": LEG}, ("command", "data"), "Redirects the call."),
                an_object(update, ("command", "data"), "Steers the agent."),
                *(command(spec, handler) for spec in COMMANDS.values()),
                an_object(newer, ("command", "data"), "Newer than this server; with a warning."),
            ]
        }


class DescribedUpdate:
    """In an annotation: the body has one of the main keys of jambonz' REST API."""

    def __get_pydantic_json_schema__(
        self, _core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> Json:
        """One alternative for each main key."""
        agent = {"agent_update": handler(_UPDATE.core_schema)}
        return {
            "anyOf": [
                an_object(agent, ("agent_update",), "Steers the agent."),
                *(main_key(key, handler) for key in KEYS),
            ]
        }


def command(spec: Spec, handler: GetJsonSchemaHandler) -> Json:
    """The body for one command."""
    schema, needs_data = data(spec, handler), not getattr(spec.shape, "is_optional", False)
    properties = {"command": {"const": spec.name}, "data": schema, "callSid": LEG}
    required = ("command", "data") if needs_data else ("command",)
    return an_object(properties, required, spec.does)


def data(spec: Spec, handler: GetJsonSchemaHandler) -> Json:
    """The ``data`` of a command."""
    options = part(spec.options, handler)
    match spec.shape:
        case Bare(option):
            return option_of(spec, option, handler)
        case Nested(key):
            return {"anyOf": [an_object({key: options}, (key,)), options]}
        case shape:
            choices = [options]
            if shape.word:
                choices.insert(0, option_of(spec, shape.word, handler))
            if shape.is_optional:
                choices.append({"type": "null"})
            return choices[0] if len(choices) == 1 else {"anyOf": choices}


def main_key(key: Key, handler: GetJsonSchemaHandler) -> Json:
    """The body for one main key."""
    spec = COMMANDS[key.command]
    if key.verb:
        options = part(VERBS[key.verb], handler)
        return an_object({key.name: options}, (key.name,), VERBS[key.verb].__doc__ or "")
    whole = resolved(spec, handler)
    if key.is_whole:
        names = [name for name in whole["properties"] if not name.endswith("_call")]
        properties = {name: whole["properties"][name] for name in names}
        return an_object(properties, (key.name,), spec.does)
    is_bare = isinstance(spec.shape, Bare)
    below = data(spec, handler) if is_bare else part(spec.options, handler)
    return an_object({key.name: below}, (key.name,), spec.does)


def part(kind: type[Part], handler: GetJsonSchemaHandler) -> Json:
    """The options of a command or a verb as an object; pydantic asks a class by fields only."""
    return kind.__get_pydantic_json_schema__(kind.__pydantic_core_schema__, handler)


def resolved(spec: Spec, handler: GetJsonSchemaHandler) -> Json:
    """The options of a command as an object that is not a reference."""
    return handler.resolve_ref_schema(part(spec.options, handler))


def option_of(spec: Spec, option: str, handler: GetJsonSchemaHandler) -> Json:
    """One option of a command."""
    schema: Json = resolved(spec, handler)["properties"][option]
    return schema


def an_object(
    properties: Mapping[str, Json], required: Iterable[str], description: str = ""
) -> Json:
    """An object with nothing unknown in it."""
    schema: Json = {"description": description} if description else {}
    return schema | {
        "type": "object",
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
    }
