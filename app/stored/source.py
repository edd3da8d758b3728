"""Where calls get stored agents from: the published version, with its tools as they are now."""

import re
from collections.abc import Sequence
from functools import partial
from typing import Final, Protocol

from app.builtin_tools import Built
from app.session import AgentAway, AgentNotFound, Recalled, Session, StoredVersion
from app.store import Store, StoreUnavailable
from app.store.agents import StoredAgent
from app.stored.compiled import Compiled
from app.stored.data import AgentData
from app.stored.hooks import CallHooks
from app.stored.order import Order
from app.stored.recent import Recent
from app.stored.secrets import Seal, unseal
from app.stored.speech import KEYS_OF
from app.verbs import Verb

__all__ = ["Outfit", "StoredAgents"]

KEPT: Final = 256
ACTOR: Final = "call"
UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Outfit(Protocol):
    """Gives an agent what it works with."""

    async def prepare(self, order: Order) -> None:
        """Do what is to be done before the tools are made."""

    async def tools(self, order: Order) -> Sequence[Built]:
        """The tools, in the order in which the model sees them."""

    def key(self, order: Order, vendor: str) -> str | None:
        """The API key of a vendor of realtime models."""


class StoredAgents:
    """The agents of all organisations of a store.

    A version never changes, so it is read and checked once. While the store does not answer, calls
    are answered by what answered the last one.

    Args:
        store: Where they are kept.
        vault: Opens the secrets in them.
        outfit: Gives them what they work with.
        hooks: Tells their call hooks.
    """

    def __init__(self, store: Store, vault: Seal, outfit: Outfit, hooks: CallHooks) -> None:
        self._store, self._vault, self._outfit, self._hooks = store, vault, outfit, hooks
        self._read = Recent[tuple[str, str, int], AgentData](KEPT)
        self._last = Recent[tuple[str, str], Compiled](KEPT)

    async def answer(self, session: Session, agent_id: str) -> list[Verb]:
        """The verbs with which an agent answers this call.

        Raises:
            AgentNotFound: The organisation of the call has none of this id that is published.
            StoreUnavailable: The store does not answer, and the agent never answered here.
        """
        place = (session.organisation_id, agent_id)
        try:
            compiled = await self._compile(session, agent_id)
        except StoreUnavailable as error:
            last = self._last.get(place)
            if last is None:
                raise
            session.log.warning("agent_from_memory", version=last.version.version, error=str(error))
            compiled = last
        else:
            self._last.put(place, compiled)
        verbs = compiled.answer(session)
        self._hooks.follow(session, tuple(compiled.data.call_hooks))
        return verbs

    async def recall(self, session: Session, version: StoredVersion) -> Recalled:
        """What answered a call in another process.

        Raises:
            AgentAway: The store does not answer, and this version did not answer the last call.
            AgentNotFound: It has been deleted.
        """
        try:
            compiled = await self._compile_again(session, version)
        except StoreUnavailable as error:
            last = self._last.get((session.organisation_id, version.agent_id))
            if last is None or last.version != version:
                raise AgentAway(str(error)) from error
            compiled = last
        return Recalled(compiled.runs(session), partial(self._go_on, compiled))

    def _go_on(self, compiled: Compiled, session: Session) -> None:
        self._hooks.resume(session, tuple(compiled.data.call_hooks))
        compiled.resume(session)

    async def _compile_again(self, session: Session, version: StoredVersion) -> Compiled:
        tenant = self._store.tenant(session.organisation_id, ACTOR)
        found = await tenant.agents.get(version.agent_id, version.version)
        if found is None:
            raise AgentNotFound(NO_AGENT.format(version.agent_id))
        return await self._equip(await self._order(session, found), found)

    async def _compile(self, session: Session, agent_id: str) -> Compiled:
        tenant = self._store.tenant(session.organisation_id, ACTOR)
        found = await tenant.agents.get(agent_id) if UUID.fullmatch(agent_id) else None
        if found is None:
            raise AgentNotFound(NO_AGENT.format(agent_id))
        if not found.version.is_published:
            raise AgentNotFound(f"agent {agent_id} has drafts only; publish one of its versions")
        order = await self._order(session, found)
        await self._outfit.prepare(order)
        return await self._equip(order, found)

    async def preview(self, session: Session, found: StoredAgent) -> list[Verb]:
        """The verbs with which an agent would answer, with `UNFILLED` for the data of a call.

        Args:
            session: Nobody's call, of the organisation of the agent.
            found: The agent in any version.

        Raises:
            VaultError: A secret in it cannot be opened.
            ValidationError: It is not as this server has agents.
        """
        compiled = await self._equip(await self._order(session, found), found)
        return compiled.preview()

    async def _order(self, session: Session, found: StoredAgent) -> Order:
        tenant = self._store.tenant(session.organisation_id, ACTOR)
        data = self._data_of(session.organisation_id, found)
        organisation = await tenant.organisation.get()
        return Order(data, found.knowledge_base_ids, organisation, tenant, session)

    async def _equip(self, order: Order, found: StoredAgent) -> Compiled:
        built = await self._outfit.tools(order)
        version = StoredVersion(found.id, found.version.number, found.version.name)
        return Compiled(version, order.data, built, key=self._key_for(order))

    def _data_of(self, organisation_id: str, found: StoredAgent) -> AgentData:
        place = (organisation_id, found.id, found.version.number)
        data = self._read.get(place)
        if data is None:
            data = AgentData.read(unseal(found.data, self._vault))
            self._read.put(place, data)
        return data

    def _key_for(self, order: Order) -> str | None:
        config = order.data.realtime_config
        if config is None:
            return None
        vendor = KEYS_OF[config.provider]
        key = self._outfit.key(order, vendor)
        if key is None:
            order.session.log.warning("agent_without_key", vendor=vendor, fix=NO_KEY)
        return key


NO_AGENT: Final = "there is no agent {!r:.80} in the call's organisation"
NO_KEY: Final = (
    "jambonz needs an API key of this vendor: give the organisation one, or set CORDBOARD_LLM_KEYS"
)
