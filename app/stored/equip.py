"""What a stored agent works with: its tools, a look-up of the caller, the key of its vendor."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.builtin_tools import (
    Built,
    LookupSource,
    Target,
    build_end_call,
    build_lookup_caller,
    build_transfer_call,
    look_up_early,
)
from app.identity.organisation_secrets import lookup_secret, vendor_keys
from app.outward import Outward
from app.stored.order import Order
from app.vault import Vault

__all__ = ["Outfitter"]

Credentials = Mapping[str, Mapping[str, Any]]


class Outfitter:
    """Gives agents what their organisation has for them.

    Args:
        outward: Asks what operators name.
        vault: Opens the organisation's secrets.
        llm_keys: Credentials of model vendors for those who have none of their own.
    """

    def __init__(self, outward: Outward, vault: Vault, llm_keys: Credentials) -> None:
        self._outward, self._vault, self._llm_keys = outward, vault, llm_keys

    async def prepare(self, order: Order) -> None:
        """Look the caller up for the first words, where somebody wants that."""
        source = self._lookup_source(order)
        wanted = order.data.lookup_on_new or order.organisation.settings.client_lookup_early
        if source is not None and wanted:
            await look_up_early(order.session, self._outward, source)

    async def tools(self, order: Order) -> Sequence[Built]:
        """The tools that it has switched on, in the order in which the model sees them."""
        return [one for one in self._built_in(order) if one is not None]

    def key(self, order: Order, vendor: str) -> str | None:
        """The API key of a vendor: the organisation's own, else that of the settings."""
        own = vendor_keys(order.organisation, self._vault)
        key = {**self._llm_keys, **own}.get(vendor, {}).get("apiKey")
        return key if isinstance(key, str) else None

    def _built_in(self, order: Order) -> Iterator[Built | None]:
        on = order.data.tools
        if on.lookup_caller:
            yield build_lookup_caller(self._lookup_source(order), self._outward)
        if on.transfer_call:
            yield build_transfer_call(targets_of(order))
        if on.end_call:
            yield build_end_call()

    def _lookup_source(self, order: Order) -> LookupSource | None:
        settings = order.organisation.settings
        if not settings.client_lookup_url:
            return None
        secret = lookup_secret(order.organisation, self._vault)
        return LookupSource(settings.client_lookup_url, secret, settings.client_lookup_header)


def targets_of(order: Order) -> list[Target]:
    """Whom the agent may transfer to."""
    return [
        Target(one.number, one.name, one.description or "") for one in order.data.transfer_targets
    ]
