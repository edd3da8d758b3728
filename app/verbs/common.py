"""Objects that several verbs share: audio detection, waiting, and where a call goes to."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Literal

from app.verbs.errors import Problem
from app.verbs.hooks import Auth, HookRef
from app.verbs.names import wire_name
from app.verbs.part import Many, Number, Of, OfText, Part
from app.verbs.raw import VerbItem
from app.verbs.speech import Recognizer

# What a dial target must have, by its type.
TARGET_NEEDS: Mapping[str, str] = {
    "phone": "number",
    "sip": "sip_uri",
    "user": "name",
    "teams": "number",
}
PHONE = re.compile(r"\+?[0-9][0-9 ().-]{1,30}")


class FillerNoise(Part):
    """Audio that plays while the application thinks.

    Attributes:
        start_delay_secs: Seconds before it starts.
    """

    enable: bool
    url: str | None = None
    start_delay_secs: Number | None = None


class AmdTimers(Part):
    """Timers of the answering-machine detection, in milliseconds."""

    no_speech_timeout_ms: Number | None = None
    decision_timeout_ms: Number | None = None
    tone_timeout_ms: Number | None = None
    greeting_completion_timeout_ms: Number | None = None


class Amd(Part):
    """Answering-machine detection; its results come to ``action_hook``.

    Attributes:
        threshold_word_count: Words that mean a machine.
        digit_count: Digits that mean a machine.
    """

    action_hook: HookRef
    threshold_word_count: Number | None = None
    digit_count: Number | None = None
    timers: Of[AmdTimers] | None = None
    recognizer: OfText[Recognizer] | None = None


class ActionHookDelay(Part):
    """What the caller hears while the application takes its time over a hook.

    Attributes:
        no_response_timeout: Seconds before ``actions`` start.
        no_response_give_up_timeout: Seconds before ``give_up_actions``.
        retries: How often ``actions`` are repeated.
        actions: say and play verbs.
    """

    enabled: bool | None = None
    no_response_timeout: Number | None = None
    no_response_give_up_timeout: Number | None = None
    retries: Number | None = None
    actions: Many[VerbItem] | None = None
    give_up_actions: Many[VerbItem] | None = None


class BidirectionalAudio(Part):
    """Audio that comes back over a listen socket.

    Attributes:
        streaming: Continuous PCM instead of clips.
        sample_rate: Of what the application sends, in Hz.
    """

    enabled: bool | None = None
    streaming: bool | None = None
    sample_rate: Number | None = None


class SipFrom(Part):
    """The From header of an outgoing call."""

    user: str | None = None
    host: str | None = None


class Target(Part):
    """Where to dial. As a text: a phone number, or ``sip:user@host``.

    Attributes:
        type: phone needs ``number``, sip ``sip_uri``, user ``name``, teams ``number``.
        trunk: Carrier to go through.
        confirm_hook: Runs against who answers, before the bridge.
    """

    text_form: ClassVar[str] = "a phone number or 'sip:user@host'"
    rules: ClassVar[Mapping[str, Any]] = {
        "allOf": [
            {
                "if": {"properties": {"type": {"const": kind}}, "required": ["type"]},
                "then": {
                    "required": [wire_name(need)],
                    "properties": {wire_name(need): {"type": "string", "minLength": 1}},
                },
            }
            for kind, need in TARGET_NEEDS.items()
        ]
    }

    type: Literal["phone", "sip", "user", "teams"]
    number: str | None = None
    sip_uri: str | None = None
    name: str | None = None
    tenant: str | None = None
    trunk: str | None = None
    confirm_hook: HookRef | None = None
    method: Literal["GET", "POST"] | None = None
    headers: dict[str, str] | None = None
    from_: Of[SipFrom] | None = None
    auth: Of[Auth] | None = None
    vmail: bool | None = None
    override_to: str | None = None
    proxy: str | None = None

    @classmethod
    def read_text(cls, text: str) -> object:
        """A phone number or a SIP address."""
        if text.lower().startswith(("sip:", "sips:")):
            return {"type": "sip", "sip_uri": text}
        if PHONE.fullmatch(text):
            return {"type": "phone", "number": text}
        return text

    def check(self) -> Iterable[Problem]:
        """Each type of target needs its own option."""
        yield from super().check()
        need = TARGET_NEEDS[self.type]
        if not getattr(self, need):
            yield Problem(f"a target of type {self.type!r} needs {need}=…", suggestion=need)
