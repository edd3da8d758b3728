"""What a stored agent works with: its tools, a look-up of the caller, the key of its vendor."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from app.builtin_tools import (
    Built,
    LookupSource,
    Target,
    build_end_call,
    build_lookup_caller,
    build_query_knowledge,
    build_transfer_call,
    look_up_early,
)
from app.builtin_tools.http.kept import KeptTools
from app.builtin_tools.mcp import build_mcp_tools
from app.identity.organisation_secrets import lookup_secret, vendor_keys
from app.knowledge import Librarian
from app.mcp_tools import McpTools
from app.outward import Outward, OutwardError
from app.stored.order import Order
from app.stored.parts import McpSource
from app.stored.recent import Recent
from app.vault import Vault, VaultError

__all__ = ["Outfitter"]

MOST_SERVERS: Final = 256
SERVERS_WITHIN: Final = 1.5
"""Seconds that the first words of a realtime model may wait for MCP servers."""
Credentials = Mapping[str, Mapping[str, Any]]


class Outfitter:
    """Gives agents what their organisation has for them.

    Args:
        outward: Asks what operators name.
        vault: Opens the organisation's secrets.
        llm_keys: Credentials of model vendors for those who have none of their own.
        librarian: Answers from the organisation's documents.
    """

    def __init__(
        self, outward: Outward, vault: Vault, llm_keys: Credentials, librarian: Librarian
    ) -> None:
        self._outward, self._vault, self._llm_keys = outward, vault, llm_keys
        self._kept = KeptTools(outward, vault)
        self._servers = Recent[bytes, Built](MOST_SERVERS)
        self._librarian = librarian

    async def prepare(self, order: Order) -> None:
        """Look the caller up for the first words, where somebody wants that."""
        source = self._lookup_source(order)
        wanted = order.data.lookup_on_new or order.organisation.settings.client_lookup_early
        if source is not None and wanted:
            await look_up_early(order.session, self._outward, source)

    async def tools(self, order: Order) -> Sequence[Built]:
        """The tools that it has switched on, in the order in which the model sees them."""
        found = [await self._query_knowledge(order), *self._built_in(order)]
        built = [one for one in found if one is not None]
        kept = await self._kept.build(order.tenant, order.data.http_tools)
        return [*built, *kept, *await self._of_servers(order)]

    def key(self, order: Order, vendor: str) -> str | None:
        """The API key of a vendor: the organisation's own, else that of the settings."""
        try:
            own = vendor_keys(order.organisation, self._vault)
        except VaultError as error:
            order.session.log.error("secret_unreadable", of="vendor_keys", reason=str(error))
            own = {}
        key = {**self._llm_keys, **own}.get(vendor, {}).get("apiKey")
        return key if isinstance(key, str) else None

    async def _query_knowledge(self, order: Order) -> Built | None:
        ids = order.knowledge_base_ids if order.data.tools.query_knowledge else ()
        return await build_query_knowledge(order.tenant, ids, self._librarian)

    def _built_in(self, order: Order) -> Iterator[Built | None]:
        on = order.data.tools
        if on.lookup_caller:
            yield build_lookup_caller(self._lookup_source(order), self._outward)
        if on.transfer_call:
            yield build_transfer_call(targets_of(order))
        if on.end_call:
            yield build_end_call()

    async def _of_servers(self, order: Order) -> Sequence[Built]:
        """The tools of MCP servers; a server that may not be reached has none."""
        built = []
        for one in order.data.mcp_servers:
            try:
                built.append(self._of_server(one))
            except OutwardError as error:
                order.session.log.warning("mcp_server_refused", reason=str(error))
        sources = [one.tool for one in built if isinstance(one.tool, McpTools)]
        if order.data.realtime_config is not None:  # it is told of its tools at the start only
            await asyncio.gather(*(source.ready(SERVERS_WITHIN) for source in sources))
        return built

    def _of_server(self, one: McpSource) -> Built:
        key = one.model_dump_json().encode()
        built = self._servers.get(key)
        if built is None:
            built = build_mcp_tools(
                one.url, self._outward, headers=one.headers, only=one.only, prefix=one.prefix
            )
            self._servers.put(key, built)
        return built

    def _lookup_source(self, order: Order) -> LookupSource | None:
        settings = order.organisation.settings
        if not settings.client_lookup_url:
            return None
        try:
            secret = lookup_secret(order.organisation, self._vault)
        except VaultError as error:  # the call goes on, and nobody is asked without it
            order.session.log.error("secret_unreadable", of="lookup", reason=str(error))
            return None
        return LookupSource(settings.client_lookup_url, secret, settings.client_lookup_header)


def targets_of(order: Order) -> list[Target]:
    """Whom the agent may transfer to."""
    return [
        Target(one.number, one.name, one.description or "") for one in order.data.transfer_targets
    ]
