"""What jambonz asks a call: in which role, for which leg, and what may be answered."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from app.agent import Rendered
from app.protocol import AgentEnded, Kind, Message, Redirected, VerbEnded, read_as
from app.protocol.ended import part
from app.protocol.fields import text
from app.protocol.roles import ANY, CONFIRM, REDIRECT, REFER, HookRole, role_of_payload

if TYPE_CHECKING:
    from app.session.live import LiveCall

LATE: Mapping[str, str] = {
    "replace": "return sooner; late verbs are sent as a redirect",
    "sound": "return sooner; silence was answered, and the hook is asked again when it ends",
    "other leg": "return sooner; who is not confirmed in time is refused",
    "none": "return sooner; jambonz needs no verbs here",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One question.

    Attributes:
        role: What the hook is for.
        hook: Its name, for logs.
        leg: The call_sid of another leg whose verbs the answer holds; None for the call itself.
    """

    role: HookRole = ANY
    hook: str = ""
    leg: str | None = None

    @property
    def is_beside(self) -> bool:
        """Whether what runs on this leg goes on, whatever is answered."""
        return self.leg is not None or self.role.answer != "replace"

    @property
    def is_handed_over(self) -> bool:
        """Whether the answer is for a leg that becomes a call of its own with it."""
        return self.leg is not None and self.role in (REDIRECT, REFER)

    @property
    def can_be_late(self) -> bool:
        """Whether verbs may still be sent when the ack is gone."""
        return self.role.answer == "replace"

    def read(self, data: dict[str, Any]) -> VerbEnded:
        """The payload as what the hook is told."""
        if self.role is REDIRECT:
            is_other_leg = self.leg is not None
            return read_as(Redirected, data, hook=self.hook, is_other_leg=is_other_leg)
        return self.role.read(data)

    def fit(self, session: "LiveCall[Any, Any]", rendered: Rendered, *, failed: bool) -> Rendered:
        """What may go out of an answer; the rest jambonz would ignore, or fail the verb for it."""
        if failed and self.role.answer != "replace":
            return Rendered([*self.role.default], is_beside=True)
        verbs, complaint = self.role.fit(rendered.verbs)
        if complaint:
            session.log.error("answer_not_allowed", hook=self.hook, reason=complaint)
            rendered = replace(rendered, verbs=verbs, agents=())
        return replace(rendered, is_beside=True) if self.is_beside else rendered


PLAIN = Asked()


def asked_of(session: "LiveCall[Any, Any]", message: Message) -> Asked:
    """What a message asks."""
    role, data = role_of(session, message), message.data
    # One side of a dial asks for a transfer: the verbs are for the other one.
    referred = text(part(data, "refer_details"), "referred_call_sid") if role is REFER else ""
    leg = referred or text(data, "call_sid")
    is_other = leg not in ("", session.call_sid)
    return Asked(role, message.hook, leg if is_other else None)


def role_of(session: "LiveCall[Any, Any]", message: Message) -> HookRole:
    """The role of a hook: by the option that named it, or where there were several, its payload."""
    if message.kind is Kind.DIAL_CONFIRM:
        return CONFIRM
    if message.kind is Kind.SESSION_REDIRECT:
        return REDIRECT
    told = role_of_payload(message.data)
    roles = session._roles.get(message.hook)
    if roles is None or told.event is AgentEnded:
        return told
    if len(roles) == 1:
        return next(iter(roles))
    return next((role for role in roles if role.event is told.event), told)
