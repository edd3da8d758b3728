"""The state of a call as JSON and back, by the annotations of its class.

Each attribute is kept by itself: one that JSON cannot hold, such as a lock or a client, is fresh
after a call has moved to another process, and so is one whose name begins with an underscore. What
has no annotation, and a state that is a dict or a list, is kept as far as it is JSON.
"""

import dataclasses
import math
import typing
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, ClassVar, Final, cast

import orjson
from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError

PLAIN: Final = (dict, list, str, int, float, bool, type(None))
QUICK: Final = frozenset({str, int, bool, type(None)})
"""Classes whose values are JSON already."""
AS_JSON: Final = ConfigDict(
    ser_json_bytes="base64",
    val_json_bytes="base64",
    ser_json_inf_nan="strings",
    ser_json_timedelta="iso8601",
)
STRICTLY: Final = (
    orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_SUBCLASS
)
MISSING: Final[Any] = object()
ANOTHER: Final = "it comes back as another value; annotate it with the class that it has"
STATE_FIX: Final = (
    "annotate the state with what JSON can hold; a name with an underscore in front is not kept, "
    "and not complained of"
)
NO_MORE: Final = "the class of the state has no such attribute any more"
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
            try:
                value = getattr(state, name, MISSING)
                if type(value) in QUICK:
                    written[name] = value
                elif value is not MISSING:
                    text = adapter.serializer.to_json(value, warnings="error")
                    written[name] = orjson.Fragment(text)
            except Exception as error:  # an author's own serializer may raise anything
                notes[name] = f"{type(error).__name__}: it does not fit its annotation"
        for name in self._others(state):
            value = getattr(state, name)
            if is_json(name, value, notes):
                written[name] = value
        return written

    def _others(self, state: object) -> Iterator[str]:
        """The attributes of a state that have no annotation."""
        for name in vars_of(state):
            if name not in self.kept and name not in self.left and not name.startswith("_"):
                yield name

    def check(self, state: object, written: Mapping[str, Any], notes: Notes) -> None:
        """Note what would come back as something else."""
        for name, text in written.items():
            adapter, value = self.kept.get(name), getattr(state, name)
            if adapter is None or not can_be_compared(value):
                continue
            back = read_one(name, adapter, text, notes)
            if name not in notes and not same(back, value):
                notes[name] = ANOTHER

    def read(self, state: object, written: Mapping[str, Any], notes: Notes) -> None:
        """Set the attributes of a fresh state; one that does not fit any more stays fresh."""
        for name, value in written.items():
            if adapter := self.kept.get(name):
                read = read_one(name, adapter, value, notes)
                if name not in notes:
                    set_one(state, name, read, notes)
            elif name in self.left or not (hasattr(type(state), name) or name in vars_of(state)):
                notes[name] = NO_MORE
            else:
                set_one(state, name, value, notes)


def read_one(name: str, adapter: TypeAdapter[Any], written: Any, notes: Notes) -> Any:
    """A value of an annotation; or a note of why it is none."""
    try:
        return adapter.validate_json(orjson.dumps(written), by_alias=True, by_name=True)
    except ValidationError as error:
        notes[name] = shown(error)
    except Exception as error:  # an author's own validator may raise anything
        notes[name] = f"{type(error).__name__} while it was read"
    return None


def vars_of(state: object) -> Mapping[str, Any]:
    """What a state holds by itself."""
    found: Mapping[str, Any] = getattr(state, "__dict__", {})
    return found


def set_one(state: object, name: str, value: Any, notes: Notes) -> None:
    """Set an attribute of a fresh state; or note why it cannot be."""
    try:
        object.__setattr__(state, name, value)
    except Exception as error:  # it is a property by now, which may raise anything
        notes[name] = f"{type(error).__name__} while it was set"


