"""Commands about the call as a whole: where it goes on, its end, its data, a second call."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from app.command.order import Order
from app.verbs.common import Amd, Target
from app.verbs.errors import Problem
from app.verbs.explain import Expect
from app.verbs.hooks import HookRef
from app.verbs.part import Free, Headers, Many, NotNegative, Of, OfText, Part
from app.verbs.raw import VerbItem
from app.verbs.render import Render, Wire
from app.verbs.schema import given

# A hook of a new call holds outside this socket, so a path will not do.
Url = Annotated[str, Field(pattern=r"^(wss?|https?)://"), Expect("an absolute URL such as wss://…")]


class EndCall(Order):
    """Hangs up an answered call (`completed`), or refuses one that is not yet (`no-answer`)."""

    is_verbatim: ClassVar[bool] = True

    call_status: Literal["completed", "no-answer"]


class RedirectTo(Order):
    """Hands the call, or the legs of a dial, to other hooks or verbs.

    Attributes:
        call_hook: What answers for this leg, by `session:redirect`.
        child_call_hook: What answers for the dialed leg, which becomes a call of its own.
        parent_call: Verbs for this leg.
        child_call: Verbs for the dialed leg, which becomes a call of its own.
    """

    is_verbatim: ClassVar[bool] = True
    rules: ClassVar[Mapping[str, Any]] = {
        "oneOf": [
            {"anyOf": [given("call_hook"), given("child_call_hook")]},
            {"anyOf": [given("parent_call"), given("child_call")]},
        ]
    }

    call_hook: HookRef | None = None
    child_call_hook: HookRef | None = None
    parent_call: Many[VerbItem] | None = None
    child_call: Many[VerbItem] | None = None

    def check(self) -> Iterable[Problem]:
        """Hooks or verbs, not both."""
        yield from super().check()
        by_hook = self.call_hook is not None or self.child_call_hook is not None
        by_verbs = self.parent_call is not None or self.child_call is not None
        if by_hook == by_verbs:
            came = "both" if by_hook else "neither"
            yield Problem(
                "expected verbs, or call_hook and child_call_hook, or parent_call and child_call; "
                f"got {came}"
            )

    def to_wire(self, render: Render) -> Wire:
        """As any object, but hooks need no handlers by name: session:redirect comes for them."""
        names = set(render.names)
        wire = super().to_wire(render)
        if "call_hook" in wire or "child_call_hook" in wire:
            render.names = names
        return wire


class TagCall(Order):
    """Sets the metadata of the call, which comes back as `customerData`."""

    data: Free


class CallHook(Part):
    """Where a new call is answered, as an object."""

    url: Url
    method: Literal["GET", "POST", "WS"] | None = None
    username: str | None = None
    password: str | None = None


class CreateCall(Order):
    """Starts another, separate call.

    Attributes:
        from_: Number that calls.
        to: Who is called: a phone number, a SIP address or an object.
        application_sid: What answers it, or ``call_hook`` does.
        call_hook: Absolute URL, or an object with one.
        timeout: Seconds to ring.
        time_limit: Seconds connected.
        tag: Its metadata; keys are never renamed.
    """

    rules: ClassVar[Mapping[str, Any]] = {"anyOf": [given("application_sid"), given("call_hook")]}

    from_: str
    to: OfText[Target]
    application_sid: str | None = None
    call_hook: Url | Of[CallHook] | None = None
    call_status_hook: Url | Of[CallHook] | None = None
    timeout: NotNegative | None = None
    time_limit: NotNegative | None = None
    tag: Free | None = None
    amd: Of[Amd] | None = None
    headers: Headers | None = None
    caller_name: str | None = None
    from_host: str | None = None
    answer_on_bridge: bool | None = None
    dual_streams: bool | None = None
    sip_request_within_dialog_hook: str | Of[CallHook] | None = None
    refer_hook: str | Of[CallHook] | None = None
    codecs: Many[str] | None = None
    speech_synthesis_vendor: str | None = None
    speech_synthesis_language: str | None = None
    speech_synthesis_voice: str | None = None
    speech_recognizer_vendor: str | None = None
    speech_recognizer_language: str | None = None

    def check(self) -> Iterable[Problem]:
        """Something must answer the new call."""
        yield from super().check()
        if self.application_sid is None and self.call_hook is None:
            text = "option 'application_sid' or 'call_hook' is required"
            yield Problem(text, option="application_sid")

    def to_wire(self, render: Render) -> Wire:
        """As any object, but its hooks come in the new call, which another session answers."""
        return super().to_wire(Render())


class VendorEvent(Order):
    """Hands an event to the speech-to-speech model that runs, in its vendor's own form."""

    event: Free

    def check(self) -> Iterable[Problem]:
        """An empty one is an error at the vendor."""
        yield from super().check()
        if not self.event:
            yield Problem("expected an event such as {'type': 'session.update', …}", ("event",))
