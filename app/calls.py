"""Calls: the live sessions of this node, and the way to steer them from outside."""

import asyncio
import time
from collections.abc import Iterator, Mapping
from typing import Any

from app.application import Application
from app.lines import QUICK
from app.organisation import DEFAULT_ORGANISATION, call_key
from app.protocol import AgentUpdate
from app.session import CallEnded, CallNotFound, Receipt, Runtime, Session
from app.tool import ToolSource

SWEEP_SECONDS = 0.05
INTERNAL_ERROR = 1011


class Calls:
    """Live sessions by call_sid, those that wait for jambonz to come back included.

    Args:
        runtime: What the sessions share.
        organisation_id: Whose calls are seen; all, where none is named. Two organisations may
            have a call_sid in common: then the default one's call is meant.
    """

    def __init__(
        self, runtime: Runtime | None = None, *, organisation_id: str | None = None
    ) -> None:
        self.runtime = runtime or Runtime()
        self._organisation_id = organisation_id

    def within(self, organisation_id: str) -> "Calls":
        """The calls of one organisation, as if there were no others."""
        return Calls(self.runtime, organisation_id=organisation_id)

    def __iter__(self) -> Iterator[Session]:
        own, live = self._organisation_id, list(self.runtime.live.values())
        seen = live if own is None else [one for one in live if one.organisation_id == own]
        return iter(seen)  # type: ignore[arg-type]

    def __len__(self) -> int:
        return len(self.runtime.live) if self._organisation_id is None else len(list(iter(self)))

    def __contains__(self, call_sid: object) -> bool:
        return isinstance(call_sid, str) and self.get(call_sid) is not None

    def get(self, call_sid: str) -> Session | None:
        """The live call with this call_sid."""
        own = self._organisation_id
        found = self.by_key(call_key(own or DEFAULT_ORGANISATION, call_sid))
        if found is not None or own is not None:
            return found
        return next((one for one in self if one.call_sid == call_sid), None)

    def by_key(self, key: str) -> Session | None:
        """The live call that this node keeps by a key, such as ``session.key``."""
        return self.runtime.live.get(key)  # type: ignore[return-value]

    def is_at_rest(self, call_sid: str) -> bool:
        """Whether nothing runs for a call and nothing is owed, or there is no such call."""
        session = self.get(call_sid)
        return session is None or session.is_at_rest

    def find_leg(self, call_sid: str) -> Session | None:
        """The live call that a leg belongs to: its own, or one that it dialed."""
        own = self.get(call_sid)
        return own or next((one for one in self if call_sid in one.child_call_sids), None)

    def open(
        self,
        application: Application[Any, Any],
        path_params: Mapping[str, str],
        organisation_id: str = DEFAULT_ORGANISATION,
    ) -> Session:
        """A session for a socket whose first message is still to come."""
        return Session(
            application, self.runtime, path_params=path_params, organisation_id=organisation_id
        )

    def follow_tools(self, source: ToolSource) -> None:
        """Offer the tools of a source anew in all calls that have them."""
        for session in self:
            session.follow_tools(source)

    async def update_agent(self, call_sid: str, update: AgentUpdate) -> Receipt:
        """Send a mid-call update.

        Raises:
            CallNotFound: No such call is live here.
            NoAgent: It runs no agent.
            FrameTooLarge: The update does not fit into one frame.
        """
        return await self._find(call_sid).update_agent(update)

    async def update_llm(self, call_sid: str, event: Mapping[str, Any]) -> Receipt:
        """Send a client event of its vendor to the speech-to-speech model of a call.

        Raises:
            CallNotFound: No such call is live here.
            NoAgent: It runs no such model.
            BadUpdate: jambonz passes no such event on.
        """
        return await self._find(call_sid).update_llm(event)

    async def command(
        self,
        call_sid: str,
        name: str,
        data: object = None,
        target: str | None = None,
        *,
        queue: bool | None = None,
    ) -> Receipt:
        """Send a command; ``target`` is the call_sid of another leg, as in ``Session.command``.

        Raises:
            CallNotFound: No such call is live here.
            FrameTooLarge: The command does not fit into one frame.
        """
        return await self._find(call_sid).command(name, data, call_sid=target, queue=queue)

    async def hangup(self, call_sid: str) -> Receipt:
        """End a call.

        Raises:
            CallNotFound: No such call is live here.
        """
        return await self._find(call_sid).hangup()

    def _find(self, call_sid: str) -> Session:
        session = self.get(call_sid)
        if session is None:
            raise CallNotFound(call_sid)
        if not session.is_open:
            raise CallEnded(call_sid)
        return session

    async def sweep_forever(self) -> None:
        """Look after the deadlines of all calls; one task per node, idle calls cost nothing."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            QUICK.flush()
            self._sweep(time.monotonic())

    def _sweep(self, now: float) -> None:
        for session in list(self.runtime.waiting):
            try:
                session.sweep(now)
            except Exception:
                # Our own mistake: the deadlines of the other calls must be kept.
                session.log.exception("session_beyond_repair")
                session.close(INTERNAL_ERROR, "internal error")
                session.end("internal error")

    def end_all(self, reason: str) -> None:
        """Forget every call, as the last thing that a node does."""
        for session in self:
            session.end(reason)
        self.runtime.close()
