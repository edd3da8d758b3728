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
from app.verbs.dialogflow import Dialogflow, QueryInput, dialogflow
from app.verbs.errors import Problem, VerbError
from app.verbs.hooks import HookTarget
from app.verbs.part import VERBS, Part, Verb
from app.verbs.raw import Raw, raw, read_verb
from app.verbs.render import Render, Wire
from app.verbs.room import Conference, Room, RoomEvent, RoomRecording, conference, room
from app.verbs.signals import Dtmf, Message, dtmf, message
from app.verbs.sip import (
    Alert,
    SipDecline,
    SipRefer,
    SipRequest,
    alert,
    sip_decline,
    sip_refer,
    sip_request,
)
from app.verbs.speech import STT_MODELS, Recognizer, Synthesizer, Vad
from app.verbs.talk import Gather, Pause, Play, Say, gather, pause, play, say
from app.verbs.track import Dub, DubOptions, dub
from app.verbs.transcript import Transcribe, TranscribeOptions, transcribe
from app.verbs.waiting import Dequeue, Enqueue, Leave, dequeue, enqueue, leave

__all__ = [
    "STT_MODELS",
    "VERBS",
    "ActionHookDelay",
    "Alert",
    "Amd",
    "Answer",
    "BidirectionalAudio",
    "Builder",
    "Conference",
    "Config",
    "Dequeue",
    "Dial",
    "Dialogflow",
    "Dtmf",
    "Dub",
    "DubOptions",
    "Enqueue",
    "FillerNoise",
    "Gather",
    "Hangup",
    "HookTarget",
    "Leave",
    "Listen",
    "Message",
    "Part",
    "Pause",
    "Play",
    "Problem",
    "QueryInput",
    "Raw",
    "Recognizer",
    "Redirect",
    "Render",
    "Room",
    "RoomEvent",
    "RoomRecording",
    "Say",
    "SipDecline",
    "SipRefer",
    "SipRequest",
    "Stream",
    "Synthesizer",
    "Tag",
    "Target",
    "Transcribe",
    "TranscribeOptions",
    "Transfer",
    "TransferOptions",
    "Vad",
    "Verb",
    "VerbError",
    "Wire",
    "alert",
    "answer",
    "conference",
    "config",
    "dequeue",
    "dial",
    "dialogflow",
    "dtmf",
    "dub",
    "enqueue",
    "gather",
    "hangup",
    "leave",
    "listen",
    "message",
    "pause",
    "play",
    "raw",
    "read_verb",
    "redirect",
    "room",
    "say",
    "sip_decline",
    "sip_refer",
    "sip_request",
    "stream",
    "tag",
    "transcribe",
    "transfer",
]
