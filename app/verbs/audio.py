"""Verbs that send the call's audio to a WebSocket: listen, and its newer name stream."""

from typing import ClassVar, Literal

from app.verbs.builder import Builder
from app.verbs.common import BidirectionalAudio
from app.verbs.hooks import Auth, HookRef
from app.verbs.part import Free, Number, Of, Part, Verb
from app.verbs.transcript import TranscribeOptions


class ListenOptions(Part):
    """The options of listen, stream, and of listening beside another verb.

    Attributes:
        url: ``ws(s)://…``, or a path on the host of the control socket.
        metadata: Keys for the first JSON frame; never renamed.
        sample_rate: Of what the application receives, in Hz.
        max_length: Seconds.
        pass_dtmf: Send key presses as JSON.
        timeout: Seconds without audio.
    """

    verb_names: ClassVar[tuple[str, ...]] = ("listen", "stream")

    id: str | None = None
    url: str | None = None
    action_hook: HookRef | None = None
    ws_auth: Of[Auth] | None = None
    mix_type: Literal["mono", "stereo", "mixed"] | None = None
    metadata: Free | None = None
    sample_rate: Number | None = None
    finish_on_key: str | None = None
    max_length: Number | None = None
    pass_dtmf: bool | None = None
    play_beep: bool | None = None
    disable_bidirectional_audio: bool | None = None
    bidirectional_audio: Of[BidirectionalAudio] | None = None
    timeout: Number | None = None
    transcribe: Of[TranscribeOptions] | None = None
    early_media: bool | None = None
    channel: Number | None = None


class BackgroundListen(ListenOptions):
    """Listening beside other verbs.

    Attributes:
        enable: Start or stop it.
    """

    enable: bool | None = None


class Listen(Verb, ListenOptions):
    """Send the call's audio to a WebSocket."""

    verb: ClassVar[str] = "listen"
    leading: ClassVar[str] = "url"


class Stream(Verb, ListenOptions):
    """Send the call's audio to a WebSocket; the newer name of ``listen``."""

    verb: ClassVar[str] = "stream"
    leading: ClassVar[str] = "url"


listen = Builder(Listen, "url")
stream = Builder(Stream, "url")
