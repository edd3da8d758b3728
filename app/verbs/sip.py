"""Verbs of SIP: sip:decline, sip:request, sip:refer, and alert."""

from typing import Annotated, ClassVar

from pydantic import Field

from app.verbs.builder import Builder
from app.verbs.explain import Expect
from app.verbs.hooks import HookRef
from app.verbs.part import Headers, Verb

Refusal = Annotated[int, Field(ge=300, le=699), Expect("a SIP status from 300 to 699")]


class SipDecline(Verb):
    """Refuse an incoming call before it is answered.

    Attributes:
        status: SIP status, for example 486 busy, 603 declined.
        reason: Its phrase.
    """

    verb: ClassVar[str] = "sip:decline"
    leading: ClassVar[str] = "status"

    status: Refusal = 0
    reason: str | None = None
    headers: Headers | None = None


class SipRequest(Verb):
    """Send a SIP request within the call.

    Attributes:
        method: INFO, NOTIFY, MESSAGE and so on.
        action_hook: Receives ``result`` and ``sip_status``.
    """

    verb: ClassVar[str] = "sip:request"
    leading: ClassVar[str] = "method"

    method: str = ""
    body: str | None = None
    headers: Headers | None = None
    action_hook: HookRef | None = None


class SipRefer(Verb):
    """Hand the call over to somebody by REFER: jambonz leaves it.

    Attributes:
        refer_to: A telephone number or a SIP address.
        referred_by: SIP address for Referred-By.
        referred_by_display_name: Name for Referred-By; jambonz 10 and later.
        action_hook: Receives ``refer_status``.
        event_hook: Hears the progress.
    """

    verb: ClassVar[str] = "sip:refer"
    leading: ClassVar[str] = "refer_to"

    refer_to: str = ""
    referred_by: str | None = None
    referred_by_display_name: str | None = None
    headers: Headers | None = None
    action_hook: HookRef | None = None
    event_hook: HookRef | None = None


class Alert(Verb):
    """Ring with an Alert-Info header; jambonz 0.9.8 writes an alert for its operators instead.

    Attributes:
        message: The header's value, or the alert.
    """

    verb: ClassVar[str] = "alert"
    leading: ClassVar[str] = "message"

    message: str = ""


sip_decline = Builder(SipDecline, "status")
sip_request = Builder(SipRequest, "method")
sip_refer = Builder(SipRefer, "refer_to")
alert = Builder(Alert, "message")
