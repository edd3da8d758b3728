"""Commands about what is heard, recorded and understood in a call."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler
from pydantic_core import CoreSchema

from app.command.order import Order
from app.verbs.control import RecordAction
from app.verbs.errors import Problem
from app.verbs.explain import Expect
from app.verbs.part import Headers, Many, NotNegative, Number, Percent
from app.verbs.raw import VerbItem
from app.verbs.render import Render, Wire
from app.verbs.schema import given, instruction
from app.verbs.signals import Keys
from app.verbs.talk import Play, Say
from app.verbs.track import TRACK_NEEDS, DubOptions

Decibels = Annotated[
    Number | Annotated[str, Field(pattern=r"^[+-]?\d+(\.\d+)? ?(dB)?$")],
    Expect("a number of dB, or a text such as '6 dB' or '-3dB'"),
]
WHISPERED = ("say", "play")


def as_list(value: object) -> object:
    """One verb stands for a list of one."""
    return list(value) if isinstance(value, list | tuple) else [value]


class Whisper(Order):
    """Says or plays something that only one party of a dial hears."""

    is_verbatim: ClassVar[bool] = True

    whisper: Annotated[Many[VerbItem], Field(min_length=1), BeforeValidator(as_list)]

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """As of any part, with the two verbs that are whispered."""
        schema = super().__get_pydantic_json_schema__(core_schema, handler)
        verbs = [instruction(kind, handler) for kind in (Say, Play)]
        handler.resolve_ref_schema(schema)["properties"]["whisper"]["items"] = {"anyOf": verbs}
        return schema

    def check(self) -> Iterable[Problem]:
        """Nothing but say and play is whispered."""
        yield from super().check()
        for place, verb in enumerate(self.whisper):
            name = getattr(verb, "verb", "") or getattr(verb, "name", "")
            if name not in WHISPERED:
                yield Problem(f"expected say or play; got {name!r}", ("whisper", place))


class MuteLeg(Order):
    """Mutes or unmutes a leg of a dial, or all of a conference but its moderators."""

    is_verbatim: ClassVar[bool] = True

    mute_status: Literal["mute", "unmute"]


class ListenStatus(Order):
    """Pauses or resumes the audio that `listen` sends."""

    is_verbatim: ClassVar[bool] = True

    listen_status: Literal["pause", "silence", "resume"]


class StreamStatus(Order):
    """Pauses or resumes the audio that `stream` sends."""

    is_verbatim: ClassVar[bool] = True

    stream_status: Literal["pause", "silence", "resume"]


class TranscribeStatus(Order):
    """Pauses or resumes transcription."""

    is_verbatim: ClassVar[bool] = True

    transcribe_status: Literal["pause", "resume"]


class Record(Order):
    """Starts, stops, pauses or resumes recording.

    Attributes:
        type: `siprec`, to a recorder of one's own, or `cloud`.
        siprec_server_url: SIP address of the recorder, or several; needed to start siprec.
        silence: Whether silence is recorded while paused.
    """

    rules: ClassVar[Mapping[str, Any]] = {
        "if": {
            "properties": {
                "action": {"const": "startCallRecording"},
                "type": {"not": {"const": "cloud"}},
            }
        },
        "then": given("siprecServerURL"),
    }

    action: RecordAction
    type: Literal["siprec", "cloud"] | None = None
    siprec_server_url: str | Annotated[Many[str], Field(min_length=1)] | None = None
    recording_id: str | None = None
    headers: Headers | None = None
    silence: bool | None = None

    def check(self) -> Iterable[Problem]:
        """A recorder must be named, unless jambonz records itself."""
        yield from super().check()
        is_start = self.action == "startCallRecording"
        if is_start and self.type != "cloud" and not self.siprec_server_url:
            yield Problem(
                "option 'siprec_server_url' is required to start; or set type='cloud'",
                suggestion="siprec_server_url",
                option="siprec_server_url",
            )


class DubTrack(Order, DubOptions):
    """Plays or says something on a track beside the conversation."""

    rules: ClassVar[Mapping[str, Any]] = {
        "allOf": [
            {
                "if": {"properties": {"action": {"const": action}}, "required": ["action"]},
                "then": given(need),
            }
            for action, need in TRACK_NEEDS.items()
        ]
    }


class KeyPress(Order):
    """Sends a key press into the call.

    Attributes:
        digit: A key, or several.
        duration: Of each, in milliseconds.
    """

    digit: Keys
    duration: NotNegative | None = None


class SipRequest(Order):
    """Sends a SIP request within the call.

    Attributes:
        method: INFO, MESSAGE or another.
    """

    is_verbatim: ClassVar[bool] = True

    method: Annotated[str, Field(pattern=r"^[A-Za-z]+$"), Expect("a SIP method such as 'INFO'")]
    content_type: str
    content: str
    headers: Headers | None = None


class BoostSignal(Order):
    """Makes the caller louder or softer, by dB."""

    is_verbatim: ClassVar[bool] = True

    gain: Decibels

    def to_wire(self, render: Render) -> Wire:
        """As any object; but jambonz takes a 0 for missing data."""
        return {"gain": self.gain or "0 dB"}


class MediaPath(Order):
    """Moves the media of a bridged call."""

    is_verbatim: ClassVar[bool] = True

    media_path: Literal["no-media", "partial-media", "full-media"]


class NoiseIsolation(Order):
    """Switches noise isolation.

    Attributes:
        level: 0 to 100.
    """

    is_verbatim: ClassVar[bool] = True

    noise_isolation_status: Literal["enable", "disable"]
    vendor: str | None = None
    level: Percent | None = None
    model: str | None = None


class Reconfigure(Order):
    """Changes the languages that the speech recognizer expects.

    Attributes:
        language_hints: Languages; an empty list leaves the choice to the recognizer.
    """

    language_hints: Many[str]


class TtsTokens(Order):
    """Gives the open text-to-speech stream some text.

    Attributes:
        id: Comes back in `tts:tokens-result`; without it jambonz ignores the text.
    """

    id: int | str
    tokens: str


class FlushTts(Order):
    """Speaks what the text-to-speech stream still holds, as the end of a reply."""


class ClearTts(Order):
    """Silences the text-to-speech stream and forgets what it still holds."""
