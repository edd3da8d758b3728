"""Verbs that bring in somebody else: dial, transfer."""

from collections.abc import Iterable
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from app.verbs.audio import BackgroundListen
from app.verbs.builder import Builder
from app.verbs.common import Amd, Target
from app.verbs.errors import Problem
from app.verbs.hooks import HookRef
from app.verbs.part import Free, Headers, Many, Number, Of, OfText, Part, Verb
from app.verbs.speech import Synthesizer
from app.verbs.track import DubOptions
from app.verbs.transcript import TranscribeOptions

Outcome = Literal["return", "voicemail", "hangup"]


def as_list(value: object) -> object:
    """One target stands for a list of one."""
    return value if isinstance(value, list) else [value]


Targets = Annotated[Many[OfText[Target]], Field(min_length=1), BeforeValidator(as_list)]


class DtmfCapture(Part):
    """Key patterns to watch for, by leg."""

    child_call: Many[str] | None = None
    parent_call: Many[str] | None = None


class Dial(Verb):
    """Call somebody and bridge.

    Attributes:
        target: Who to call: one or several, all rung at once; the first answer wins.
        timeout: Seconds to ring.
        time_limit: Seconds connected.
        action_hook: Receives the result, a ``DialEnded``.
        confirm_hook: Runs against who answers, before the bridge.
        dtmf_capture: Patterns for both legs, or by leg.
        tag: Data for the new leg; its keys are never renamed.
    """

    verb: ClassVar[str] = "dial"
    leading: ClassVar[str] = "target"

    target: Targets = ()
    action_hook: HookRef | None = None
    on_hold_hook: HookRef | None = None
    answer_on_bridge: bool | None = None
    caller_id: str | None = None
    caller_name: str | None = None
    confirm_hook: HookRef | None = None
    refer_hook: HookRef | None = None
    dial_music: str | None = None
    dtmf_capture: Many[str] | Of[DtmfCapture] | None = None
    dtmf_hook: HookRef | None = None
    headers: Headers | None = None
    anchor_media: bool | None = None
    codecs: Annotated[Many[str], Field(min_length=1)] | None = None
    exit_media_path: bool | None = None
    boost_audio_signal: Number | str | None = None
    listen: Of[BackgroundListen] | None = None
    stream: Of[BackgroundListen] | None = None
    transcribe: Of[TranscribeOptions] | None = None
    time_limit: Number | None = None
    timeout: Number | None = None
    proxy: str | None = None
    amd: Of[Amd] | None = None
    dub: Many[Of[DubOptions]] | None = None
    tag: Free | None = None
    forward_pai: bool | None = None
    srtp_encryption: Literal["sdes", "dtls"] | None = None


class Confirm(Part):
    """What a person must press to take the call."""

    prompt: str
    digit: str


class Disposition(Part):
    """What happens to the caller when the transfer fails, by kind of failure."""

    on_no_answer: Outcome | None = None
    on_busy: Outcome | None = None
    on_decline: Outcome | None = None
    on_failure: Outcome | None = None
    voicemail_url: str | None = None

    def check(self) -> Iterable[Problem]:
        """Voicemail needs an address."""
        yield from super().check()
        outcomes = (self.on_no_answer, self.on_busy, self.on_decline, self.on_failure)
        if "voicemail" in outcomes and not self.voicemail_url:
            text = "option 'voicemail_url' is required where an outcome is 'voicemail'"
            yield Problem(text, suggestion="voicemail_url")


class TransferOptions(Part):
    """What transfer and an agent's handoff share.

    Attributes:
        mode: blind, or warm: the person is briefed first.
        caller_present: Warm: the caller hears the briefing.
        timeout: Seconds to ring.
        disposition: What happens to the caller on failure.
    """

    mode: Literal["blind", "warm"]
    target: Targets
    blind_method: Literal["refer", "dial"] | None = None
    caller_present: bool | None = None
    caller_id: str | None = None
    on_hold_hook: HookRef | None = None
    timeout: Number | None = None
    confirm: Of[Confirm] | None = None
    amd: Of[Amd] | None = None
    disposition: Of[Disposition] | None = None
    action_hook: HookRef | None = None
    event_hook: HookRef | None = None


class Brief(Part):
    """What the person hears before the caller comes."""

    text: str
    synthesizer: OfText[Synthesizer] | None = None


class Transfer(Verb, TransferOptions):
    """Transfer the caller, blind or warm; jambonz 10.3 and later."""

    verb: ClassVar[str] = "transfer"

    brief: Of[Brief] | None = None


dial = Builder(Dial, "target")
transfer = Transfer
