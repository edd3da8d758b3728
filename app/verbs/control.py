"""Verbs that act on the session: config, tag, answer, hangup, redirect."""

from typing import ClassVar, Literal

from pydantic import Field

from app.verbs.audio import BackgroundListen
from app.verbs.builder import Builder
from app.verbs.common import ActionHookDelay, Amd, FillerNoise
from app.verbs.hooks import HookRef, TextAuth
from app.verbs.part import Free, Headers, Many, Number, Of, OfText, Part, Verb
from app.verbs.render import Render, Wire
from app.verbs.speech import Recognizer, Synthesizer, Vad
from app.verbs.transcript import TranscribeOptions

RecordAction = Literal[
    "startCallRecording", "stopCallRecording", "pauseCallRecording", "resumeCallRecording"
]


class BackgroundGather(Part):
    """A gather that runs under every verb.

    Attributes:
        enable: Start or stop it.
        sticky: Start it again after each result.
    """

    enable: bool | None = None
    sticky: bool | None = None
    action_hook: HookRef | None = None
    input: Many[Literal["speech", "digits"]] | None = None
    min_bargein_word_count: Number | None = None


class TtsStream(Part):
    """A TTS connection that stays open, for text from the application."""

    enable: bool | None = None
    synthesizer: OfText[Synthesizer] | None = None


class Recording(Part):
    """Recording of the session.

    Attributes:
        action: What to do; pause and resume keep the recording.
        type: ``siprec`` or ``cloud``.
        siprec_server_url: One SIP address or several.
    """

    action: RecordAction | None = None
    type: str | None = None
    siprec_server_url: str | Many[str] | None = None
    recording_id: str | None = None
    headers: Headers | None = None


class SessionNoiseIsolation(Part):
    """Noise suppression for the session.

    Attributes:
        level: 0 to 100.
        auth: Credentials, by the vendor's names.
    """

    enable: bool | None = None
    vendor: str | None = None
    level: Number | None = None
    direction: Literal["read", "write"] | None = None
    model: str | None = None
    label: str | None = None
    auth: TextAuth | None = None


class TurnTaking(Part):
    """Detection of turns for the session."""

    enable: bool | None = None
    vendor: str | None = None
    threshold: Number | None = None
    model: str | None = None


class Config(Verb):
    """Change defaults and background tasks of the whole session.

    Attributes:
        notify_events: Turn ``verb:status`` messages on.
        reset: Names of settings to take back to the application's.
        boost_audio_signal: Number of dB, or a text such as ``"6 dB"``.
    """

    verb: ClassVar[str] = "config"

    synthesizer: OfText[Synthesizer] | None = None
    recognizer: OfText[Recognizer] | None = None
    barge_in: Of[BackgroundGather] | None = None
    tts_stream: Of[TtsStream] | None = None
    record: Of[Recording] | None = None
    listen: Of[BackgroundListen] | None = None
    stream: Of[BackgroundListen] | None = None
    transcribe: Of[TranscribeOptions] | None = None
    amd: Of[Amd] | None = None
    filler_noise: Of[FillerNoise] | None = None
    vad: Of[Vad] | None = None
    notify_events: bool | None = None
    notify_stt_latency: bool | None = None
    reset: str | Many[str] | None = None
    on_hold_music: str | None = None
    action_hook_delay_action: Of[ActionHookDelay] | None = None
    sip_request_within_dialog_hook: HookRef | None = None
    boost_audio_signal: Number | str | None = None
    refer_hook: HookRef | None = None
    early_media: bool | None = None
    auto_stream_tts: bool | None = None
    disable_tts_cache: bool | None = None
    track_tts_playout: bool | None = None
    noise_isolation: Of[SessionNoiseIsolation] | None = None
    turn_taking: Of[TurnTaking] | None = None


class Tag(Verb):
    """Attach data to the call; it comes back as ``customerData``.

    Attributes:
        data: Any JSON object; its keys are never renamed.
    """

    verb: ClassVar[str] = "tag"
    leading: ClassVar[str] = "data"

    data: Free = Field(default_factory=dict)


class Answer(Verb):
    """Answer the call explicitly."""

    verb: ClassVar[str] = "answer"


class Hangup(Verb):
    """End the call.

    Attributes:
        headers: Put on the BYE.
    """

    verb: ClassVar[str] = "hangup"

    headers: Headers | None = None


class Redirect(Verb):
    """Hand the call to another hook.

    Attributes:
        action_hook: Where to; on this socket ``session:redirect`` comes with it, which the
            application's ``session_redirect`` answers unless a hook of this name does.
    """

    verb: ClassVar[str] = "redirect"
    leading: ClassVar[str] = "action_hook"

    action_hook: HookRef = ""
    status_hook: HookRef | None = None

    def to_wire(self, render: Render) -> Wire:
        """As any verb, but its names need no handlers: other messages come because of them."""
        names = set(render.names)
        wire = super().to_wire(render)
        render.names = names
        return wire


config = Config
answer = Answer
hangup = Hangup
tag = Builder(Tag, "data")
redirect = Builder(Redirect, "action_hook")
