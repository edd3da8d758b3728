"""Env vars: fields of a form in the jambonz portal, typed values in ``session:new``.

The portal asks for them by ``OPTIONS <application URL>`` and stores what a person fills in;
jambonz hands the values over with each new call.
"""

import re
from collections.abc import Mapping
from enum import Enum
from functools import lru_cache
from typing import Any, Literal, TypeVar, cast, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from app.protocol import ConfigurationError

NAME = re.compile(r"[a-zA-Z0-9_]+")
PORTAL_TYPES: dict[type, str] = {str: "string", bool: "boolean", int: "number", float: "number"}
E = TypeVar("E", bound="EnvVars")


def env_var(
    default: Any = ...,
    *,
    description: str | None = None,
    obscure: bool | None = None,
    ui_hint: Literal["input", "textarea", "filepicker"] | None = None,
    jambonz_resource: Literal["carriers"] | None = None,
) -> Any:
    """One env var with what the portal can show of it.

    Args:
        default: Used when the portal has no value; without one the variable is required.
        description: Label of the form field; without one the attribute's docstring or name.
        obscure: Mask the value in the portal.
        ui_hint: Form control.
        jambonz_resource: Offer the account's resources of this kind.
    """
    hints = {"obscure": obscure, "uiHint": ui_hint, "jambonzResource": jambonz_resource}
    given: dict[str, Any] = {key: value for key, value in hints.items() if value is not None}
    return Field(default, description=description, json_schema_extra=given)


class EnvVars(BaseModel):
    """Declare an application's env vars by subclassing: one attribute each.

    Types: ``str``, ``int``, ``float``, ``bool``, a ``Literal`` or an ``Enum`` of these. A docstring
    under an attribute becomes its description in the portal.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, use_attribute_docstrings=True)

    @classmethod
    def portal_schema(cls) -> dict[str, dict[str, Any]]:
        """The body that the portal expects: name → type, description, default, enum …

        Raises:
            ConfigurationError: A variable has a name or a type that the portal cannot show.
        """
        return {name: portal_field(name, info) for name, info in cls.model_fields.items()}


def read_env(model: type[E], values: Mapping[str, Any]) -> tuple[E, list[str]]:
    """The typed values of a call, and what was wrong with those that were left out.

    A value that does not fit is treated as absent, so that one wrong form field cannot stop calls.

    Raises:
        ConfigurationError: A required variable has no usable value.
    """
    if not model.model_fields:
        return cast(E, without_values(model)), []
    try:
        return model.model_validate(values), []
    except ValidationError as error:
        wrong = {str(item["loc"][0]): item["msg"] for item in error.errors() if item["loc"]}
    usable = {name: value for name, value in values.items() if name not in wrong}
    complaints = [f"{name}: {message}" for name, message in wrong.items()]
    try:
        return model.model_validate(usable), complaints
    except ValidationError:
        raise ConfigurationError(
            f"env vars of the application: {'; '.join(complaints)}. "
            "Set them in the application's form in the jambonz portal, or give them defaults."
        ) from None


@lru_cache(maxsize=256)
def without_values(model: type[EnvVars]) -> EnvVars:
    """The values of a class without variables: one for all calls, since it is frozen."""
    return model.model_construct()


def portal_field(name: str, info: FieldInfo) -> dict[str, Any]:
    """One form field."""
    if not NAME.fullmatch(name):
        raise ConfigurationError(f"env var {name!r}: use letters, digits and underscores only")
    kind, choices = portal_type(name, info.annotation)
    entry: dict[str, Any] = {"type": kind, "description": info.description or spoken(name)}
    if choices:
        entry["enum"] = choices
    if info.is_required():
        entry["required"] = True
    elif (default := plain(info.get_default(call_default_factory=True))) is not None:
        entry["default"] = default
    extra = info.json_schema_extra
    if isinstance(extra, dict):
        entry.update(extra)
    if entry.get("obscure"):
        entry.pop("default", None)  # anybody may ask for this form
    return entry


def portal_type(name: str, annotation: Any) -> tuple[str, list[Any]]:
    """The portal's name of a type, and the values it is limited to."""
    arguments = [one for one in get_args(annotation) if one is not type(None)]
    if get_origin(annotation) is Literal:
        return PORTAL_TYPES.get(type(arguments[0]), "string"), arguments
    if arguments and type(None) in get_args(annotation):
        return portal_type(name, arguments[0])
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        values = [member.value for member in annotation]
        return PORTAL_TYPES.get(type(values[0]), "string"), values
    if annotation in PORTAL_TYPES:
        return PORTAL_TYPES[annotation], []
    raise ConfigurationError(
        f"env var {name!r}: the portal knows str, int, float, bool, Literal and Enum; "
        f"got {annotation!r}"
    )


def plain(value: object) -> object:
    """A default as the portal writes it."""
    return value.value if isinstance(value, Enum) else value


def spoken(name: str) -> str:
    """A description made of the name: LLM_MODEL → Llm model."""
    return name.replace("_", " ").strip().capitalize()
