"""The voice that the agent speaks with, and in which language: `autoLockLanguage`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from app.twin.agent.language import detect
from app.twin.stack import Verb

if TYPE_CHECKING:
    from app.twin.leg import Leg

ALWAYS = "always"


class Tongue:
    """Follows the caller's language never, once, or on every turn.

    Attributes:
        voice: The `tts` that speaks now; `effects["voice"]` of the call holds it too.
    """

    def __init__(self, leg: "Leg", verb: Verb) -> None:
        self._leg = leg
        self._tts: dict[str, Any] = _mapping(verb.get("tts"))
        self._by_language = _mapping(verb.get("languageConfig"))
        self._follows = verb.get("autoLockLanguage") or False
        self._is_locked = False
        self.voice = self._tts
        if self._tts:
            leg.effects["voice"] = self._tts

    def hear(self, text: str) -> None:
        """Take what the caller said, and perhaps switch to its language."""
        if not self._follows or (self._is_locked and self._follows != ALWAYS):
            return
        if language := detect(text):
            self._is_locked = True
            self._speak(language)

    def _speak(self, language: str) -> None:
        voice = self._voice_of(language)
        if voice == self.voice:
            return
        self.voice = self._leg.effects["voice"] = voice
        how = "follows" if self._follows == ALWAYS else "locks on to"
        text = f"the agent {how} the caller's language: {language}"
        self._leg.log.note(text, language=language, voice=voice)

    def _voice_of(self, language: str) -> dict[str, Any]:
        override = self._override(language)
        if override is not None:
            return {**self._tts, "language": language, **override}
        spoken = str(self._tts.get("language") or "")
        return self._tts if primary(spoken) == language else {**self._tts, "language": language}

    def _override(self, language: str) -> dict[str, Any] | None:
        """The entry of `languageConfig`: the exact key first, then the primary language."""
        entries = {key.lower(): _mapping(value) for key, value in self._by_language.items()}
        entry = entries.get(language.lower(), entries.get(primary(language)))
        if entry is not None:
            return _mapping(entry.get("tts"))
        if others := [key for key in self._by_language if primary(key) == language]:
            text = f"languageConfig has {', '.join(others)}, and no {language}: it is not used"
            self._leg.log.note(text, language=language)
        return None


def primary(language: str) -> str:
    """The language without its region: "es" of "es-MX"."""
    return language.lower().replace("_", "-").partition("-")[0]


def _mapping(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}
