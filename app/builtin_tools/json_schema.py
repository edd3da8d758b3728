"""JSON Schema of a tool that is kept as data: what may stand in it, and a check of arguments."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # no stubs here
from jsonschema.exceptions import SchemaError, ValidationError  # type: ignore[import-untyped]
from jsonschema.validators import extend  # type: ignore[import-untyped]
from pydantic_core import SchemaError as PatternError
from pydantic_core import SchemaValidator, core_schema
from pydantic_core import ValidationError as PatternMismatch

from app.tool import Check
from app.tool.reading import Path, Reading
from app.tool.schema import reached

MAX_DEPTH: Final = 16
LOCAL: Final = "#/$defs/"


class BadSchema(ValueError):
    """A schema cannot describe a tool's arguments.

    Attributes:
        path: Where in it the fault stands.
    """

    def __init__(self, path: Path, message: str) -> None:
        super().__init__(message)
        self.path = path


def compile_check(schema: Mapping[str, Any]) -> Check:
    """What finds the faults of arguments.

    Raises:
        BadSchema: It is no JSON Schema of an object, or one that is not safe to use.
    """
    check_schema(schema)
    validator = Validator(schema)

    def check(arguments: Mapping[str, Any], reading: Reading) -> None:
        for error in validator.iter_errors(arguments):
            reading.add(tuple(error.absolute_path), explain(error))

    return check


def check_schema(schema: Mapping[str, Any]) -> None:
    """Refuse what is no schema of an object, refers elsewhere, or is too large.

    Raises:
        BadSchema: The text says what was expected.
    """
    if schema.get("type") != "object":
        raise BadSchema(("type",), 'expected {"type": "object", "properties": {…}}')
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise BadSchema(tuple(error.absolute_path), short(error.message)) from None
    for path, node in walk(schema, ()):
        check_node(path, node)
    definitions = schema.get("$defs", {})
    for name in definitions:
        if name in reached(definitions[name], definitions):
            raise BadSchema(("$defs", name), "expected a definition that does not contain itself")


def check_node(path: Path, node: Mapping[str, Any]) -> None:
    """Refuse references to elsewhere, and patterns that only a slow engine can match."""
    for word in ("$ref", "$dynamicRef", "$schema", "$id"):
        target = node.get(word)
        is_fine = word == "$schema" or (word == "$ref" and str(target).startswith(LOCAL))
        if isinstance(target, str) and not is_fine:
            raise BadSchema((*path, word), f"expected a reference to {LOCAL}…, came {target!r:.60}")
    if isinstance(node.get("patternProperties"), Mapping):
        raise BadSchema((*path, "patternProperties"), "is not supported; name the properties")
    if isinstance(pattern := node.get("pattern"), str):
        try:
            matcher(pattern)
        except PatternError:
            text = f"expected a pattern without look-around, came {pattern!r:.60}"
            raise BadSchema((*path, "pattern"), text) from None


def walk(node: Any, path: Path) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Every object in a schema, with its place; also those that are no schema themselves."""
    if len(path) > MAX_DEPTH:
        raise BadSchema(path, f"expected at most {MAX_DEPTH} levels")
    if isinstance(node, Mapping):
        yield path, node
        for key, part in node.items():
            yield from walk(part, (*path, key))
    elif isinstance(node, list):
        for index, part in enumerate(node):
            yield from walk(part, (*path, index))


def matcher(pattern: str) -> SchemaValidator:
    """A regular expression that takes time in proportion to the text: arguments are hostile."""
    return SchemaValidator(core_schema.str_schema(pattern=pattern))


def match(validator: Any, pattern: str, value: Any, schema: Any) -> Iterator[ValidationError]:
    """``pattern`` of JSON Schema, by that engine."""
    if isinstance(value, str):
        try:
            matcher(pattern).validate_python(value)
        except PatternMismatch:
            yield ValidationError(f"should match {pattern}")


Validator = extend(Draft202012Validator, {"pattern": match})


def explain(error: ValidationError) -> str:
    """What one fault asks for, without what came."""
    value = error.validator_value
    if error.validator == "required":
        missing = re.search(r"'(.+)' is a required", error.message)
        return f"{missing[1] if missing else 'something'} is missing"
    if error.validator == "pattern":
        return str(error.message)
    words = WORDS.get(error.validator, f"does not fit {error.validator}: {{}}")
    return words.format(short(" or ".join(map(str, value if isinstance(value, list) else [value]))))


WORDS: Final[Mapping[str, str]] = {
    "type": "should be {}",
    "enum": "should be one of {}",
    "additionalProperties": "has an argument that the tool does not know",
    "minimum": "should be {} or more",
    "maximum": "should be {} or less",
    "minLength": "should have {} characters or more",
    "maxLength": "should have {} characters or less",
}


def short(text: str) -> str:
    """A text that may be long."""
    return text if len(text) <= 160 else text[:159] + "…"
