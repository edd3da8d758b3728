"""Order: the options of a command, checked by name as those of a verb are."""

from collections.abc import Mapping
from typing import Any, ClassVar

from app.verbs.part import Part


class Order(Part):
    """The options of one command.

    What stands in ``extra`` is written as it is, for properties newer than this library.
    """

    # Wire names that do not follow from the Python name.
    spelled: ClassVar[Mapping[str, str]] = {}
    # What JSON Schema must say beyond the options, such as which of them need each other.
    rules: ClassVar[Mapping[str, Any]] = {}

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Make the tables of names, with the names of this class's own."""
        super().__pydantic_init_subclass__(**kwargs)
        cls._options = tuple(
            (name, cls.spelled.get(name, wire), is_hook) for name, wire, is_hook in cls._options
        )
        wire_names = {cls.spelled[name]: name for name in cls.spelled if name in cls.model_fields}
        cls._spellings = {**cls._spellings, **wire_names, "extra": "extra"}
