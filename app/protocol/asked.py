"""What jambonz asks or tells while a verb runs, typed: waiting, confirming, hold, progress."""

from dataclasses import dataclass, field
from typing import Literal

from app.protocol.ended import VerbEnded, best_of, part, read_as
from app.protocol.fields import Data, text

Who = Literal["human", "machine", "unknown"]


@dataclass(frozen=True, slots=True)
class QueueWait(VerbEnded):
    """Somebody waits in a queue: answer with what is heard meanwhile (play, say, pause, leave).

    ``queue_time`` is in seconds; ``queue_position`` counts from 0, who is served next.
    """

    queue_sid: str = ""
    queue_time: float | None = None
    queue_size: int | None = None
    queue_position: int | None = None


@dataclass(frozen=True, slots=True)
class ConferenceWait(VerbEnded):
    """Somebody waits for a conference to begin: answer with play, say, pause or leave."""

    conference_sid: str = ""
    friendly_name: str = ""


@dataclass(frozen=True, slots=True)
class ConferenceEnter(VerbEnded):
    """Somebody enters a conference: answer with what they hear (play, say, pause)."""

    conference_sid: str = ""
    friendly_name: str = ""


@dataclass(frozen=True, slots=True)
class ConferenceEvent(VerbEnded):
    """Something happened in a conference.

    ``event`` is start, end, join, leave, start-talking, stop-talking; jambonz 10 adds say-start,
    say-done, play-start and play-done. ``duration`` is in seconds.
    """

    event: str = ""
    conference_sid: str = ""
    friendly_name: str = ""
    duration: float | None = None
    members: int | None = None
    time: str = ""


@dataclass(frozen=True, slots=True)
class DialConfirm(VerbEnded):
    """Somebody whom we dialed has answered: the verbs of the answer run on *their* leg.

    No verbs connect them; a ``hangup`` among the verbs refuses.
    """

    call_sid: str = ""
    parent_call_sid: str | None = None
    direction: str = ""
    call_status: str = ""
    from_: str = ""
    to: str = ""


@dataclass(frozen=True, slots=True)
class HoldStarted(VerbEnded):
    """The far end put us on hold: answer with what is heard (play, say, pause)."""

    from_: str = ""
    to: str = ""


@dataclass(frozen=True, slots=True)
class DtmfPressed(VerbEnded):
    """During a dial somebody pressed the keys that ``dtmf_capture`` watches for."""

    dtmf: str = ""


@dataclass(frozen=True, slots=True)
class Referred(VerbEnded):
    """The far end wants the call transferred by REFER."""

    sip_refer_to: str = ""
    sip_referred_by: str = ""
    sip_user_agent: str = ""
    refer_to_user: str = ""
    referred_by_user: str = ""
    referring_call_sid: str = ""
    referred_call_sid: str = ""


@dataclass(frozen=True, slots=True)
class ReferStatus(VerbEnded):
    """How a REFER goes: ``call_status`` is the SIP status of the new call."""

    event: str = ""
    call_status: int | None = None


@dataclass(frozen=True, slots=True)
class SipRequestReceived(VerbEnded):
    """The far end sent a SIP request within the call, or put it on hold."""

    sip_method: str = ""
    sip_body: str = ""
    event: str = ""
    on_hold: bool = False


@dataclass(frozen=True, slots=True)
class TranscriptHeard(VerbEnded):
    """What a recognizer has heard; not final while the words may still change."""

    transcript: str = ""
    is_final: bool = False
    confidence: float | None = None
    language_code: str = ""
    channel_tag: int | None = None


@dataclass(frozen=True, slots=True)
class TranslationHeard(VerbEnded):
    """What was said, in another language."""

    translation: str = ""
    language: str = ""
    channel: int | None = None


@dataclass(frozen=True, slots=True)
class AmdResult(VerbEnded):
    """What the answering-machine detection has found.

    ``type`` is amd_human_detected, amd_machine_detected, amd_no_speech_detected,
    amd_decision_timeout, amd_machine_stopped_speaking, amd_tone_detected, amd_tone_timeout,
    amd_error or amd_stopped.
    """

    type: str = ""
    reason: str = ""
    greeting: str = ""
    hint: str = ""
    transcript: str = ""
    language: str = ""

    @property
    def who(self) -> Who:
        """Who answered, as far as this result tells."""
        if self.type == "amd_human_detected":
            return "human"
        is_machine = self.type.startswith(("amd_machine", "amd_tone"))  # asked after a greeting
        return "machine" if is_machine else "unknown"


@dataclass(frozen=True, slots=True)
class Redirected(VerbEnded):
    """A call was redirected here; ``is_other_leg`` if it is one that the call has dialed."""

    hook: str = ""
    call_sid: str = ""
    direction: str = ""
    call_status: str = ""
    from_: str = ""
    to: str = ""
    is_other_leg: bool = False


@dataclass(frozen=True, slots=True)
class Adulting(VerbEnded):
    """A dialed leg became a call of its own; ``parent_call_info`` is what dialed it."""

    call_sid: str = ""
    parent_call_sid: str | None = None
    direction: str = ""
    call_status: str = ""
    from_: str = ""
    to: str = ""
    parent_call_info: Data = field(default_factory=dict)


def read_hold(data: Data) -> HoldStarted:
    """Read the SIP headers of a hold, not the call's own."""
    return HoldStarted(data, *(text(part(data, "hold_detail"), key) for key in ("from", "to")))


def read_referred(data: Data) -> Referred:
    """Read the details of a REFER."""
    return read_as(Referred, data, part(data, "refer_details"))


def read_transcript(data: Data) -> TranscriptHeard:
    """Read what was heard; the best alternative is the transcript."""
    speech = part(data, "speech")
    return read_as(TranscriptHeard, data, best_of(speech), speech)


def read_translation(data: Data) -> TranslationHeard:
    """Read a translation."""
    return read_as(TranslationHeard, data, part(data, "translation"))
