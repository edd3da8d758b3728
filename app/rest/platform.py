"""The body with which jambonz' REST API updates a call, so that clients of it can talk to us.

One class per main key: it holds the schema and knows the command that does the same.
"""

from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Discriminator, Field, Tag

from app.rest.explain import TAG
from app.rest.models import Body, Text, UpdateBody

__all__ = ["AgentUpdateBody", "CallUpdateBody", "CommandUpdate"]

Verb = dict[str, Any]


class AgentUpdateBody(Body):
    """Steer the agent."""

    agent_update: UpdateBody


class CommandUpdate(Body):
    """A body that one command stands for; the whole body is its data."""

    command: ClassVar[str]

    def data(self) -> Any:
        """Data of the command."""
        return self.model_dump(exclude_unset=True)


class BareUpdate(CommandUpdate):
    """A body of one key, whose value is the data of the command."""

    def data(self) -> Any:
        """Data of the command."""
        return next(iter(super().data().values()))


class CallHookUpdate(CommandUpdate):
    """Hand the call to another application or path."""

    command = "redirect"
    call_hook: Text | Verb
    child_call_hook: Text | Verb | None = None


class CallStatusUpdate(CommandUpdate):
    """Hang up (`completed`), or refuse a call that isn't answered yet (`no-answer`)."""

    command = "call:status"
    call_status: Literal["completed", "no-answer"]


class ListenStatusUpdate(CommandUpdate):
    """Pause or resume an audio fork."""

    command = "listen:status"
    listen_status: Literal["pause", "silence", "resume"]


class StreamStatusUpdate(CommandUpdate):
    """Pause or resume an audio stream."""

    command = "stream:status"
    stream_status: Literal["pause", "silence", "resume"]


class TranscribeStatusUpdate(CommandUpdate):
    """Pause or resume transcription."""

    command = "transcribe:status"
    transcribe_status: Literal["pause", "resume"]


class MuteStatusUpdate(CommandUpdate):
    """Mute or unmute the caller."""

    command = "mute:status"
    mute_status: Literal["mute", "unmute"]


class ConferenceMuteUpdate(CommandUpdate):
    """Mute or unmute a conference."""

    command = "conf:mute-status"
    conf_mute_status: Literal["mute", "unmute"]


class ConferenceHoldUpdate(CommandUpdate):
    """Hold or release a conference."""

    command = "conf:hold-status"
    conf_hold_status: Literal["hold", "unhold"]
    wait_hook: Text | None = None


class ParticipantUpdate(BareUpdate):
    """Act on a participant of a conference."""

    command = "conf:participant-action"
    conferenceParticipantAction: Verb  # noqa: N815 - as on the wire


class WhisperUpdate(CommandUpdate):
    """Say or play something that only one party hears."""

    command = "whisper"
    whisper: Verb | Annotated[list[Verb], Field(min_length=1)]


class SipRequestUpdate(CommandUpdate):
    """Send a SIP request within the call."""

    command = "sip:request"
    sip_request: Verb


class RecordUpdate(BareUpdate):
    """Start, stop, pause or resume a recording."""

    command = "record"
    record: Verb


class DtmfUpdate(CommandUpdate):
    """Send a key press."""

    command = "dtmf"
    dtmf: Verb


class TagUpdate(BareUpdate):
    """Attach data to the call."""

    command = "tag"
    tag: Verb


class DubUpdate(BareUpdate):
    """Play on a track beside the conversation."""

    command = "dub"
    dub: Verb


class BoostUpdate(BareUpdate):
    """Make the caller louder or softer, in dB."""

    command = "boostAudioSignal"
    boostAudioSignal: int | float | Text  # noqa: N815 - as on the wire


class MediaPathUpdate(BareUpdate):
    """Move the media of a bridged call."""

    command = "media:path"
    media_path: Literal["no-media", "partial-media", "full-media"]


class NoiseIsolationUpdate(CommandUpdate):
    """Switch noise isolation."""

    command = "noiseIsolation:status"
    noise_isolation_status: Literal["enable", "disable"]
    vendor: Text | None = None
    level: int | float | None = None
    model: Text | None = None


class RoomSayUpdate(BareUpdate):
    """Say something to a whole conference."""

    command = "room:say"
    room_say: Verb


class RoomPlayUpdate(BareUpdate):
    """Play something to a whole conference."""

    command = "room:play"
    room_play: Verb


KEYS: Final = (
    "agent_update",
    "call_status",
    "call_hook",
    "listen_status",
    "stream_status",
    "transcribe_status",
    "mute_status",
    "conf_mute_status",
    "conf_hold_status",
    "conferenceParticipantAction",
    "whisper",
    "sip_request",
    "record",
    "dtmf",
    "tag",
    "dub",
    "boostAudioSignal",
    "media_path",
    "noise_isolation_status",
    "room_say",
    "room_play",
)


def _main_key(value: object) -> str | None:
    if not isinstance(value, dict):
        return None
    return next((TAG + key for key in KEYS if key in value), None)


CallUpdateBody = Annotated[
    Annotated[AgentUpdateBody, Tag("~agent_update")]
    | Annotated[CallStatusUpdate, Tag("~call_status")]
    | Annotated[CallHookUpdate, Tag("~call_hook")]
    | Annotated[ListenStatusUpdate, Tag("~listen_status")]
    | Annotated[StreamStatusUpdate, Tag("~stream_status")]
    | Annotated[TranscribeStatusUpdate, Tag("~transcribe_status")]
    | Annotated[MuteStatusUpdate, Tag("~mute_status")]
    | Annotated[ConferenceMuteUpdate, Tag("~conf_mute_status")]
    | Annotated[ConferenceHoldUpdate, Tag("~conf_hold_status")]
    | Annotated[ParticipantUpdate, Tag("~conferenceParticipantAction")]
    | Annotated[WhisperUpdate, Tag("~whisper")]
    | Annotated[SipRequestUpdate, Tag("~sip_request")]
    | Annotated[RecordUpdate, Tag("~record")]
    | Annotated[DtmfUpdate, Tag("~dtmf")]
    | Annotated[TagUpdate, Tag("~tag")]
    | Annotated[DubUpdate, Tag("~dub")]
    | Annotated[BoostUpdate, Tag("~boostAudioSignal")]
    | Annotated[MediaPathUpdate, Tag("~media_path")]
    | Annotated[NoiseIsolationUpdate, Tag("~noise_isolation_status")]
    | Annotated[RoomSayUpdate, Tag("~room_say")]
    | Annotated[RoomPlayUpdate, Tag("~room_play")],
    Discriminator(
        _main_key,
        custom_error_type="call_update",
        custom_error_message="expected an object with one of the keys {known}",
        custom_error_context={"known": ", ".join(KEYS)},
    ),
]
