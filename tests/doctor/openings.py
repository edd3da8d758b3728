"""First verbs that a case begins with: one application of each kind."""

from typing import Any

Json = dict[str, Any]

TOOL = {
    "name": "get_weather",
    "description": "Current temperature.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "day": {"type": "integer"}},
        "required": ["city"],
    },
}
AGENT: Json = {
    "verb": "agent",
    "llm": {
        "vendor": "openai",
        "model": "gpt-4.1-mini",
        "llmOptions": {"systemPrompt": "Be kind.", "tools": [TOOL]},
    },
    "toolHook": "/tools",
    "eventHook": "/events",
    "actionHook": "/ended",
}
MENU: Json = {
    "verb": "gather",
    "input": ["speech", "digits"],
    "numDigits": 1,
    "actionHook": "/menu",
    "say": {"text": "Press one."},
}
DIAL: Json = {
    "verb": "dial",
    "target": [{"type": "phone", "number": "+15085551212"}],
    "actionHook": "/dialled",
    "confirmHook": "/confirm",
    "onHoldHook": "/dial-onHoldHook",
}
QUEUE: Json = {
    "verb": "enqueue",
    "name": "support",
    "waitHook": "/enqueue-waitHook",
    "actionHook": "/queued",
}
ROOM: Json = {
    "verb": "conference",
    "name": "room",
    "waitHook": "/conference-waitHook",
    "enterHook": "/conference-enterHook",
    "statusHook": "/conference-status",
    "actionHook": "/left",
}
LISTEN: Json = {"verb": "listen", "url": "wss://audio.example.com/a", "actionHook": "/listened"}
PLAY: Json = {"verb": "play", "url": "https://cdn.example.com/a.mp3", "actionHook": "/played"}
TRANSCRIBE: Json = {"verb": "transcribe", "transcriptionHook": "/transcribed"}
REFER: Json = {
    "verb": "sip:refer",
    "referTo": "sip:bob@example.org",
    "actionHook": "/referred",
    "eventHook": "/refer-events",
}
MESSAGE: Json = {"verb": "message", "to": "+1508", "from": "+1617", "actionHook": "/sent"}
TRANSFER: Json = {
    "verb": "transfer",
    "mode": "warm",
    "target": [{"type": "phone", "number": "+15085551212"}],
    "onHoldHook": "/transfer-onHoldHook",
    "actionHook": "/transferred",
}
SAY: Json = {"verb": "say", "text": "Hello."}

HOOKED: dict[str, Json] = {
    "menu": MENU,
    "dial": DIAL,
    "queue": QUEUE,
    "room": ROOM,
    "listen": LISTEN,
    "play": PLAY,
    "refer": REFER,
    "message": MESSAGE,
    "transfer": TRANSFER,
    "agent": AGENT,
}
"""Verbs with an action hook."""

ACTION_HOOKS: dict[str, str] = {name: verb["actionHook"] for name, verb in HOOKED.items()}


def s2s(vendor: str) -> Json:
    """A speech-to-speech verb that offers the tool in the vendor's own way."""
    offers: dict[str, Json] = {
        "openai": {"session_update": {"tools": [{"type": "function", **TOOL}]}},
        "ultravox": {"selectedTools": [{"temporaryTool": {"modelToolName": "get_weather"}}]},
        "elevenlabs": {},
        "deepgram": {"Settings": {"agent": {"think": {"functions": [TOOL]}}}},
        "google": {"setup": {"tools": [{"functionDeclarations": [TOOL]}]}},
    }
    return {
        "verb": "llm",
        "vendor": vendor,
        "model": "model",
        "auth": {"apiKey": "key", "agent_id": "agent"},
        "llmOptions": offers[vendor],
        "toolHook": "/tools",
        "eventHook": "/events",
        "actionHook": "/ended",
    }
