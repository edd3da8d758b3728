"""Extra audio tracks that are mixed into a call: dub."""

from collections.abc import Iterable, Mapping
from typing import ClassVar, Literal

from app.verbs.builder import Builder
from app.verbs.errors import Problem
from app.verbs.part import Number, Of, Part, Verb
from app.verbs.talk import SayPrompt

TrackAction = Literal["addTrack", "removeTrack", "silenceTrack", "playOnTrack", "sayOnTrack"]
# What jambonz reads unseen, so that without it nothing would be heard.
TRACK_NEEDS: Mapping[str, str] = {"playOnTrack": "play", "sayOnTrack": "say"}


class DubOptions(Part):
    """The options of dub, and of a track on the leg that dial makes.

    Attributes:
        action: What to do with the track.
        track: Its name.
        play: URL of the audio.
        say: Text, or the options of ``say`` that jambonz reads here: text and synthesizer.
        gain: dB; a number, or a text such as ``"-6 dB"``.
    """

    verb_names: ClassVar[tuple[str, ...]] = ("dub",)

    id: str | None = None
    action: TrackAction
    track: str
    play: str | None = None
    say: str | Of[SayPrompt] | None = None
    loop: bool | None = None
    gain: Number | str | None = None

    def check(self) -> Iterable[Problem]:
        """What is played or said must be given."""
        yield from super().check()
        need = TRACK_NEEDS.get(self.action)
        if need and getattr(self, need) is None:
            yield Problem(f"action {self.action!r} needs {need}=…", suggestion=need)


class Dub(Verb, DubOptions):
    """Add an audio track to the caller's leg, remove it, or play or speak on it."""

    verb: ClassVar[str] = "dub"
    leading: ClassVar[str] = "action"

    action: TrackAction = "addTrack"


dub = Builder(Dub, "action")
