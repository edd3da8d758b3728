"""The state of a call as JSON and back, by the annotations of its class.

Each attribute is kept by itself: one that JSON cannot hold, such as a lock or a client, is fresh
after a call has moved to another process, and so is one whose name begins with an underscore. A
state without a class of its own (a dict, a list) is kept as far as it is JSON.
"""

import dataclasses
import typing
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar, Final, cast

import orjson
from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError
from pydantic_core import PydanticSerializationError

PLAIN: Final = (dict, list, str, int, float, bool, type(None))
AS_JSON: Final = ConfigDict(
    ser_json_bytes="base64",
    val_json_bytes="base64",
    ser_json_inf_nan="strings",
    ser_json_timedelta="iso8601",
)
MISSING: Final[Any] = object()
Notes = dict[str, str]
"""What could not be kept, and why."""


@dataclasses.dataclass(frozen=True, slots=True)
class StateForm:
    """How the state of one class is kept.

    Attributes:
        kept: What each attribute is written and read with.
        left: Attributes that cannot be kept, and why.
    """

    kept: Mapping[str, TypeAdapter[Any]]
    left: Mapping[str, str]

    def write(self, state: object, notes: Notes) -> dict[str, Any]:
        """The attributes as JSON; ``notes`` gets those that do not fit their annotation."""
        written: dict[str, Any] = {}
        for name, adapter in self.kept.items():
            value = getattr(state, name, MISSING)
            if value is MISSING:
                continue
            try:
                written[name] = orjson.Fragment(adapter.dump_json(value, warnings="error"))
            except (PydanticSerializationError, ValueError, TypeError) as error:
                notes[name] = str(error)
        return written

    def read(self, state: object, written: Mapping[str, Any], notes: Notes) -> None:
        """Set the attributes of a fresh state; one that does not fit any more stays fresh."""
        for name, value in written.items():
            adapter = self.kept.get(name)
            if adapter is None:
                notes[name] = "the class of the state has no such attribute any more"
                continue
            try:
                read = adapter.validate_json(orjson.dumps(value), by_alias=True, by_name=True)
            except ValidationError as error:
                notes[name] = str(error)
            else:
                object.__setattr__(state, name, read)


@lru_cache(maxsize=256)
def form_of(kind: Any) -> StateForm:
    """How states of a class are kept; read once."""
    kept: dict[str, TypeAdapter[Any]] = {}
    left: dict[str, str] = {}
    for name, annotation in annotations_of(kind).items():
        if name.startswith("_") or typing.get_origin(annotation) is ClassVar:
            continue
        try:
            kept[name] = adapter_of(annotation)
        except (PydanticUserError, TypeError, NameError) as error:
            left[name] = str(error).splitlines()[0]
    return StateForm(kept, left)


def annotations_of(kind: Any) -> dict[str, Any]:
    """The annotated attributes of a class and of those that it is made of."""
    try:
        return typing.get_type_hints(kind, include_extras=True)
    except (NameError, TypeError):  # a name that only a type checker knows: the others are kept
        return {
            name: Any
            for base in reversed(kind.__mro__)
            for name in vars(base).get("__annotations__", ())
        }


def adapter_of(annotation: Any) -> TypeAdapter[Any]:
    """What reads and writes values of an annotation."""
    try:
        return TypeAdapter(annotation, config=AS_JSON)
    except PydanticUserError as error:
        if error.code != "type-adapter-config-unused":  # a class that has a config of its own
            raise
        return TypeAdapter(annotation)


def write_state(state: object, notes: Notes) -> Any:
    """A state as a JSON value; ``notes`` gets what is left out."""
    if isinstance(state, PLAIN):
        return plain(state, notes)
    return form_of(cast(Any, type(state))).write(state, notes)


def plain(state: Any, notes: Notes) -> Any:
    """A value without annotations, as it is, as far as it is JSON."""
    if isinstance(state, dict):
        return {key: one for key, one in state.items() if is_json(key, one, notes)}
    return state if is_json("state", state, notes) else None


def is_json(name: object, value: object, notes: Notes) -> bool:
    """Whether a value would come back as it is."""
    try:
        orjson.dumps({name: value}, option=STRICTLY)
    except TypeError as error:
        notes[str(name)] = f"{error}; a state whose class is annotated is kept with its types"
        return False
    return True


STRICTLY: Final = (
    orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_SUBCLASS
)


def read_state(fresh: Any, written: Any, notes: Notes) -> Any:
    """The state that was written, made of a fresh one."""
    if isinstance(fresh, PLAIN):
        return written if type(written) is type(fresh) else fresh
    if isinstance(written, dict):
        form_of(cast(Any, type(fresh))).read(fresh, written, notes)
    return fresh
