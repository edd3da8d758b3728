"""What jambonz tells a hook, by the verb and the option that named it."""

from collections.abc import Callable, Mapping
from typing import Any

from app.doctor.hooks import HookAt

Payload = dict[str, Any]


def speech(text: str, *, is_final: bool = True) -> Payload:
    """What the recognizer heard."""
    return {
        "language_code": "en-US",
        "channel_tag": 1,
        "is_final": is_final,
        "alternatives": [{"transcript": text, "confidence": 0.97}],
        "vendor": {"name": "deepgram", "evt": {}},
    }


def _heard(hook: HookAt) -> list[Payload]:
    """Results of a gather: what it listens for, and nothing."""
    inputs = hook.properties.get("input") or ["digits"]
    by_key = {"reason": "dtmfDetected", "digits": "1"}
    by_voice = {"reason": "speechDetected", "speech": speech("hello")}
    heard = ([by_key] if "digits" in inputs else []) + ([by_voice] if "speech" in inputs else [])
    return [*heard, {"reason": "timeout"}]


def _bargein(_: HookAt) -> list[Payload]:
    return [{"reason": "speechDetected", "speech": speech("hello")}]


QUEUE = {"queue_sid": "support", "queue_time": 2, "queue_size": 2, "queue_position": 1}
REFER = {
    "refer_details": {
        "sip_refer_to": "<sip:+15085559999@sip.example.org>",
        "sip_referred_by": "<sip:+15085551212@sip.example.org>",
        "sip_user_agent": "phone",
        "refer_to_user": "+15085559999",
        "referred_by_user": "+15085551212",
    }
}
ROOM = {"conference_sid": "c0ffee", "friendly_name": "room"}
TRANSFERRED = {"transfer_result": "bridged", "transfer_reason": "completed"}
ENDED = {"completion_reason": "normal conversation end"}

RESULTS: Mapping[str, Payload] = {
    "agent.actionHook": ENDED,
    "amd.actionHook": {"type": "amd_human_detected", "greeting": "hello", "language": "en-US"},
    "conference.enterHook": ROOM,
    "conference.statusHook": {**ROOM, "event": "join", "members": 1, "duration": 0},
    "conference.waitHook": ROOM,
    "config.referHook": REFER,
    "config.sipRequestWithinDialogHook": {
        "sip_method": "INFO",
        "sip_body": "Signal=1",
        "sip_headers": {"content-type": "application/dtmf-relay"},
    },
    "dequeue.actionHook": {"dequeue_result": "complete"},
    "dial.actionHook": {"dial_call_status": "completed", "dial_sip_status": 200},
    "dial.dtmfHook": {"dtmf": "*2"},
    "dial.onHoldHook": {
        "hold_detail": {"from": "<sip:a@example.org>", "to": "<sip:b@example.org>"}
    },
    "dial.referHook": REFER,
    "enqueue.actionHook": {"queue_sid": "support", "queue_time": 31, "queue_result": "bridged"},
    "enqueue.waitHook": QUEUE,
    "gather.partialResultHook": {"speech": speech("hel", is_final=False)},
    "handoff.actionHook": TRANSFERRED,
    "listen.actionHook": {"dial_call_duration": 3},
    "llm.actionHook": ENDED,
    "message.actionHook": {"message_sid": "m1", "message_status": "success", "carrier": "carrier"},
    "play.actionHook": {"reason": "playCompleted", "playback_seconds": 2},
    "sip:refer.actionHook": {"refer_status": 202, "final_referred_call_status": 200},
    "sip:refer.eventHook": {"event": "transfer-status", "call_status": 200},
    "sip:request.actionHook": {"result": "success", "sip_status": 200},
    "transcribe.transcriptionHook": {"speech": speech("hello")},
    "transcribe.translationHook": {
        "translation": {"channel": 1, "language": "de", "translation": "hallo"}
    },
    "transfer.actionHook": TRANSFERRED,
}
"""The part of the payload that is the verb's own; a hook that is not here tells nothing more."""

_SEVERAL: Mapping[str, Callable[[HookAt], list[Payload]]] = {
    "gather.actionHook": _heard,
    "bargeIn.actionHook": _bargein,
}

WITHOUT_CALL_INFO = frozenset({"sip:refer.eventHook"})
"""Hooks that tell nothing about the call."""


def results(hook: HookAt) -> list[Payload]:
    """The verb's own part of every payload that a hook is tried with."""
    if hook.key in _SEVERAL:
        return _SEVERAL[hook.key](hook)
    return [dict(RESULTS.get(hook.key, {}))]
