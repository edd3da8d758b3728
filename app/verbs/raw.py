"""Verbs that have no type, and verbs that were pasted as JSON."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeAlias

from pydantic import BeforeValidator, WithJsonSchema

from app.verbs.errors import Problem, VerbError, refuse
from app.verbs.explain import Expect, show
from app.verbs.names import did_you_mean, nearest, wire_name
from app.verbs.part import VERBS, Verb
from app.verbs.render import Render, Wire

VERB_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "description": "A verb with its properties.",
    "properties": {"verb": {"type": "string", "minLength": 1}},
    "required": ["verb"],
}


class Raw(Verb):
    """A verb without a type here; jambonz checks it, we don't.

    Attributes:
        name: The verb.
        properties: Its properties as on the wire.
    """

    is_verbatim: ClassVar[bool] = True

    name: str
    properties: dict[str, Any]

    def to_verb(self, render: Render) -> Wire:
        """The instruction as it was given."""
        return {"verb": self.name, **render.free(self.properties)}

    def to_wire(self, render: Render) -> Wire:
        """As ``to_verb``: without its name it would be nothing."""
        return self.to_verb(render)


def raw(verb: str, /, **properties: Any) -> Raw:
    """A verb that has no builder, for example ``raw("cognigy", url="…", action_hook=done)``.

    Args:
        verb: Its name on the wire.
        properties: Its properties, in Python's spelling or the wire's; keys inside are as given.
    """
    renamed = {wire_name(key): value for key, value in properties.items()}
    return Raw(name=verb, properties=renamed)


def read_verb(value: Any) -> Verb:
    """A verb from a builder, or from JSON: ``{"verb": "say", …}`` or ``{"say": {…}}``.

    Both go through the checks of the verb's type; only a verb without one passes as it is.

    Raises:
        VerbError: It is neither, or a verb that has a type and is wrong by it.
    """
    if isinstance(value, Verb):
        return value
    if not isinstance(value, Mapping):
        raise refuse(f"expected a verb such as say('Hello'), or its JSON; got {show(value)}")
    name, properties = read_json(value)
    kind = VERBS.get(name)
    if kind is None:
        check_name(name)
        return Raw(name=name, properties=properties)
    if not all(isinstance(key, str) for key in properties):
        raise VerbError(name, [Problem("expected names as keys")])
    return kind(**properties)


def check_name(name: str) -> None:
    """Refuse what is no verb: a slip of the pen, and what only jambonz itself makes.

    Raises:
        VerbError: It is one of them; another unknown name may be newer than this library.
    """
    if name == "rest:dial":
        raise refuse(
            "'rest:dial' is what jambonz makes of a REST request for a call; no application sends "
            "it. To call somebody, use dial(…), or start a call over the REST API"
        )
    # Of a short name one letter is a third.
    close = nearest(name, VERBS, cutoff=0.66 if len(name) <= 4 else 0.8)
    if close is not None:
        hint = f"If jambonz has a verb {name!r}, send it with raw({name!r}, …)"
        raise refuse(f"unknown verb {name!r}{did_you_mean(close)} {hint}", close)


def read_json(value: Mapping[Any, Any]) -> tuple[str, dict[str, Any]]:
    """Name and properties of a verb in one of its two JSON forms."""
    if isinstance(value.get("verb"), str) and value["verb"]:
        return value["verb"], {key: inner for key, inner in value.items() if key != "verb"}
    if len(value) == 1:
        name, properties = next(iter(value.items()))
        if isinstance(name, str) and isinstance(properties, Mapping):
            return name, dict(properties)
    close = nearest(str(next(iter(value), "")), VERBS)
    raise refuse(
        f"expected {{'verb': …}} or {{'say': {{…}}}}; got {show(value)}{did_you_mean(close)}", close
    )


def read_item(value: Any) -> Verb:
    """A verb in an option that takes a list of verbs; errors inside name the verb."""
    try:
        return read_verb(value)
    except VerbError as error:
        if not error.root:
            raise
        raise VerbError("", [found.below((error.root,)) for found in error.problems]) from None


if TYPE_CHECKING:
    VerbItem: TypeAlias = Verb | Mapping[str, Any]
else:
    VerbItem = Annotated[
        Any,
        BeforeValidator(read_item),
        Expect("a verb such as say('Hello'), or its JSON"),
        WithJsonSchema(VERB_SCHEMA),
    ]
