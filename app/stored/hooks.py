"""Call hooks: URLs that an agent's operator wants to be told of its calls.

Beside any call and in memory: a hook that does not answer is tried a few times and then given up,
and the log tells. What must not be lost goes to the webhooks of the organisation, in the store.
"""

import asyncio
import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import orjson
import structlog

from app.logs import Event
from app.outward import Outward, OutwardError
from app.session import Session
from app.stored.parts import CallEventName, CallHook

__all__ = ["CallHooks"]

MOST: Final = 1000
"""Messages on their way at once; one more is dropped."""
PAUSES: Final = (1.0, 5.0, 20.0)
"""Seconds before each further try."""
LAST_SECONDS: Final = 0.5

log = structlog.get_logger("cordboard.stored")


class CallHooks:
    """Tells the hooks of stored agents; one for each node.

    Args:
        outward: Sends what is told.
        pauses: Seconds before each further try.
    """

    def __init__(self, outward: Outward, *, pauses: tuple[float, ...] = PAUSES) -> None:
        self._outward, self._pauses = outward, pauses
        self._tasks: set[asyncio.Task[None]] = set()

    def follow(self, session: Session, hooks: tuple[CallHook, ...]) -> None:
        """Tell hooks that a call has begun, and later that it is over."""
        if hooks:
            self._tell(hooks, "call.started", facts_of(session))
            self.resume(session, hooks)

    def resume(self, session: Session, hooks: tuple[CallHook, ...]) -> None:
        """Tell hooks when a call is over of whose beginning they have been told."""
        if any("call.ended" in hook.events for hook in hooks):
            session.when_over(partial(self._tell_end, session, hooks))

    async def close(self) -> None:
        """Give up what is on its way, after a moment for what has just been told."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=LAST_SECONDS)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _tell_end(self, session: Session, hooks: tuple[CallHook, ...], reason: str) -> None:
        now = datetime.now(UTC)
        seconds = round((now - session.started).total_seconds(), 1)
        ended = {"ended_at": now.isoformat(), "seconds": seconds, "reason": reason}
        self._tell(hooks, "call.ended", facts_of(session) | ended)

    def _tell(
        self, hooks: tuple[CallHook, ...], event: CallEventName, facts: Mapping[str, Any]
    ) -> None:
        body = orjson.dumps({"event": event, "call": facts})
        for hook in hooks:
            if event not in hook.events:
                continue
            if len(self._tasks) >= MOST:
                log.warning(Event.CALL_HOOK_FAILED, call_sid=facts["call_sid"], reason="too many")
                return
            task = asyncio.create_task(self._send(hook, body, facts["call_sid"]))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _send(self, hook: CallHook, body: bytes, call_sid: str) -> None:
        headers = {"Content-Type": "application/json", **credentials(hook)}
        reason = ""
        for pause in (0.0, *self._pauses):
            await asyncio.sleep(pause)
            try:
                reply = await self._outward.request("POST", hook.url, headers=headers, body=body)
            except OutwardError as error:
                reason = str(error)
            else:
                if reply.is_fine:
                    return
                reason = f"answered with status {reply.status}"
        log.warning(Event.CALL_HOOK_FAILED, call_sid=call_sid, reason=reason)


def credentials(hook: CallHook) -> dict[str, str]:
    """The header of HTTP basic authentication, where a hook has credentials."""
    if hook.username is None and hook.password is None:
        return {}
    pair = f"{hook.username or ''}:{hook.password or ''}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}


def facts_of(session: Session) -> dict[str, Any]:
    """What a hook is told of a call."""
    version = session.stored_version
    return {
        "call_sid": session.call_sid,
        "direction": session.direction,
        "from": session.from_,
        "to": session.to,
        "started_at": session.started.isoformat(),
        "agent_id": version.agent_id if version else None,
        "agent_version": version.version if version else None,
    }
