"""Order: the options of a command, checked by name as those of a verb are."""

from typing import Any

from app.verbs.part import Part


class Order(Part):
    """The options of one command.

    What stands in ``extra`` is written as it is, for properties newer than this library.
    """

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Make the tables of names; ``extra`` is taken under wire names too."""
        super().__pydantic_init_subclass__(**kwargs)
        cls._spellings = {**cls._spellings, "extra": "extra"}
