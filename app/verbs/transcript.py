"""Transcription: a verb of its own, and beside another verb."""

from collections.abc import Iterable
from typing import ClassVar, Literal

from app.verbs.builder import Builder
from app.verbs.errors import Problem
from app.verbs.hooks import HookName
from app.verbs.part import OfText, Part, Verb
from app.verbs.speech import Recognizer


class TranscribeOptions(Part):
    """The options of transcribe, and of transcription beside another verb.

    Attributes:
        enable: Start or stop it, beside another verb.
        transcription_hook: Hears what was said; a name, since jambonz takes no object here.
        translation_hook: Hears it in the language of the recognizer's translation.
        channel: 1 this end, 2 the far end; unset both.
    """

    verb_names: ClassVar[tuple[str, ...]] = ("transcribe",)

    id: str | None = None
    enable: bool | None = None
    transcription_hook: HookName | None = None
    translation_hook: HookName | None = None
    recognizer: OfText[Recognizer] | None = None
    early_media: bool | None = None
    channel: Literal[1, 2] | None = None


class Transcribe(Verb, TranscribeOptions):
    """Transcribe what is said, while the verbs behind it go on."""

    verb: ClassVar[str] = "transcribe"

    def check(self) -> Iterable[Problem]:
        """Somebody must hear it."""
        yield from super().check()
        heard = self.transcription_hook or self.translation_hook
        if not heard and self.enable is not False:
            text = "option 'transcription_hook' is required, or translation_hook, or enable=False"
            yield Problem(text, suggestion="transcription_hook")


transcribe = Builder(Transcribe, "transcription_hook")
