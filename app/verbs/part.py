"""What every verb and every object in a verb is made of: options that are checked by name.

A ``Part`` takes its options in Python's spelling or in jambonz' (companies paste JSON), refuses
what it does not know with a suggestion, and writes exactly what its author set: an option that was
not set, or set to None, is never written; one that was set always is.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeAlias, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)
from pydantic_core import CoreSchema

from app.hook import Hook
from app.protocol.roles import ANY, HookRole, role_of_option
from app.verbs.errors import Problem, VerbError, refuse
from app.verbs.explain import Expect, explain, mask, show
from app.verbs.fit import misfit
from app.verbs.names import did_you_mean, nearest, wire_name
from app.verbs.render import Render, Static, Wire
from app.verbs.schema import describe

if TYPE_CHECKING:
    from typing import Self

K = TypeVar("K")

if TYPE_CHECKING:
    # What an author may write for an object: the object, or a dict of its options.
    Of: TypeAlias = K | Mapping[str, Any]
    # The same where a text stands for the whole, for example "vendor:voice".
    OfText: TypeAlias = K | str | Mapping[str, Any]
    # A list, for which a tuple may be written.
    Many: TypeAlias = Sequence[K]
else:

    class Of:
        """At run time, the object itself: pydantic makes it from what was written."""

        def __class_getitem__(cls, kind: type) -> type:
            return kind

    OfText = Of
    Many = list

Number = Annotated[int | float, Expect("a number")]
NotNegative = Annotated[int | float, Field(ge=0), Expect("a number, 0 or more")]
Share = Annotated[int | float, Field(ge=0, le=1), Expect("a number from 0 to 1")]
Percent = Annotated[int | float, Field(ge=0, le=100), Expect("a number from 0 to 100")]
Headers = dict[str, str | int | float]
Free = dict[str, Any]  # its keys are the author's, and never renamed


class Part(BaseModel):
    """An object with named options.

    Attributes:
        extra: Properties newer than this library, written as they are.
    """

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        allow_inf_nan=False,
        arbitrary_types_allowed=True,
        protected_namespaces=(),
        ignored_types=(cached_property,),
    )

    # How the text form is described in errors; empty where there is none.
    text_form: ClassVar[str] = ""
    # The option that may be given first without its name, and must be given.
    leading: ClassVar[str] = ""
    # Whether options are spelled as on the wire, as in the vendors' own objects.
    is_verbatim: ClassVar[bool] = False
    # Whether options that are not known are taken as they are.
    is_open: ClassVar[bool] = False
    # The verbs whose options these are: pasted JSON may say so, jambonz must not be told here.
    verb_names: ClassVar[tuple[str, ...]] = ()
    # What JSON Schema must say beyond the options, such as which of them need each other.
    rules: ClassVar[Mapping[str, Any]] = {}
    # Options that become something else on the wire; the class itself writes them.
    unwritten: ClassVar[frozenset[str]] = frozenset()
    # Python name, wire name, what it is for if it refers to a hook: in the order of the wire.
    _options: ClassVar[tuple[tuple[str, str, HookRole | None], ...]] = ()
    # Those that not every hook can serve.
    _hook_options: ClassVar[tuple[tuple[str, HookRole], ...]] = ()
    # Accepted spelling to Python name.
    _spellings: ClassVar[Mapping[str, str]] = {}

    extra: Free | None = None

    def __init__(self, **options: Any) -> None:
        """Check the options.

        Raises:
            VerbError: An option is unknown, missing or wrong.
        """
        given = self._read(options)
        try:
            super().__init__(**given)
        except ValidationError as error:
            raise explain(type(self), self._called(), error, given) from None
        problems = tuple(self.check())
        if problems:
            raise VerbError(self._called(), problems)

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Make the tables of names, once per class."""
        names = [name for name in cls.model_fields if name != "extra"]
        wire = {name: name if cls.is_verbatim else wire_name(name) for name in names}
        written = [name for name in names if name not in cls.unwritten]
        roles = {name: cls._role_of(name) for name in names}
        cls._options = tuple((name, wire[name], roles[name]) for name in written)
        known = ((name, role) for name, role in roles.items() if role and role is not ANY)
        cls._hook_options = tuple(known)
        own = () if cls.is_verbatim else (("extra", "extra"),)
        python = ((name, name) for name in names)
        cls._spellings = dict([*((wire[name], name) for name in names), *python, *own])

    @classmethod
    def _role_of(cls, option: str) -> HookRole | None:
        """What a hook in this option is for; None where none can stand."""
        return role_of_option(cls._called(), option) if option.endswith("_hook") else None

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """JSON Schema, by the names of the wire."""
        schema = handler(core_schema)
        describe(cls, handler.resolve_ref_schema(schema))
        return schema

    @classmethod
    def _called(cls) -> str:
        """What errors call it."""
        return cls.__name__

    @classmethod
    def read_text(cls, text: str) -> object:
        """The options that a text stands for; itself where a text is not accepted."""
        return text

    @model_validator(mode="wrap")
    @classmethod
    def _accept(cls, data: Any, make: ModelWrapValidatorHandler["Self"]) -> "Self":
        """Take the text form, and dicts with text keys only."""
        if isinstance(data, str):
            data = cls.read_text(data)
        elif isinstance(data, Mapping) and not all(isinstance(key, str) for key in data):
            odd = next(key for key in data if not isinstance(key, str))
            raise refuse(f"expected names as keys; got {show(odd)}")
        return make(data)

    @classmethod
    def _read(cls, options: Mapping[str, Any]) -> dict[str, Any]:
        """The options by their Python names."""
        given: dict[str, Any] = {}
        problems: list[Problem] = []
        for key, value in options.items():
            name = cls._spellings.get(key)
            if name is None:
                problems.extend(cls._read_unknown(key, value, given))
            elif name in given:
                problems.append(Problem(f"option {name!r} is given in both spellings"))
            else:
                given[name] = list(value) if isinstance(value, tuple) else value
        if cls.leading and given.get(cls.leading) is None and not problems:
            text = f"option {cls.leading!r} is required"
            problems.append(Problem(text, option=cls.leading))
        if problems:
            raise VerbError(cls._called(), problems)
        return given

    @classmethod
    def _read_unknown(cls, key: str, value: Any, given: dict[str, Any]) -> Iterable[Problem]:
        """Take an option that is not known here, drop it, or say what is wrong."""
        if key == "verb" and cls.verb_names:
            if value not in cls.verb_names:
                wanted = " or ".join(map(repr, cls.verb_names))
                yield Problem(f"expected the verb {wanted}; got {show(value)}", ("verb",))
        elif cls.is_open:
            given[key] = value
        else:
            yield cls._unknown(key)

    @classmethod
    def _unknown(cls, key: str) -> Problem:
        """The problem with an option that does not exist."""
        known = dict.fromkeys(cls._spellings.values())
        options = [name for name in known if name != "extra"]  # hardly ever what was meant
        close = nearest(key, ["extra"], cutoff=0.75) or nearest(key, options)
        hint = did_you_mean(close) or f"; known: {', '.join(known)}"
        return Problem(f"unknown option {key!r}{hint}", suggestion=close, option=key)

    def check(self) -> Iterable[Problem]:
        """What is wrong in how the options go together."""
        known = [key for key in self.extra or () if key in self._spellings]
        for key in known:
            name = self._spellings[key]
            text = f"{key!r} is a known option: write {name}=… beside extra, not in it"
            yield Problem(text, ("extra",), name)
        for name, role in self._hook_options:
            hook = self.__dict__[name]
            if isinstance(hook, Hook) and (text := misfit(hook, role)):
                yield Problem(text, (name,))

    def given(self) -> dict[str, Any]:
        """The options that the author set, by their Python names."""
        values = self.__dict__
        names = self.model_fields_set
        return {name: values[name] for name in type(self).model_fields if name in names}

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        """What was set, without secrets: verbs land in logs and assertion messages."""
        if not hasattr(self, "__pydantic_fields_set__"):
            return []  # half made, in a traceback
        return [(name, mask(name, value)) for name, value in self.given().items()]

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> "Self":
        """A new value with some options changed, checked like any other."""
        return type(self)(**{**self.given(), **(update or {})})

    def to_wire(self, render: Render) -> Wire:
        """The object as jambonz reads it; hooks are noted in ``render``."""
        values, given = self.__dict__, self.model_fields_set
        wire: Wire = {}
        for name, key, role in self._options:
            if name in given and (value := values[name]) is not None:
                wire[key] = render.hook(value, role) if role else render.value(value)
        if self.extra:
            wire.update(render.free(self.extra))
        return wire


class Verb(Part):
    """One instruction to jambonz.

    Attributes:
        id: Label of this instance; comes back as ``verb_id`` in its hooks.
    """

    # Its name on the wire.
    verb: ClassVar[str] = ""

    id: str | None = None

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Make the tables of names, and let dicts with this verb be checked by this class."""
        super().__pydantic_init_subclass__(**kwargs)
        if cls.verb:
            VERBS[cls.verb] = cls

    @classmethod
    def _called(cls) -> str:
        """What errors call it: its name on the wire."""
        return cls.verb

    def to_verb(self, render: Render) -> Wire:
        """The instruction with its name."""
        return {"verb": self.verb, **self.to_wire(render)}

    def render_verb(self, render: Render) -> Wire:
        """As ``to_verb``, made once per value where nothing in it depends on the call."""
        static = self.static
        if static is None:
            return self.to_verb(render)
        render.include(static)
        return dict(static.wire)

    @cached_property
    def static(self) -> Static | None:
        """What is the same in every call; None where an agent is inside."""
        render = Render()
        wire = self.to_verb(render)
        if render.agents:
            return None
        return Static(wire, render.hooks, frozenset(render.names), render.roles)


# Typed verbs by their name on the wire.
VERBS: dict[str, type[Verb]] = {}
