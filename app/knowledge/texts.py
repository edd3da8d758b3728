"""The texts of bases that calls ask, kept until they change: they may be hundreds of kilobytes."""

from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from app.store import Tenant
from app.store.documents import Text
from app.store.knowledge import Shelf

__all__ = ["Texts"]

MOST_KEPT: Final = 8_000_000
"""Characters in memory, of all organisations together."""

_Place = tuple[str, str]


class Texts:
    """The texts that were read last.

    Args:
        most: How many characters of them are kept.
    """

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._most = most
        self._kept: OrderedDict[_Place, tuple[datetime, int, Sequence[Text]]] = OrderedDict()

    async def of(self, tenant: Tenant, shelf: Shelf) -> Sequence[Text]:
        """The documents of a base as they are now; read only where they have changed."""
        place = (tenant.organisation_id, shelf.id)
        kept = self._kept.pop(place, None)
        if kept is None or kept[0] != shelf.changed_at:
            texts = await tenant.documents.texts(shelf.id)
            kept = (shelf.changed_at, sum(len(each.content) for each in texts), texts)
        self._kept[place] = kept
        while sum(size for _, size, _ in self._kept.values()) > self._most and self._kept:
            self._kept.popitem(last=False)
        return kept[2]
