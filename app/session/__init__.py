"""Session: one live call, from its first message to its end, across lost sockets."""

from app.session.awaiting import LETTERS_PER_SECOND
from app.session.errors import CallEnded, CallMoving, CallNotFound, CheckpointRefused, NoAgent
from app.session.facts import text_of
from app.session.leaving import close_to_redial
from app.session.quota import Quota
from app.session.receipt import Receipt
from app.session.refusal import refuse_account
from app.session.runtime import Keeper, Limits, Runtime, Socket, Tracer
from app.session.session import Session
from app.session.speaker import Speaker, SpeechFailed, Spoken
from app.session.stored import AgentAway, AgentNotFound, AgentSource, Recalled, StoredVersion

__all__ = [
    "LETTERS_PER_SECOND",
    "AgentAway",
    "AgentNotFound",
    "AgentSource",
    "CallEnded",
    "CallMoving",
    "CallNotFound",
    "CheckpointRefused",
    "Keeper",
    "Limits",
    "NoAgent",
    "Quota",
    "Recalled",
    "Receipt",
    "Runtime",
    "Session",
    "Socket",
    "Speaker",
    "SpeechFailed",
    "Spoken",
    "StoredVersion",
    "Tracer",
    "close_to_redial",
    "refuse_account",
    "text_of",
]
