"""What can go wrong with the store."""

__all__ = ["StoreError", "StoreUnavailable"]


class StoreError(Exception):
    """The store cannot be used as it is: its address, its file or its schema is not right."""


class StoreUnavailable(StoreError):
    """The store does not answer now; it may soon."""
