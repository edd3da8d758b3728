"""Compiles a tool's parameters, once: to the JSON Schema for the model, and to a validator."""

import re
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NotRequired

import orjson
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, create_model
from pydantic.errors import PydanticUserError
from pydantic.fields import FieldInfo
from pydantic_core import SchemaError
from typing_extensions import TypedDict

from app.signature import MISSING, Parameter, Unresolved, did_you_mean, refuse
from app.tool.errors import ToolArgumentError
from app.tool.phrases import bad_arguments
from app.tool.reading import Reading
from app.tool.schema import Generator, Schema, in_order, tidy
from app.tool.shape import MAX_TEXT, Compiler, Shape

MAX_JSON = 262_144

# Models write 12345 for a postcode; NaN would not survive the way back.
CONFIG = ConfigDict(extra="forbid", coerce_numbers_to_str=True, allow_inf_nan=False)
PLAIN = (str, int, float, bool)
UNSUPPORTED = (PydanticUserError, SchemaError, TypeError, NameError, RuntimeError)


@dataclass(frozen=True, slots=True)
class Arguments:
    """The parameters of one tool, compiled.

    Attributes:
        schema: JSON Schema for the model.
        shape: Fits what came to the schema.
        known: Every name in the schema; only others are quoted in messages.
        fields: Name of each parameter by its field in the model.
        validator: pydantic's, for a dictionary.
        quick: The same for arguments that are just as they should be; None where it takes more.
    """

    schema: Schema
    shape: Shape
    known: frozenset[str]
    fields: Mapping[str, str]
    validator: Callable[[object], object]
    quick: Callable[[object], dict[str, Any]] | None = None

    def validate(self, tool: str, arguments: object) -> dict[str, Any]:
        """Keyword arguments for the function, as Python values of the annotated types.

        Args:
            tool: Name of the tool, for the message.
            arguments: What the model sent: an object, or its JSON text.

        Raises:
            ToolArgumentError: With all that is wrong, for the model.
        """
        if self.quick is not None and arguments.__class__ is dict:
            try:
                return self.quick(arguments)
            except ValidationError:
                pass  # bent or wrong: a closer look will tell
        reading = Reading(self.known)
        given = read_object(tool, arguments)
        fitted = self.shape.fit(given, (), reading)
        try:
            values = vars(self.validator(fitted))
        except ValidationError as error:
            reading.add_errors(error, fitted)
        if reading.problems:
            message = bad_arguments(tool, reading.problems, reading.left_out)
            raise ToolArgumentError(message, tuple(reading.problems))
        return {self.fields[key]: value for key, value in values.items()}


def read_object(tool: str, arguments: object) -> object:
    """The arguments as an object: they may be missing, or JSON text."""
    if isinstance(arguments, dict):
        return arguments
    problem = "arguments: should be one JSON object"
    if isinstance(arguments, str | bytes) and len(arguments) <= MAX_JSON:
        try:
            arguments = orjson.loads(arguments) if arguments.strip() else {}
        except orjson.JSONDecodeError as error:
            problem = f"arguments: not valid JSON ({error.msg} at {error.pos})"
    if arguments is None:
        return {}
    if not isinstance(arguments, dict):
        raise ToolArgumentError(bad_arguments(tool, [problem]), (problem,))
    return arguments


def compile_arguments(
    function: Callable[..., object],
    parameters: Sequence[Parameter],
    descriptions: Mapping[str, str],
) -> Arguments:
    """Compile the parameters that the model fills.

    Args:
        function: For error messages.
        parameters: All of them but the session.
        descriptions: What the docstring says of each.

    Raises:
        ConfigurationError: A parameter has no annotation, or one that JSON cannot express.
    """
    for parameter in parameters:
        check_parameter(function, parameter)
    check_descriptions(function, parameters, descriptions)
    fields = {f"p{number}": found for number, found in enumerate(parameters)}
    adapter, raw = build(function, fields)
    for name, text in descriptions.items():
        raw.get("properties", {}).get(name, {}).setdefault("description", text)
    schema = in_order({"properties": {}, **tidy(raw)})
    compiler = Compiler()
    shape = compiler.compile(schema)
    names = {key: found.name for key, found in fields.items()}
    known, validate = frozenset(compiler.names), adapter.validator.validate_python
    return Arguments(schema, shape, known, names, validate, compile_quick(parameters))


