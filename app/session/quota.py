"""How many calls there may be on all nodes together: of all organisations, and of each."""

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Quota"]


@dataclass(slots=True)
class Quota:
    """Bounds of the calls on all nodes, and what is known of those on the others.

    It is looked at when a call begins, which waits for nobody: somebody else fills in what other
    nodes have, again and again. Where that is not known, there is room.

    Attributes:
        total: Calls of all organisations together; None for no bound.
        each: Calls of any one organisation; None for no bound.
        by_organisation: Calls of those that have set themselves a bound, as long as it is lower.
        elsewhere: Calls on other nodes by organisation, as they were a moment ago.
    """

    total: int | None = None
    each: int | None = None
    by_organisation: Mapping[str, int] = field(default_factory=dict)
    elsewhere: Mapping[str, int] = field(default_factory=dict)

    @property
    def bounds_something(self) -> bool:
        """Whether anybody needs to know what other nodes have."""
        return self.total is not None or self.each is not None or bool(self.by_organisation)

    def limit_of(self, organisation_id: str) -> int | None:
        """How many an organisation may have."""
        limits = (self.each, self.by_organisation.get(organisation_id))
        return min((limit for limit in limits if limit is not None), default=None)

    def is_full(self, here: int) -> bool:
        """Whether all nodes have as many as there may be; ``here`` of them are on this one."""
        return self.total is not None and here + sum(self.elsewhere.values()) >= self.total

    def is_full_for(self, organisation_id: str, here: int) -> bool:
        """Whether an organisation has as many as it may have."""
        limit = self.limit_of(organisation_id)
        return limit is not None and here + self.elsewhere.get(organisation_id, 0) >= limit
