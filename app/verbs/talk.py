"""Verbs that talk to the caller: say, play, pause, gather."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Literal

from app.verbs.builder import Builder
from app.verbs.common import ActionHookDelay, FillerNoise
from app.verbs.errors import Problem
from app.verbs.hooks import HookRef
from app.verbs.part import Many, Number, Of, OfText, Part, Verb
from app.verbs.schema import given
from app.verbs.speech import Recognizer, Synthesizer


class SayPrompt(Part):
    """What ``gather`` says; the options of ``say``, none of them required.

    Attributes:
        close_stream_on_empty: The published name of ``close_on_stream_empty``.
        close_on_stream_empty: With ``stream``: whether it ends once all that came is spoken. This
            is the name that jambonz 0.9.8 reads; set both for newer ones, but there only, since
            0.9.8 refuses verbs with names that it does not know.
    """

    text_form: ClassVar[str] = "text"
    verb_names: ClassVar[tuple[str, ...]] = ("say",)

    id: str | None = None
    text: str | Many[str] | None = None
    instructions: str | None = None
    stream: bool | None = None
    loop: Number | str | None = None
    synthesizer: OfText[Synthesizer] | None = None
    early_media: bool | None = None
    disable_tts_cache: bool | None = None
    close_stream_on_empty: bool | None = None
    close_on_stream_empty: bool | None = None

    @classmethod
    def read_text(cls, text: str) -> object:
        """The text to say."""
        return {"text": text}


class Say(Verb, SayPrompt):
    """Speak text.

    Attributes:
        text: Text or SSML, or several.
        instructions: Style, for voices that take it.
        stream: Speak what the application streams, over a WebSocket.
        loop: How often, or ``"forever"``.
        synthesizer: Another voice than the session's.
    """

    verb: ClassVar[str] = "say"
    rules: ClassVar[Mapping[str, Any]] = {
        "anyOf": [
            given("text"),
            {"required": ["stream"], "properties": {"stream": {"const": True}}},
        ]
    }

    def check(self) -> Iterable[Problem]:
        """Something must be said."""
        yield from super().check()
        if self.text is None and not self.stream:
            yield Problem("option 'text' is required, or stream=True", suggestion="text")


class PlayPrompt(Part):
    """What ``gather`` plays; the options of ``play``."""

    text_form: ClassVar[str] = "a URL"
    verb_names: ClassVar[tuple[str, ...]] = ("play",)

    id: str | None = None
    url: str | Many[str]
    loop: Number | str | None = None
    early_media: bool | None = None
    seek_offset: Number | str | None = None
    timeout_secs: Number | str | None = None
    action_hook: HookRef | None = None

    @classmethod
    def read_text(cls, text: str) -> object:
        """The URL to play."""
        return {"url": text}


class Play(Verb, PlayPrompt):
    """Play audio.

    Attributes:
        url: One address or several.
        loop: How often; 0 or ``"forever"`` without end.
        timeout_secs: Stop after so many seconds.
    """

    verb: ClassVar[str] = "play"
    leading: ClassVar[str] = "url"

    url: str | Many[str] = ""


class Pause(Verb):
    """Silence.

    Attributes:
        length: Seconds.
    """

    verb: ClassVar[str] = "pause"
    leading: ClassVar[str] = "length"

    length: Number = 0


class Gather(Verb):
    """Collect speech, digits, or both.

    Attributes:
        action_hook: Receives the result, a ``GatherEnded``.
        input: ``["digits"]`` unless set.
        timeout: Seconds to wait for any input.
        inter_digit_timeout: Seconds between digits.
        speech_timeout: Silence that ends the utterance, in seconds.
        bargein: Speech may interrupt the prompt.
        dtmf_bargein: A key may interrupt the prompt.
        say: Prompt; a text, or the options of ``say``.
        play: Prompt; a URL, or the options of ``play``.
    """

    verb: ClassVar[str] = "gather"

    action_hook: HookRef | None = None
    input: Many[Literal["speech", "digits"]] | None = None
    finish_on_key: str | None = None
    num_digits: Number | None = None
    min_digits: Number | None = None
    max_digits: Number | None = None
    inter_digit_timeout: Number | None = None
    speech_timeout: Number | None = None
    timeout: Number | None = None
    partial_result_hook: HookRef | None = None
    listen_during_prompt: bool | None = None
    dtmf_bargein: bool | None = None
    bargein: bool | None = None
    min_bargein_word_count: Number | None = None
    recognizer: OfText[Recognizer] | None = None
    say: OfText[SayPrompt] | None = None
    play: OfText[PlayPrompt] | None = None
    filler_noise: Of[FillerNoise] | None = None
    action_hook_delay_action: Of[ActionHookDelay] | None = None


say = Builder(Say, "text")
play = Builder(Play, "url")
pause = Builder(Pause, "length")
gather = Gather
