"""Which bus there is: in Redis where an address says so, otherwise in the store."""

from app.bus.port import LEASE_SECONDS, Bus
from app.bus.store import StoreBus
from app.protocol import ConfigurationError
from app.store import Store

__all__ = ["open_bus"]


def open_bus(url: str | None, store: Store, *, lease: float = LEASE_SECONDS) -> Bus:
    """The bus of a node. Nothing is connected yet: a table that is away now may be there soon.

    Args:
        url: ``redis://…`` or ``rediss://…``, of Redis or Valkey; None: the store.
        store: An open one.
        lease: Seconds that a node counts as alive after it was last heard of.

    Raises:
        ConfigurationError: The address cannot be used, or what is needed for it is not installed.
    """
    if url is None:
        return StoreBus(store, lease=lease)
    try:
        from app.bus.redis import RedisBus  # noqa: PLC0415 -- an extra
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] != "redis":
            raise
        raise ConfigurationError(
            "a bus in Redis needs a package that is not installed: pip install 'cordboard[redis]'"
        ) from None
    return RedisBus(url, lease=lease)
