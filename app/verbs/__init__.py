"""Verbs: the instructions that jambonz runs, as checked Python values.

Each builder takes its options in snake_case and refuses what does not exist, with a suggestion.
"""

from app.verbs.audio import Listen, Stream, listen, stream
from app.verbs.bridge import Dial, Transfer, TransferOptions, dial, transfer
from app.verbs.builder import Builder
from app.verbs.common import (
    ActionHookDelay,
    Amd,
    BidirectionalAudio,
    FillerNoise,
    Target,
    Transcribe,
)
from app.verbs.control import (
    Answer,
    Config,
    Hangup,
    Redirect,
    Tag,
    answer,
    config,
    hangup,
    redirect,
    tag,
)
from app.verbs.errors import Problem, VerbError
from app.verbs.hooks import HookTarget
from app.verbs.part import VERBS, Part, Verb
from app.verbs.raw import Raw, raw, read_verb
from app.verbs.render import Render, Wire
from app.verbs.speech import STT_MODELS, Recognizer, Synthesizer, Vad
from app.verbs.talk import Gather, Pause, Play, Say, gather, pause, play, say

__all__ = [
    "STT_MODELS",
    "VERBS",
    "ActionHookDelay",
    "Amd",
    "Answer",
    "BidirectionalAudio",
    "Builder",
    "Config",
    "Dial",
    "FillerNoise",
    "Gather",
    "Hangup",
    "HookTarget",
    "Listen",
    "Part",
    "Pause",
    "Play",
    "Problem",
    "Raw",
    "Recognizer",
    "Redirect",
    "Render",
    "Say",
    "Stream",
    "Synthesizer",
    "Tag",
    "Target",
    "Transcribe",
    "Transfer",
    "TransferOptions",
    "Vad",
    "Verb",
    "VerbError",
    "Wire",
    "answer",
    "config",
    "dial",
    "gather",
    "hangup",
    "listen",
    "pause",
    "play",
    "raw",
    "read_verb",
    "redirect",
    "say",
    "stream",
    "tag",
    "transfer",
]