def compile_quick(
    parameters: Sequence[Parameter],
) -> Callable[[object], dict[str, Any]] | None:
    """Validate plain values that need no fitting; None where a parameter is more than that.

    Strict, so that what passes is what the slow way would give; defaults are left to the function.
    """
    if not all(is_plain(found.annotation) for found in parameters):
        return None
    fields = {found.name: quick_field(found) for found in parameters}
    shape: Any = TypedDict("Arguments", fields)  # type: ignore[misc]  # not known before
    config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
    setattr(shape, "__pydantic_config__", config)  # noqa: B010  (where pydantic looks for it)
    return TypeAdapter(shape).validator.validate_python


def quick_field(found: Parameter) -> Any:
    """The annotation of a parameter in the quick validator."""
    annotation = found.annotation
    kinds = (annotation, *typing.get_args(annotation))
    if str in kinds:
        annotation = Annotated[annotation, Field(max_length=MAX_TEXT)]
    elif int in kinds:
        annotation = Annotated[annotation, Field(ge=-(2**63), lt=2**64)]
    return annotation if found.default is MISSING else NotRequired[annotation]


def is_plain(annotation: object) -> bool:
    """Whether it is a text, a number or a truth value, or one of some texts; or None beside."""
    parts = typing.get_args(annotation)
    origin = typing.get_origin(annotation)
    if origin is Literal:
        return all(isinstance(part, str) for part in parts)
    if origin in (typing.Union, types.UnionType):
        kinds = [part for part in parts if part is not type(None)]
        return len(kinds) == 1 and kinds[0] in PLAIN
    return annotation in PLAIN


def build(
    function: Callable[..., object], fields: Mapping[str, Parameter]
) -> tuple[TypeAdapter[Any], Schema]:
    """What pydantic makes; where it fails, the one that is to blame is named."""
    try:
        return adapt(fields)
    except UNSUPPORTED:
        for key, found in fields.items():
            try:
                adapt({key: found})
            except UNSUPPORTED as error:
                raise refuse(function, explain_unsupported(found, error)) from error
        raise


def adapt(fields: Mapping[str, Parameter]) -> tuple[TypeAdapter[Any], Schema]:
    """Field names are made up, so that a parameter may have any name, like ``schema`` or ``_x``."""
    definitions: dict[str, Any] = {
        key: (
            Annotated[found.annotation, Field(validation_alias=found.name)],
            ... if found.default is MISSING else found.default,
        )
        for key, found in fields.items()
    }
    adapter: TypeAdapter[Any] = TypeAdapter(
        create_model("Arguments", __config__=CONFIG, **definitions)
    )
    return adapter, adapter.json_schema(schema_generator=Generator)


def explain_unsupported(found: Parameter, error: Exception) -> str:
    """Why the type of a parameter does not work, and what does."""
    last = isinstance(error, SchemaError)
    reason = str(error).rpartition("\n")[2] if last else re.split(r"\.\s|\n", str(error))[0]
    return (
        f"`{found.name}` is annotated {found.annotation!r}, which a model cannot fill ({reason}). "
        "Use str, int, float, bool, Literal, Enum, date, list, dict, a dataclass or a pydantic "
        "model; or keep the value out of the tool's parameters"
    )


def check_parameter(function: Callable[..., object], found: Parameter) -> None:
    """Refuse what cannot be offered to a model."""
    if found.kind is found.kind.POSITIONAL_ONLY:
        raise refuse(function, f"`{found.name}` is positional-only; tools are called by name")
    if found.annotation is MISSING:
        raise refuse(
            function,
            f"`{found.name}` has no annotation, so the model cannot know its type; "
            f"write for example `{found.name}: str`",
        )
    if isinstance(found.annotation, Unresolved):
        raise refuse(
            function,
            f"`{found.name}` is annotated {found.annotation}; import it where the tool is defined, "
            "not only for type checkers",
        )
    if isinstance(found.default, FieldInfo):
        raise refuse(
            function,
            f"`{found.name}` has Field(...) as its default; write "
            f"`{found.name}: Annotated[TYPE, Field(...)] = DEFAULT`",
        )


def check_descriptions(
    function: Callable[..., object],
    parameters: Sequence[Parameter],
    descriptions: Mapping[str, str],
) -> None:
    """Refuse a docstring that describes a parameter which is not there."""
    names = [found.name for found in parameters]
    for name in descriptions:
        if name not in names and name != "session":
            near = did_you_mean(name, names)
            raise refuse(function, f"the docstring describes `{name}`, which is no parameter{near}")
