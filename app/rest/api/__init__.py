"""``/api``: what the store holds. It is there where a node has a store."""

from typing import Final

from app.rest.operation import Operation

__all__ = ["API_OPERATIONS"]

API_OPERATIONS: Final[tuple[Operation, ...]] = ()