def can_be_compared(value: Any) -> bool:
    """Whether the class of a value says what is equal."""
    by_identity: Any = object.__eq__
    return type(value).__eq__ is not by_identity


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal; what cannot be compared is taken to be."""
    try:
        return bool(one == other) or (isinstance(one, float) and math.isnan(one))
    except Exception:  # an author's class compares as it likes
        return True


def shown(error: ValidationError) -> str:
    """What is wrong with a value, without the value: it may be anybody's words."""
    return "; ".join(one["msg"] for one in error.errors(include_input=False, include_url=False))


@lru_cache(maxsize=256)
def form_of(kind: Any) -> StateForm:
    """How states of a class are kept; read once."""
    kept: dict[str, TypeAdapter[Any]] = {}
    left: dict[str, str] = {}
    for name, annotation in annotations_of(kind).items():
        try:
            kept[name] = adapter_of(annotation)
        except (PydanticUserError, TypeError, NameError) as error:
            left[name] = str(error).splitlines()[0]
    return StateForm(kept, left)


def annotations_of(kind: Any) -> dict[str, Any]:
    """The annotated attributes of a class and of those that it is made of."""
    found: dict[str, Any] = {}
    for base in reversed(kind.__mro__):
        for name, annotation in vars(base).get("__annotations__", {}).items():
            given = resolved(base, name, annotation)
            origin = typing.get_origin(given)
            is_kept = not name.startswith("_") and ClassVar not in (given, origin)
            if is_kept and not isinstance(given, dataclasses.InitVar):
                found[name] = given
    return found


def resolved(base: type, name: str, annotation: Any) -> Any:
    """An annotation that may be a text; one that only a type checker can read is anything."""
    alone = type(base.__name__, (), {"__annotations__": {name: annotation}})
    alone.__module__ = base.__module__
    try:
        return typing.get_type_hints(alone, include_extras=True)[name]
    except (NameError, TypeError):
        return Any


def adapter_of(annotation: Any) -> TypeAdapter[Any]:
    """What reads and writes values of an annotation."""
    try:
        return TypeAdapter(annotation, config=AS_JSON)
    except PydanticUserError as error:
        if error.code != "type-adapter-config-unused":  # a class that has a config of its own
            raise
        return TypeAdapter(annotation)


def write_state(state: object, notes: Notes, *, is_checked: bool = False) -> Any:
    """A state as a JSON value.

    Args:
        state: Of a call.
        notes: Gets what is left out, by attribute.
        is_checked: Whether to note also what would come back as something else.
    """
    if isinstance(state, PLAIN):
        return plain(state, notes)
    form = form_of(cast(Any, type(state)))
    written = form.write(state, notes)
    if is_checked:
        form.check(state, written, notes)
    return written


def plain(state: Any, notes: Notes) -> Any:
    """A value without annotations, as it is, as far as it is JSON."""
    if isinstance(state, dict):
        return {key: one for key, one in state.items() if is_json(key, one, notes)}
    return state if is_json("state", state, notes) else None


def is_json(name: Any, value: object, notes: Notes) -> bool:
    """Whether a value would come back as it is."""
    try:
        orjson.dumps({name: value}, option=STRICTLY)
    except TypeError as error:
        notes[str(name)] = f"{error}; a state whose class is annotated is kept with its types"
        return False
    return True


def read_state(fresh: Any, written: Any, notes: Notes) -> Any:
    """The state that was written, made of a fresh one."""
    if isinstance(fresh, PLAIN):
        if type(written) is type(fresh):
            return written
        if isinstance(fresh, dict) and isinstance(written, dict):  # a defaultdict, say
            fresh.clear()
            fresh.update(written)
        return fresh
    if isinstance(written, dict):
        form_of(cast(Any, type(fresh))).read(fresh, written, notes)
    return fresh


def unkept(kind: object) -> Mapping[str, str]:
    """Which attributes of a state cannot be kept, as far as its class tells, and why."""
    is_plain = not isinstance(kind, type) or issubclass(kind, PLAIN)
    return {} if is_plain else form_of(cast(Any, kind)).left
