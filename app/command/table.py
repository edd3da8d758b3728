"""The commands that jambonz knows, each with its options and its shape on the wire."""

from collections.abc import Mapping
from typing import Final

from app.command.call import CreateCall, EndCall, RedirectTo, TagCall, VendorEvent
from app.command.conference import (
    HoldConference,
    MuteConference,
    Participant,
    RoomPlay,
    RoomSay,
)
from app.command.media import (
    BoostSignal,
    ClearTts,
    DubTrack,
    FlushTts,
    KeyPress,
    ListenStatus,
    MediaPath,
    MuteLeg,
    NoiseIsolation,
    Reconfigure,
    Record,
    SipRequest,
    StreamStatus,
    TranscribeStatus,
    TtsTokens,
    Whisper,
)
from app.command.shapes import Bare, Nested, Plain
from app.command.spec import Spec
from app.verbs.control import Config
from app.verbs.names import did_you_mean, nearest

_ALL: Final = (
    Spec("boostAudioSignal", BoostSignal, Bare("gain")),
    Spec("call:status", EndCall),
    Spec("conf:hold-status", HoldConference),
    Spec("conf:mute-status", MuteConference),
    Spec("conf:participant-action", Participant),
    Spec("config", Config),
    Spec("dial", CreateCall),
    Spec("dtmf", KeyPress, Nested("dtmf")),
    Spec("dub", DubTrack),
    Spec("listen:status", ListenStatus),
    Spec("llm:update", VendorEvent, Bare("event")),
    Spec("media:path", MediaPath, Bare("media_path")),
    Spec("mute:status", MuteLeg, Plain(word="mute_status")),
    Spec("noiseIsolation:status", NoiseIsolation),
    Spec("record", Record),
    Spec("redirect", RedirectTo, Plain(wanted="a list of verbs, or an object with hooks or legs")),
    Spec("room:play", RoomPlay),
    Spec("room:say", RoomSay),
    Spec("sip:request", SipRequest, Nested("sip_request")),
    Spec("stream:status", StreamStatus),
    Spec("stt:reconfigure", Reconfigure),
    Spec("tag", TagCall, Bare("data")),
    Spec("transcribe:status", TranscribeStatus),
    Spec("tts:clear", ClearTts, Plain(is_optional=True)),
    Spec("tts:flush", FlushTts, Plain(is_optional=True)),
    Spec("tts:tokens", TtsTokens),
    Spec("whisper", Whisper),
)
COMMANDS: Final[Mapping[str, Spec]] = {spec.name: spec for spec in _ALL}

# Known too, but with rules of their own: the four updates, and outputs that belong to a tool call.
AGENT_UPDATE: Final = "agent:update"
TOOL_OUTPUT: Final = "llm:tool-output"

# Names that stand in texts about jambonz, or in its SDKs, and do not exist.
MISTAKEN: Final[Mapping[str, str]] = {
    "agent:tool-output": TOOL_OUTPUT,
    "hangup": "call:status",
    "llm:tool-update": "llm:update",
    "mute": "mute:status",
}


def unknown_command(name: str) -> str:
    """What to say of a command that is not in the table; empty where it is."""
    if name in COMMANDS or name in (AGENT_UPDATE, TOOL_OUTPUT):
        return ""
    close = MISTAKEN.get(name) or nearest(name, [*COMMANDS, AGENT_UPDATE])
    return (
        f"jambonz ignores commands that it doesn't know, and we don't know {name!r:.80}"
        f"{did_you_mean(close) or '.'}"
    )
