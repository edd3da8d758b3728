"""An agent as data: what is taken, what is refused and where, and what is read back."""

from typing import Any

import orjson
import pytest
from pydantic import TypeAdapter, ValidationError

from app.agent import Agent
from app.rest.explain import explain
from app.stored import AgentData
from app.stored.cascaded import ELSEWHERE, AgentOptions
from tests.stored.agents import BASE, CASCADED, GEMINI, OPENAI, read, written

OPENAI_WITH_ALL_DEFAULTS = {
    "provider": "openai",
    "model": "gpt-realtime",
    "voice": "alloy",
    "speed": 1.0,
    "noise_reduction": "near_field",
    "vad": {
        "type": "semantic_vad",
        "eagerness": "medium",
        "create_response": True,
        "interrupt_response": True,
    },
}
GEMINI_WITH_ALL_DEFAULTS = {
    "provider": "gemini",
    "model": "gemini-live-2.5-flash-preview-native-audio-09-2025",
    "voice": "Aoede",
    "start_of_speech_sensitivity": "START_SENSITIVITY_HIGH",
    "end_of_speech_sensitivity": "END_SENSITIVITY_HIGH",
    "silence_duration_ms": None,
    "activity_handling": "START_OF_ACTIVITY_INTERRUPTS",
}
SERVER_VAD = {
    "type": "server_vad",
    "threshold": 0.6,
    "prefix_padding_ms": 200,
    "silence_duration_ms": 700,
    "idle_timeout_ms": 6000,
    "create_response": True,
    "interrupt_response": False,
}
HANDOFF = {"mode": "blind", "target": "+14155550100", "actionHook": "/end"}


def refused(**options: Any) -> list[tuple[str, str]]:
    """What is wrong with what an operator sent."""
    with pytest.raises(ValidationError) as caught:
        read(**options)
    return explain(caught.value)


@pytest.mark.parametrize(
    ("given", "full"),
    [(OPENAI, OPENAI_WITH_ALL_DEFAULTS), (GEMINI, GEMINI_WITH_ALL_DEFAULTS)],
    ids=["openai", "gemini"],
)
def test_a_realtime_config_is_read_back_with_its_defaults(
    given: dict[str, Any], full: dict[str, Any]
) -> None:
    assert read(realtime_config=given).to_json()["realtime_config"] == full


@pytest.mark.parametrize(
    "config",
    [
        {**OPENAI_WITH_ALL_DEFAULTS, "voice": "verse", "speed": 1.2, "noise_reduction": "none"},
        {**OPENAI_WITH_ALL_DEFAULTS, "vad": SERVER_VAD},
        {**GEMINI_WITH_ALL_DEFAULTS, "voice": "Puck", "silence_duration_ms": 400},
    ],
)
def test_a_realtime_config_that_says_all_is_read_back_as_it_was_written(
    config: dict[str, Any],
) -> None:
    data = read(realtime_config=config)
    assert data.to_json()["realtime_config"] == config
    assert data.warnings == ()


def test_detection_of_speech_is_semantic_where_no_type_is_named() -> None:
    vad = read(realtime_config={**OPENAI, "vad": {"eagerness": "low"}}).to_json()
    assert vad["realtime_config"]["vad"]["type"] == "semantic_vad"


@pytest.mark.parametrize(
    ("config", "warning"),
    [
        ({**OPENAI, "voice": "marin"}, "realtime_config.voice: 'marin' is not known here."),
        ({**OPENAI, "voice": "aloy"}, "did you mean 'alloy'?"),
        ({**OPENAI, "model": "gpt-realtime-9"}, "realtime_config.model: 'gpt-realtime-9'"),
        ({**GEMINI, "voice": "Korè"}, "did you mean 'Kore'?"),
        ({**GEMINI, "model": "gemini-next"}, "realtime_config.model: 'gemini-next'"),
    ],
)
def test_a_newer_model_or_voice_is_taken_with_a_warning(
    config: dict[str, Any], warning: str
) -> None:
    data = read(realtime_config=config)
    assert len(data.warnings) == 1
    assert warning in data.warnings[0]
    assert data.to_json()["realtime_config"] | config == data.to_json()["realtime_config"]


