"""What a hook is for: which option of which verb named it, what comes, what may be answered.

The envelope does not tell whether jambonz wants an answer; the option does. Where the option is not
known, since the hook was named in a command or by another process, the payload tells most of it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from app.protocol import asked, ended
from app.protocol.asked import (
    Adulting,
    AmdResult,
    ConferenceEnter,
    ConferenceEvent,
    ConferenceWait,
    DialConfirm,
    DtmfPressed,
    HoldStarted,
    QueueWait,
    Redirected,
    Referred,
    ReferStatus,
    SipRequestReceived,
    TranscriptHeard,
    TranslationHeard,
)
from app.protocol.ended import (
    AgentEnded,
    ConferenceEnded,
    DequeueEnded,
    DialEnded,
    EnqueueEnded,
    GatherEnded,
    ListenEnded,
    MessageSent,
    PlayEnded,
    ReferEnded,
    SipRequestEnded,
    TransferEnded,
    VerbEnded,
    read_as,
)
from app.protocol.fields import Data

Verbs = list[dict[str, Any]]
# ``replace``: verbs take the place of all that is left, and none go on with it.
# ``sound``: a list of certain verbs must come, which are heard while the verb goes on.
# ``other leg``: verbs run on the leg that was dialed. ``none``: verbs are ignored.
Answer = Literal["replace", "sound", "other leg", "none"]

SOUND = frozenset({"play", "say", "pause"})
# It is asked again when this is over: not so often that the log fills up.
SILENCE: Verbs = [{"verb": "pause", "length": 5}]
SHORT_SILENCE: Verbs = [{"verb": "pause", "length": 1}]
REFUSE: Verbs = [{"verb": "hangup"}]

IGNORED = "jambonz ignores what the {name} answers; for verbs call session.redirect(…)"
MUST = (
    "what the {name} answers must be a list of {allowed}; came: {came}. jambonz takes nothing "
    "else, so that was left out; return for example [play('https://…')]"
)


@dataclass(frozen=True, slots=True, eq=False)
class HookRole:
    """What a hook is asked, and how it may answer.

    Attributes:
        name: What an error calls it: the option, with its verb where that matters.
        event: What the hook is told.
        answer: What becomes of the verbs that it returns.
        allowed: The verbs that it may return; None for any.
        default: What is answered where it fails, takes too long or returns nothing that it may.
    """

    name: str
    event: type[VerbEnded]
    answer: Answer = "replace"
    allowed: frozenset[str] | None = None
    default: tuple[dict[str, Any], ...] = ()

    def fit(self, verbs: Verbs) -> tuple[Verbs, str]:
        """The verbs that may go out, and what is wrong with those that came; empty if nothing."""
        if self.answer == "none":
            return [], IGNORED.format(name=self.name) if verbs else ""
        if self.allowed is None:
            return verbs, ""
        kept = [verb for verb in verbs if verb.get("verb") in self.allowed]
        wrong = sorted({str(verb.get("verb")) for verb in verbs} - self.allowed)
        if kept and not wrong:
            return kept, ""
        came = ", ".join(wrong) or "nothing"
        complaint = MUST.format(name=self.name, allowed=", ".join(sorted(self.allowed)), came=came)
        return kept or list(self.default), complaint

    def read(self, data: Data) -> VerbEnded:
        """The payload as what the hook is told."""
        reader = READERS.get(self.event)
        return reader(data) if reader else read_as(self.event, data)


READERS: Mapping[type, Callable[[Data], VerbEnded]] = {
    AgentEnded: ended.read_agent_ended,
    GatherEnded: ended.read_gather_ended,
    HoldStarted: asked.read_hold,
    Referred: asked.read_referred,
    TranscriptHeard: asked.read_transcript,
    TranslationHeard: asked.read_translation,
}


def waits(name: str, event: type[VerbEnded]) -> HookRole:
    """A hook whose verbs are heard while somebody waits; they may leave."""
    return HookRole(name, event, "sound", SOUND | {"leave"}, tuple(SILENCE))


ANY = HookRole("hook", VerbEnded)
CONFIRM = HookRole("confirm_hook", DialConfirm, "other leg", None, tuple(REFUSE))
HOLD = HookRole("on_hold_hook", HoldStarted, "sound", SOUND, tuple(SILENCE))
QUEUE_WAIT = waits("wait_hook of enqueue", QueueWait)
ROOM_WAIT = waits("wait_hook of a conference", ConferenceWait)
ROOM_ENTER = HookRole(
    "enter_hook of a conference", ConferenceEnter, "sound", SOUND, tuple(SHORT_SILENCE)
)
ROOM_EVENT = HookRole("status_hook of a conference", ConferenceEvent, "none")
DTMF = HookRole("dtmf_hook", DtmfPressed, "none")
REFER_STATUS = HookRole("event_hook of sip_refer", ReferStatus, "none")
TRANSCRIPT = HookRole("transcription_hook", TranscriptHeard, "none")
REDIRECT = HookRole("redirect", Redirected)
REFER = HookRole("refer_hook", Referred)
ADULTING = HookRole("session_adulting", Adulting)

# Option, whatever it stands in → role.
BY_OPTION: Mapping[str, HookRole] = {
    "confirm_hook": CONFIRM,
    "on_hold_hook": HOLD,
    "dtmf_hook": DTMF,
    "refer_hook": REFER,
    "sip_request_within_dialog_hook": HookRole(
        "sip_request_within_dialog_hook", SipRequestReceived
    ),
    "partial_result_hook": HookRole("partial_result_hook", TranscriptHeard, "none"),
    "transcription_hook": TRANSCRIPT,
    "translation_hook": HookRole("translation_hook", TranslationHeard, "none"),
}
ROOM_OPTIONS = {"wait_hook": ROOM_WAIT, "enter_hook": ROOM_ENTER, "status_hook": ROOM_EVENT}
# What has the option, then the option → role.
BY_OWNER: Mapping[str, Mapping[str, HookRole]] = {
    "enqueue": {"wait_hook": QUEUE_WAIT},
    "conference": ROOM_OPTIONS,
    "room": ROOM_OPTIONS,
    "HoldConference": ROOM_OPTIONS,
    "Participant": ROOM_OPTIONS,
    "RedirectTo": {"call_hook": REDIRECT, "child_call_hook": REDIRECT},
    "sip:refer": {"event_hook": REFER_STATUS},
}
# The verbs of the speech-to-speech family; the other vendors go by s2s.
SPEECH_VENDORS = (
    *("openai", "google", "elevenlabs", "deepgram", "ultravox"),
    *("qwen", "gptlive", "voicelive", "nova"),
)
SPEECH = ("llm", "s2s", *(f"{vendor}_s2s" for vendor in SPEECH_VENDORS))
# What has an ``action_hook`` → what that is told.
RESULTS: Mapping[str, type[VerbEnded]] = {
    "agent": AgentEnded,
    **dict.fromkeys(SPEECH, AgentEnded),
    "Amd": AmdResult,
    "BackgroundGather": GatherEnded,
    "BackgroundListen": ListenEnded,
    "Handoff": TransferEnded,
    "PlayPrompt": PlayEnded,
    "conference": ConferenceEnded,
    "dequeue": DequeueEnded,
    "dial": DialEnded,
    "enqueue": EnqueueEnded,
    "gather": GatherEnded,
    "listen": ListenEnded,
    "message": MessageSent,
    "play": PlayEnded,
    "redirect": Redirected,
    "room": ConferenceEnded,
    "sip:refer": ReferEnded,
    "sip:request": SipRequestEnded,
    "stream": ListenEnded,
    "transfer": TransferEnded,
}
RESULT_ROLES: Mapping[str, HookRole] = {
    owner: HookRole(f"action_hook of {owner}", event) for owner, event in RESULTS.items()
}


def told(event: type[VerbEnded]) -> HookRole:
    """The role of a hook of which no more is known than what it is told."""
    return HookRole("hook", event)


# The field that only one kind of payload has → what it is. Earlier ones win.
BY_FIELD: tuple[tuple[str, HookRole], ...] = (
    ("completion_reason", told(AgentEnded)),
    ("completionReason", told(AgentEnded)),
    ("queue_result", told(EnqueueEnded)),
    ("queue_position", QUEUE_WAIT),
    ("dequeue_result", told(DequeueEnded)),
    ("dial_call_status", told(DialEnded)),
    ("transfer_result", told(TransferEnded)),
    ("dial_call_duration", told(ListenEnded)),
    ("playback_milliseconds", told(PlayEnded)),
    ("playback_seconds", told(PlayEnded)),
    ("hold_detail", HOLD),
    ("refer_details", BY_OPTION["refer_hook"]),
    ("refer_status", told(ReferEnded)),
    ("final_referred_call_status", told(ReferEnded)),
    ("message_status", told(MessageSent)),
    ("sip_method", BY_OPTION["sip_request_within_dialog_hook"]),
    ("on_hold", BY_OPTION["sip_request_within_dialog_hook"]),
    ("translation", BY_OPTION["translation_hook"]),
    ("dtmf", DTMF),
    ("speech_event", TRANSCRIPT),
    ("speech", told(GatherEnded)),
    ("digits", told(GatherEnded)),
    ("result", told(SipRequestEnded)),
)


def role_of_option(owner: str, option: str) -> HookRole:
    """What a hook in this option of a verb, or of an object in one, is for."""
    of_owner = BY_OWNER.get(owner, {}).get(option)
    if of_owner is not None:
        return of_owner
    if option == "action_hook":
        return RESULT_ROLES.get(owner, ANY)
    return BY_OPTION.get(option, ANY)


def role_of_payload(data: Data) -> HookRole:
    """What a hook is for, as far as its payload tells."""
    found = next((role for key, role in BY_FIELD if key in data), None)
    return found or role_of_rest(data)


def role_of_rest(data: Data) -> HookRole:
    """The payloads that no single field gives away."""
    kind = data.get("type")
    if isinstance(kind, str) and kind.startswith("amd_"):
        return RESULT_ROLES["Amd"]
    if "conference_sid" in data:
        return ROOM_EVENT if "event" in data else ROOM_WAIT
    if data.get("event") == "transfer-status":
        return REFER_STATUS
    return RESULT_ROLES["gather"] if "reason" in data else ANY


def read_ended(data: Data) -> VerbEnded:
    """Turn the payload of a ``verb:hook`` into the type that its fields tell."""
    return role_of_payload(data).read(data)


ROLES: Mapping[str, HookRole] = {
    role.name: role
    for role in (
        *BY_OPTION.values(),
        *(role for options in BY_OWNER.values() for role in options.values()),
        *RESULT_ROLES.values(),
    )
}
"""What an option can make of a hook, by name."""
