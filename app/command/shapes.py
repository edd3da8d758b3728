"""Shapes: how the options of a command stand in its ``data``, which is not always an object."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.verbs.errors import Path, refuse
from app.verbs.explain import show
from app.verbs.render import Wire


@dataclass(frozen=True, slots=True)
class Plain:
    """The options are the members of an object.

    Args:
        word: The option that a bare text stands for; empty where only an object will do.
        is_optional: Whether a command without options goes without data.
        wanted: What an error says is expected.
    """

    word: str = ""
    is_optional: bool = False
    wanted: str = "an object"

    def read(self, data: object) -> Mapping[str, Any]:
        """The options in ``data``."""
        if self.word and isinstance(data, str):
            return {self.word: data}
        if self.is_optional and data is None:
            return {}
        return an_object(data, self.wanted)

    def write(self, wire: Wire) -> object:
        """The ``data`` that holds the options."""
        return None if self.is_optional and not wire else wire

    def place(self, path: Path, data: object) -> Path:
        """Where in ``data`` an option stands."""
        return path


@dataclass(frozen=True, slots=True)
class Nested:
    """The options stand below a key of their own.

    jambonz 0.9 reads them there, its SDKs and its documentation have them flat: both are read
    here, and both are written.
    """

    key: str

    def read(self, data: object) -> Mapping[str, Any]:
        """The options in ``data``."""
        outer = an_object(data)
        if self.key not in outer:
            return outer
        inner = an_object(outer[self.key], f"{self.key!r} as an object")
        flat = {key: value for key, value in outer.items() if key != self.key}
        odd = next((key for key in flat if key in inner and inner[key] != flat[key]), None)
        if odd is not None:
            raise refuse(f"{odd!r} stands here and in {self.key!r}, and they differ")
        return {**flat, **inner}

    def write(self, wire: Wire) -> object:
        """The ``data`` that holds the options twice."""
        return {**wire, self.key: wire}

    def place(self, path: Path, data: object) -> Path:
        """Where in ``data`` an option stands."""
        return (self.key, *path) if isinstance(data, Mapping) and self.key in data else path


@dataclass(frozen=True, slots=True)
class Bare:
    """The value of the only option is the whole ``data``."""

    option: str

    def read(self, data: object) -> Mapping[str, Any]:
        """The option in ``data``."""
        return {self.option: data}

    def write(self, wire: Wire) -> object:
        """The value itself."""
        return wire[self.option]

    def place(self, path: Path, data: object) -> Path:
        """Where in ``data`` an option stands."""
        return path[1:]


Shape = Plain | Nested | Bare
PLAIN = Plain()


def an_object(data: object, wanted: str = "an object") -> Mapping[str, Any]:
    """``data`` as an object with texts as keys."""
    if isinstance(data, Mapping) and all(isinstance(key, str) for key in data):
        return data
    came = show(data) if data is not None else "nothing"
    raise refuse(f"expected {wanted}; got {came}")
