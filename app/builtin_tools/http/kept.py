"""The HTTP tools that organisations keep in the store, as tools of an agent."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

import structlog

from app.builtin_tools.built import Built
from app.builtin_tools.http.build import build_http_tool
from app.builtin_tools.http.definition import HttpTool
from app.logs import Event
from app.outward import Outward
from app.store import Tenant
from app.store.tools import StoredTool
from app.vault import Vault, VaultError

MOST: Final = 512

log = structlog.get_logger("cordboard.tools")


def definition_of(tool: StoredTool, vault: Vault) -> HttpTool:
    """A tool as it was defined, its secrets opened.

    Raises:
        VaultError: One of them was sealed with a key that is not there any more.
    """
    secrets = {name: vault.open(sealed) for name, sealed in tool.secrets.items()}
    return HttpTool.model_validate({**tool.data, "secret_headers": secrets})


class KeptTools:
    """The HTTP tools of all organisations, each made once for as long as it is not changed.

    Args:
        outward: Sends their requests.
        vault: Opens their secrets.
    """

    def __init__(self, outward: Outward, vault: Vault) -> None:
        self._outward, self._vault = outward, vault
        self._made: OrderedDict[tuple[str, str, int], Built] = OrderedDict()

    async def build(self, tenant: Tenant, names: Sequence[str]) -> list[Built]:
        """The named tools of an organisation, in this order; those that are gone are left out."""
        if not names:
            return []
        found = {tool.name: tool for tool in await tenant.tools.list(names)}
        if missing := [name for name in names if name not in found]:
            log.warning(Event.HTTP_TOOL_MISSING, tools=", ".join(missing), fix=FIX)
        built = [self._build(tenant, found[name]) for name in names if name in found]
        return [one for one in built if one is not None]

    def _build(self, tenant: Tenant, tool: StoredTool) -> Built | None:
        """The tool; None where its secrets do not open, as the log tells."""
        key = (tenant.organisation_id, tool.id, tool.revision)
        built = self._made.pop(key, None)
        if built is None:
            try:
                definition = definition_of(tool, self._vault)
            except VaultError as error:
                log.error(Event.SECRET_UNREADABLE, of=f"tool {tool.name}", reason=str(error))
                return None
            built = build_http_tool(definition, self._outward)
        self._made[key] = built
        if len(self._made) > MOST:
            self._made.popitem(last=False)
        return built


FIX: Final = "an agent names a tool that its organisation does not have: see GET /api/tools"
