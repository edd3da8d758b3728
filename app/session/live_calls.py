"""The live calls of a node, counted by organisation."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.session.live import LiveCall

__all__ = ["LiveCalls"]


class LiveCalls(dict[str, "LiveCall[Any, Any]"]):
    """Sessions by their keys, those waiting for a reconnect included."""

    def __init__(self) -> None:
        super().__init__()
        self._counts: dict[str, int] = {}

    @property
    def by_organisation(self) -> Mapping[str, int]:
        """How many there are of each organisation that has any."""
        return self._counts

    def __setitem__(self, key: str, session: "LiveCall[Any, Any]") -> None:
        self._uncount(key)
        super().__setitem__(key, session)
        own = session.organisation_id
        self._counts[own] = self._counts.get(own, 0) + 1

    def __delitem__(self, key: str) -> None:
        self._uncount(key)
        super().__delitem__(key)

    def pop(self, key: str, default: Any = None) -> Any:
        """Take one out; ``default`` where there is none."""
        self._uncount(key)
        return super().pop(key, default)

    def _uncount(self, key: str) -> None:
        earlier = self.get(key)
        if earlier is None:
            return
        own = earlier.organisation_id
        self._counts[own] -= 1
        if not self._counts[own]:
            del self._counts[own]
