"""Commands about the call: where it goes on, its end, what is sent into it, a second call."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.hook import Hook
from app.session.children import current_child
from app.session.commands import CommandSender, Verbs
from app.session.facts import E, S
from app.session.receipt import Receipt

HookName = Hook[..., Any] | str | Mapping[str, Any]

# Statuses of a call that nobody has answered yet.
UNANSWERED = ("trying", "ringing", "early-media", "queued")
NOT_ANSWERED = (
    "jambonz hangs up answered calls only, and this one is {status!r} as far as we know; "
    "refuse() ends one that is not answered"
)


class CallCommands(CommandSender[S, E]):
    """Where the call goes on, how it ends, and what is sent into it."""

    __slots__ = ()

    @property
    def child_call_sid(self) -> str | None:
        """The leg that this call has dialed, as its statuses tell; None where there is none."""
        return current_child(self._children)

    @property
    def child_call_sids(self) -> tuple[str, ...]:
        """All legs that this call has dialed and that are not over, the newest last."""
        return tuple(self._children)

    async def redirect(self, verbs: Verbs, *, queue: bool = False) -> Receipt:
        """Replace what the call does by ``verbs``, at once; with ``queue``, go on with them later.

        Replacing ends the agent that runs, unless there is one among the verbs.
        """
        return self._redirect(verbs, queue=queue or None)

    async def redirect_to_hook(
        self, call_hook: HookName | None = None, *, child_call_hook: HookName | None = None
    ) -> Receipt:
        """Let a hook say how the call goes on, or the leg that it dialed.

        ``session:redirect`` comes with its name: a function given here answers it, else
        ``on(name)``, else the application's ``session_redirect``. The child becomes a call of its
        own.
        """
        return self._order("redirect", call_hook=call_hook, child_call_hook=child_call_hook)

    async def redirect_legs(
        self, *, parent: Verbs | None = None, child: Verbs | None = None
    ) -> Receipt:
        """End a dial and give each leg verbs of its own; the child becomes a call of its own."""
        return self._order("redirect", parent_call=listed(parent), child_call=listed(child))

    async def hangup(self) -> Receipt:
        """End the call; before it is answered use :meth:`refuse`."""
        receipt = self._order("call:status", call_status="completed")
        if self.call_status not in UNANSWERED:
            return receipt
        return replace(receipt, warnings=(NOT_ANSWERED.format(status=self.call_status),))

    async def refuse(self) -> Receipt:
        """End a call that is not answered yet: inbound with 503, outbound by cancelling it."""
        return self._order("call:status", call_status="no-answer")

    async def tag(self, data: Mapping[str, Any]) -> Receipt:
        """Set the call's metadata, which comes back as customer data."""
        return self._order("tag", data=dict(data))

    async def config(self, **settings: Any) -> Receipt:
        """Change what holds for the rest of the call, by the options of the config verb."""
        return self._order("config", **settings)

    async def dtmf(
        self, digit: str, *, duration: int | None = None, call_sid: str | None = None
    ) -> Receipt:
        """Send a key press into the call; ``duration`` in milliseconds."""
        return self._order("dtmf", call_sid=call_sid, digit=digit, duration=duration)

    async def sip_request(
        self,
        method: str,
        content: str,
        *,
        content_type: str = "text/plain",
        headers: Mapping[str, str | int | float] | None = None,
        call_sid: str | None = None,
    ) -> Receipt:
        """Send a SIP request such as INFO or MESSAGE within the call."""
        return self._order(
            "sip:request",
            call_sid=call_sid,
            method=method,
            content_type=content_type,
            content=content,
            headers=headers,
        )

    async def dial(
        self,
        to: str | Mapping[str, Any],
        *,
        from_: str,
        application_sid: str | None = None,
        call_hook: str | Mapping[str, Any] | None = None,
        tag: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Receipt:
        """Start another, separate call, as jambonz' REST API does.

        Args:
            to: A phone number, a SIP address, or an object with a ``type``.
            from_: The number that calls.
            application_sid: What answers the new call; or give ``call_hook``.
            call_hook: Absolute URL of what answers it, or an object with one.
            tag: Metadata of the new call.
            options: ``timeout``, ``time_limit``, ``amd`` … as for creating a call over REST.
        """
        return self._order(
            "dial",
            to=to,
            from_=from_,
            application_sid=application_sid,
            call_hook=call_hook,
            tag=tag,
            **options,
        )


def listed(verbs: Verbs | None) -> list[Any] | None:
    """One verb as a list of one."""
    if verbs is None or isinstance(verbs, list):
        return verbs
    return list(verbs) if isinstance(verbs, tuple) else [verbs]
