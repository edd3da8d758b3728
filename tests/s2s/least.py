"""A verb of each vendor, with no more than it needs."""

from typing import Any

from app.s2s import SpeechToSpeech
from app.verbs import Render, read_verb

SCHEMA = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "description": "City name."},
        "scale": {"type": "string", "enum": ["celsius", "fahrenheit"]},
    },
    "required": ["city"],
}
WEATHER = {"name": "get_weather", "description": "Current weather.", "parameters": SCHEMA}
FLAT = {"type": "function", **WEATHER}
KEY = {"apiKey": "k"}
RESPONSES = {"type": "responses", "responses": {"model": "gpt-5.5"}}
# What a vendor's verb needs beside its tools and its prompt.
LEAST: dict[str, dict[str, Any]] = {
    "elevenlabs": {"auth": {"agent_id": "a"}},
    "nova": {"auth": {"accessKeyId": "i", "secretAccessKey": "s"}},
    "gptlive": {"auth": KEY, "llm_options": {"session_update": {"delegation": RESPONSES}}},
    "voicelive": {
        "auth": KEY,
        "connect_options": {"host": "example.com"},
        "llm_options": {"session_update": {}, "response_create": {}},
    },
}


def verb(vendor: str, **options: Any) -> SpeechToSpeech:
    made = read_verb(
        {"verb": "s2s", "vendor": vendor, "llm_options": {}, **LEAST.get(vendor, {})} | options
    )
    assert isinstance(made, SpeechToSpeech)
    return made


def written(vendor: str, **options: Any) -> Any:
    return verb(vendor, **options).to_verb(Render())["llmOptions"]
