"""Spec: one command of jambonz, and how options become its ``data``."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from app.command.shapes import PLAIN, Shape
from app.verbs.errors import Problem, VerbError
from app.verbs.part import Part
from app.verbs.render import Render


@dataclass(frozen=True, slots=True)
class Spec:
    """One command.

    Attributes:
        name: As on the wire.
        options: Its typed options.
        shape: How they stand in ``data``.
    """

    name: str
    options: type[Part]
    shape: Shape = PLAIN

    @property
    def does(self) -> str:
        """What it does, in a sentence."""
        return (self.options.__doc__ or "").partition("\n")[0]

    def make(self, options: dict[str, Any]) -> Part:
        """Check options by their Python names; those that are None were not given.

        Raises:
            VerbError: Naming the option, what was expected, what came and what was meant.
        """
        try:
            return self.options(
                **{key: own(one) for key, one in options.items() if one is not None}
            )
        except VerbError as error:
            raise error.within(self.name) from None

    def read(self, data: object) -> Part:
        """Check ``data`` as it stands on the wire.

        Raises:
            VerbError: As :meth:`make`; paths lead into ``data``.
        """
        try:
            options = self.shape.read(data)
        except VerbError as error:
            raise error.within(self.name) from None
        try:
            return self.options(**options)
        except VerbError as error:
            problems = [self._placed(found, options, data) for found in error.problems]
            raise VerbError(self.name, problems) from None

    def write(self, options: Part, render: Render) -> object:
        """The ``data`` for jambonz; hooks and agents inside are noted in ``render``."""
        return self.shape.write(options.to_wire(render))

    def _placed(self, found: Problem, given: Mapping[str, Any], data: object) -> Problem:
        """The problem at its place in ``data``, where the option has the name that came."""
        names = {self.options._spellings.get(name): name for name in given}
        path = tuple(names.get(str(step), step) for step in found.path[:1]) + found.path[1:]
        wires = {} if path else {name: wire for name, wire, _ in self.options._options}
        option = wires.get(found.option, found.option)
        return replace(found, path=self.shape.place(path, data), option=option)


def own(value: Any) -> Any:
    """A mapping of any kind as an object."""
    return dict(value) if isinstance(value, Mapping) else value