@pytest.mark.parametrize(
    ("options", "field", "words"),
    [
        ({"realtime_config": None}, "realtime_config", "got neither"),
        ({"realtime_config": OPENAI, "agent_config": {}}, "realtime_config", "got both"),
        ({"realtime_config": {"provider": "opena"}}, "realtime_config.provider", "openai, gemini"),
        ({"realtime_config": {}}, "realtime_config.provider", "openai, gemini"),
        ({"realtime_config": {**OPENAI, "speed": 9}}, "realtime_config.speed", "1.5"),
        (
            {"realtime_config": {**OPENAI, "vad": {"type": "loud"}}},
            "realtime_config.vad.type",
            "semantic_vad, server_vad",
        ),
        (
            {"realtime_config": {**OPENAI, "vad": {"type": "server_vad", "eagerness": "low"}}},
            "realtime_config.vad.eagerness",
            "not known",
        ),
        (
            {"realtime_config": {**GEMINI, "silence_duration_ms": -1}},
            "realtime_config.silence_duration_ms",
            "got -1",
        ),
        ({"realtime_config": {**GEMINI, "speed": 1.0}}, "realtime_config.speed", "not known"),
        ({"agent_config": {"turn_detectoin": "krisp"}}, "agent_config.turn_detectoin", "did you"),
        (
            {"agent_config": {"barge_in": {"enabled": True}}},
            "agent_config.barge_in.enabled",
            "did you mean 'enable'?",
        ),
        (
            {"agent_config": {"barge_in": {"min_speech_duration": -1}}},
            "agent_config.barge_in.min_speech_duration",
            "0 or more",
        ),
        ({"agent_config": {"tools": []}}, "agent_config.tools", "`http_tools`"),
        ({"agent_config": {"instructions": "x"}}, "agent_config.instructions", "`prompt`"),
        (
            {"agent_config": {"llm": {"llmOptions": {"tools": [{"name": "f"}]}}}},
            "agent_config.llm.llm_options.tools",
            "`http_tools`",
        ),
        (
            {"agent_config": {"handoff": HANDOFF}},
            "agent_config.handoff.actionHook",
            "give a URL",
        ),
        ({"agent_config": {}, "prompt": "{{frm}}"}, "prompt", "did you mean 'from'?"),
        ({"prompt": "{{frm}}"}, "prompt", "did you mean 'from'?"),
        ({"greeting": "Hello {{calller_name}}"}, "greeting", "did you mean 'caller_name'?"),
        ({"greeting": 3}, "greeting", "a text, true, false or null"),
        (
            {"greeting": "Hello", "agent_config": {"greeting": True}},
            "agent_config.greeting",
            "given twice",
        ),
        ({"name": " "}, "name", ""),
        ({"prompt": "a\0b"}, "prompt", "NUL"),
        ({"promt": "x"}, "promt", "not known"),
        ({"tools": {"transfer_call": True}}, "transfer_targets", "needs a number"),
        (
            {"transfer_targets": [{"number": "0415", "name": "Sales"}]},
            "transfer_targets[0].number",
            "E.164",
        ),
        (
            {
                "transfer_targets": [
                    {"number": "+14155550100", "name": "Sales"},
                    {"number": "+14155550101", "name": "sales"},
                ]
            },
            "transfer_targets[1].name",
            "another target has this name",
        ),
        (
            {
                "transfer_targets": [
                    {"number": "+14155550100", "name": "Sales"},
                    {"number": "+1 415 555 0100", "name": "Support"},
                ]
            },
            "transfer_targets[1].number",
            "there twice",
        ),
        ({"knowledge_base_ids": [BASE, BASE]}, "knowledge_base_ids[1]", "there twice"),
        ({"knowledge_base_ids": ["7"]}, "knowledge_base_ids[0]", ""),
        ({"call_hooks": [{"url": "file:///etc/passwd"}]}, "call_hooks[0].url", "https://"),
        ({"mcp_servers": [{"url": "npx server"}]}, "mcp_servers[0].url", "https://"),
        ({"limits": {"max_duration": 1}}, "limits.max_duration", "10"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_by_its_field(
    options: dict[str, Any], field: str, words: str
) -> None:
    errors = refused(**options)
    assert field in dict(errors)
    assert words in dict(errors)[field]


def test_all_that_is_wrong_inside_an_agent_config_is_told_at_once() -> None:
    errors = refused(agent_config={"temperature": "hot", "stt": "unheard-of:x"})
    assert [field for field, _ in errors] == ["agent_config.stt", "agent_config.temperature"]


def test_an_agent_config_is_read_back_as_it_was_written() -> None:
    config = {
        **CASCADED,
        "stt": {"vendor": "deepgram", "language": "en-US", "hints": ["Cordboard"]},
        "turn_detection": {"mode": "krisp", "threshold": 0.4},
        "bargeIn": {"minSpeechDuration": 0.3},
        "variables": {"shop": "Main Street"},
    }
    data = read(agent_config=config, prompt="You sell shoes at {{shop}}.")
    assert data.to_json()["agent_config"] == config


def test_an_agent_config_warns_as_the_agent_does() -> None:
    (warning,) = read(agent_config={**CASCADED, "llm": "opnai:gpt-4.1-mini"}).warnings
    assert warning.startswith("agent_config.llm: vendor 'opnai' is not known here; did you mean")


def test_a_realtime_model_is_warned_of_a_prompt_that_hardly_fits_a_frame() -> None:
    (warning,) = read(prompt="Be brief. " * 2000).warnings
    assert warning.startswith("prompt: 20,000 bytes")
    assert read(prompt="Be brief. " * 2000, agent_config=CASCADED).warnings == ()


def test_every_option_of_an_agent_is_data_or_has_a_place_of_its_own() -> None:
    known = set(AgentOptions.model_fields) | set(ELSEWHERE)
    assert known == set(Agent.model_fields)
    assert not set(AgentOptions.model_fields) & set(ELSEWHERE)


def test_a_number_is_kept_as_it_is_dialed() -> None:
    target = {"number": "+1 (415) 555-0100", "name": "Sales"}
    data = read(tools={"transfer_call": True}, transfer_targets=[target])
    assert data.transfer_targets[0].number == "+14155550100"


def test_what_was_read_back_can_be_written_again() -> None:
    for options in (written(), written(realtime_config=GEMINI), written(agent_config=CASCADED)):
        once = AgentData.model_validate_json(orjson.dumps(options))
        again = AgentData.model_validate_json(orjson.dumps(once.to_json()))
        assert again == once


def test_the_json_schema_describes_both_ways_to_run() -> None:
    schema = TypeAdapter(AgentData).json_schema()
    config = schema["$defs"]["AgentConfig"]
    assert set(config["properties"]) == set(AgentOptions.model_fields) - {"extra"}
    assert config["properties"]["stt"]["anyOf"][0]["type"] == "string"
    assert config["properties"]["turn_detection"]["description"]
    assert schema["$defs"]["OpenaiRealtime"]["properties"]["voice"]["default"] == "alloy"
