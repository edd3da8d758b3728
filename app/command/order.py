"""Order: the options of a command, checked by name as those of a verb are."""

from collections.abc import Mapping
from typing import Any, ClassVar

from app.verbs.part import Part


class Order(Part):
    """The options of one command.

    What stands in ``extra`` is written as it is, for properties newer than this library.
    """

    # What JSON Schema must say beyond the options, such as which of them need each other.
    rules: ClassVar[Mapping[str, Any]] = {}

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Make the tables of names; ``extra`` is taken under wire names too."""
        super().__pydantic_init_subclass__(**kwargs)
        cls._spellings = {**cls._spellings, "extra": "extra"}
