"""Long lists, in pages: each answer says where the next one begins."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, TypeVar

from aiohttp import web
from pydantic import Field

__all__ = ["ID", "After", "Limit", "cut", "next_page", "read_position", "write_position"]

T = TypeVar("T")

ID: Final = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)

Limit = Annotated[int, Field(ge=1, le=200, description="How many at most; all without it.")]
After = Annotated[
    str,
    Field(
        pattern=rf"^[0-9]{{16}}-{ID}$",
        description="Behind which one to begin: as in the `Link` of the page before.",
    ),
]


def write_position(moment: datetime, id_: str) -> str:
    """A place in a list that goes by time; two of the same moment go by id."""
    return f"{(moment - EPOCH) // MICROSECOND:016d}-{id_}"


def read_position(after: str | None) -> tuple[datetime, str] | None:
    """The same, as it came back in a request."""
    if after is None:
        return None
    microseconds, _, id_ = after.partition("-")
    return EPOCH + int(microseconds) * MICROSECOND, id_


def cut(found: Sequence[T], limit: int | None) -> tuple[Sequence[T], T | None]:
    """A page of what was found, and its last item if there is more behind it.

    Args:
        found: One more than the page may hold, if there are so many.
        limit: How many it may hold.
    """
    if limit is None or len(found) <= limit:
        return found, None
    return found[:limit], found[limit - 1]


def next_page(request: web.Request, after: object) -> dict[str, str]:
    """The header that leads from this page to the next."""
    url = request.rel_url.update_query({"after": str(after)})
    return {"Link": f'<{url}>; rel="next"'}
