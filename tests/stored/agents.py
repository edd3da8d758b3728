"""Agents as data, for tests."""

from typing import Any

import orjson

from app.stored import AgentData

OPENAI: dict[str, Any] = {"provider": "openai"}
GEMINI: dict[str, Any] = {"provider": "gemini"}
CASCADED: dict[str, Any] = {
    "stt": "deepgram:nova-3-general",
    "llm": "openai:gpt-4.1-mini",
    "tts": "cartesia:sonic-english",
}
BASE = "0d1f1bb2-5b9a-4c6e-9d0f-3a3f2a7c9e11"


def written(**options: Any) -> dict[str, Any]:
    """What an operator sends: the least, with these options."""
    kind = {} if {"agent_config", "realtime_config"} & set(options) else {"realtime_config": OPENAI}
    return {"name": "Reception", "prompt": "You answer the phone.", **kind, **options}


def read(**options: Any) -> AgentData:
    """The same, as it came over REST."""
    return AgentData.model_validate_json(orjson.dumps(written(**options)))
