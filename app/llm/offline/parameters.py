"""A tool's parameters as the offline model sees them: JSON Schema boiled down to what it needs."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, cast

from app.llm.offline.once import per_tool
from app.llm.offline.words import join_words, split_name, stem, stem_set
from app.llm.port import ToolDefinition

Type = Literal["string", "integer", "number", "boolean", "array", "object"]
Schema = Mapping[str, object]

_PROPER = stem_set("""city town place country region state county village location street address
    name person who whom company organization airport station language destination origin
    recipient contact doctor customer artist author""")
_EXAMPLE = re.compile(r"""["'“‘`]([^"'”’`]+)["'”’`]|(?:e\.g\.|for example|such as|like)\s+(\w+)""")
_FREE = stem_set("""query question text message reason topic note comment summary search content
    body subject request issue problem detail prompt phrase term keyword complaint feedback
    description""")
_DIGITS = stem_set(
    """number phone telephone mobile id code zip zipcode postcode pin account reference sku digits
    ssn extension serial invoice"""
)
_ALL_DIGITS = re.compile(r"\^(?:\[0-9\]|\\d)(?:[+*?]|\{\d+(?:,\d*)?\})?\$")
"""A pattern that digits alone fit."""
_DAY = stem_set("date day when deadline birthday")
_TIME = stem_set("time hour")


@dataclass(frozen=True)
class Parameter:
    """One parameter of a tool: its name, its schema without references, and whether it must be."""

    name: str
    schema: Schema
    required: bool

    @cached_property
    def label(self) -> str:
        """The name as it is spoken."""
        return " ".join(split_name(self.name))

    @cached_property
    def stems(self) -> set[str]:
        """The stems of the words in the name."""
        return {stem(word) for word in split_name(self.name)}

    @cached_property
    def description(self) -> str:
        """What its author wrote about it."""
        return str(self.schema.get("description") or "")

    @cached_property
    def type(self) -> Type:
        """Its JSON type, "string" where the schema doesn't say."""
        named = self.schema.get("type")
        if isinstance(named, list):
            named = next((item for item in named if item != "null"), "string")
        if named is None and "properties" in self.schema:
            named = "object"
        return cast("Type", named or "string")

    @cached_property
    def format(self) -> str:
        """The JSON Schema format, such as "date"."""
        return str(self.schema.get("format") or "")

    @cached_property
    def choices(self) -> list[object]:
        """The closed set of its values, empty if it is open."""
        if "const" in self.schema:
            return [self.schema["const"]]
        listed = self.schema.get("enum")
        return [item for item in listed if item is not None] if isinstance(listed, list) else []

    @cached_property
    def is_proper(self) -> bool:
        """Whether its values are written with a capital, by its example or its name."""
        example = _EXAMPLE.search(self.description)
        if example:
            return (example[1] or example[2])[0].isupper()
        return bool(self.stems & _PROPER)

    @cached_property
    def is_free(self) -> bool:
        """Whether it takes any words at all, such as a question or a message."""
        return bool(self.stems & _FREE) and not self.is_digits

    @cached_property
    def is_digits(self) -> bool:
        """Whether it is a number or code, although its type is a string."""
        pattern = self.schema.get("pattern")
        is_number = isinstance(pattern, str) and _ALL_DIGITS.fullmatch(pattern) is not None
        return is_number or bool(self.stems & _DIGITS)

    def meaning(self, choice: object) -> str:
        """What its description says that one of the choices stands for, up to the first comma."""
        found = re.search(rf"(?:^|;)\s*{re.escape(str(choice))}:\s*([^,;]+)", self.description)
        return found[1].strip() if found else ""

    @cached_property
    def is_day(self) -> bool:
        """Whether it is a date."""
        return self.format in ("date", "date-time") or bool(self.stems & _DAY)

    @cached_property
    def is_time(self) -> bool:
        """Whether it is a time of day."""
        return self.format in ("time", "date-time") or bool(self.stems & _TIME)

    def item(self) -> "Parameter":
        """The parameter that one item of an array would be."""
        items = self.schema.get("items")
        schema = {"description": self.description, **(items if isinstance(items, Mapping) else {})}
        return Parameter(stem_plural(self.name), schema, required=self.required)

    def question(self) -> str:
        """Ask the caller for it."""
        if self.choices:
            said = join_words((spoken(choice) for choice in self.choices), "or")
            return f"Which {self.label}: {said}?"
        if self.type == "boolean":
            return f"Yes or no: {self.label}?"
        if self.type in ("integer", "number"):
            plural = self.label.endswith("s")
            return f"How many {self.label}?" if plural else f"What {self.label}?"
        return f"What {self.label}?" if self.is_free else f"Which {self.label}?"


@per_tool
def parameters(tool: ToolDefinition) -> list[Parameter]:
    """The parameters of a tool, in the order of its schema."""
    return properties(tool.parameters, tool.parameters)


def properties(schema: Schema, root: Schema) -> list[Parameter]:
    """The properties of an object schema; `root` holds what its references point to."""
    listed = schema.get("properties")
    needed = schema.get("required")
    required = needed if isinstance(needed, list) else []
    if not isinstance(listed, Mapping):
        return []
    return [
        Parameter(str(name), resolve(value, root), required=name in required)
        for name, value in listed.items()
        if isinstance(value, Mapping)
    ]


def resolve(schema: Schema, root: Schema, depth: int = 8) -> Schema:
    """Follow references and drop null from unions, keeping the description found on the way."""
    description = schema.get("description")
    target = _target(schema, root) if depth else None
    if target is None:
        return _inline(schema, root, depth)
    found = dict(resolve(target, root, depth - 1))
    if description:
        found["description"] = description
    return found


def _inline(schema: Schema, root: Schema, depth: int) -> Schema:
    """Resolve what is inside an object or an array."""
    inside = dict(schema)
    items = inside.get("items")
    if isinstance(items, Mapping) and depth:
        inside["items"] = resolve(items, root, depth - 1)
    listed = inside.get("properties")
    if isinstance(listed, Mapping) and depth:
        inside["properties"] = {
            name: resolve(value, root, depth - 1)
            for name, value in listed.items()
            if isinstance(value, Mapping)
        }
    return inside


def _target(schema: Schema, root: Schema) -> Schema | None:
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference.startswith("#"):
        found: object = root
        for key in reference.strip("#/").split("/"):
            found = found.get(key) if isinstance(found, Mapping) else None
        return found if isinstance(found, Mapping) else None
    for keyword in ("anyOf", "oneOf", "allOf"):
        options = schema.get(keyword)
        if isinstance(options, list):
            return _choose([option for option in options if isinstance(option, Mapping)])
    return None


def _choose(options: list[Schema]) -> Schema | None:
    """Merge a union of constants to one enum, else take its first option that isn't null."""
    real = [option for option in options if option.get("type") != "null"]
    if real and all("const" in option for option in real):
        return {"enum": [option["const"] for option in real]}
    return real[0] if real else None


def stem_plural(name: str) -> str:
    """The singular of a name such as "cities" or "tags"."""
    if name.endswith("ies"):
        return f"{name[:-3]}y"
    return name[:-1] if name.endswith("s") and not name.endswith("ss") else name


def spoken(value: object) -> str:
    """A value as it is said aloud."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return re.sub(r"(?<=\w)_(?=\w)", " ", str(value))
