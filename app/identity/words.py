"""Texts that people write, as the store can keep them: addresses, names, ids."""

from typing import Annotated, Final

from pydantic import AfterValidator, Field

__all__ = ["UUID", "Email", "HeaderValue", "Id", "Label", "Name", "Secret"]

UUID: Final = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
# Control characters have no place in a name, and a NUL none in PostgreSQL.
PRINTED: Final = r"^[^\x00-\x1f\x7f]*$"
WRITTEN: Final = r"^[^\x00-\x1f\x7f]*[^\x00-\x1f\x7f\s][^\x00-\x1f\x7f]*$"

Id = Annotated[str, Field(pattern=UUID)]
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=WRITTEN)]
Label = Annotated[str, Field(max_length=200, pattern=PRINTED)]
"""A name that may be empty."""
Email = Annotated[
    str,
    Field(
        max_length=254,
        pattern=r"^[^\x00-\x20\x7f@]+@[^\x00-\x20\x7f@]+\.[^\x00-\x20\x7f@]+$",
        description="An address; upper and lower case are the same.",
    ),
    AfterValidator(str.lower),
]
HeaderValue = Annotated[
    str, Field(max_length=4096, pattern=r"^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$")
]
Secret = Annotated[str, Field(min_length=1, max_length=16_384, pattern=r"^[^\x00]+$")]
"""Also one of several lines, such as a private key."""
