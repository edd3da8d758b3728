"""Tools and prompt stand where each vendor reads them."""

import json
from typing import Any

import pytest

from app import tool
from app.s2s import VENDORS
from tests.s2s.least import FLAT, RESPONSES, SCHEMA, WEATHER, written

TOOLS: dict[str, Any] = {
    "openai": {"session_update": {"tools": [FLAT]}},
    "microsoft": {"session_update": {"tools": [FLAT]}},
    "xai": {"session_update": {"tools": [FLAT]}},
    "qwen": {"session_update": {"tools": [FLAT]}},
    "voicelive": {"session_update": {"tools": [FLAT]}, "response_create": {}},
    "gptlive": {
        "session_update": {
            "delegation": {"type": "responses", "responses": {"model": "gpt-5.5", "tools": [FLAT]}}
        }
    },
    "google": {"setup": {"tools": [{"functionDeclarations": [WEATHER]}]}},
    "deepgram": {"Settings": {"agent": {"think": {"functions": [WEATHER]}}}},
    "voiceagent": {"Settings": {"agent": {"think": {"functions": [WEATHER]}}}},
    "ultravox": {
        "selectedTools": [
            {
                "temporaryTool": {
                    "modelToolName": "get_weather",
                    "description": "Current weather.",
                    "dynamicParameters": [
                        {
                            "name": "city",
                            "location": "PARAMETER_LOCATION_BODY",
                            "schema": {"type": "string", "description": "City name."},
                            "required": True,
                        },
                        {
                            "name": "scale",
                            "location": "PARAMETER_LOCATION_BODY",
                            "schema": {"type": "string", "enum": ["celsius", "fahrenheit"]},
                            "required": False,
                        },
                    ],
                    "client": {},
                }
            }
        ]
    },
    "nova": {
        "promptStart": {
            "toolConfiguration": {
                "tools": [
                    {
                        "toolSpec": {
                            "name": "get_weather",
                            "description": "Current weather.",
                            "inputSchema": {"json": json.dumps(SCHEMA, separators=(",", ":"))},
                        }
                    }
                ]
            }
        }
    },
}


@pytest.mark.parametrize("vendor", TOOLS)
def test_tools_stand_where_the_vendor_reads_them(vendor: str) -> None:
    assert written(vendor, tools=[WEATHER]) == TOOLS[vendor]


def test_every_vendor_of_the_table_is_tested_here() -> None:
    assert {*TOOLS, "elevenlabs"} == set(VENDORS)


INSTRUCTIONS: dict[str, Any] = {
    "openai": {"session_update": {"instructions": "P"}, "response_create": {"instructions": "P"}},
    "microsoft": {
        "session_update": {"instructions": "P"},
        "response_create": {"instructions": "P"},
    },
    "xai": {"session_update": {"instructions": "P"}, "response_create": {"instructions": "P"}},
    "qwen": {"session_update": {"instructions": "P"}},
    "voicelive": {"session_update": {"instructions": "P"}, "response_create": {}},
    "gptlive": {"session_update": {"delegation": RESPONSES, "instructions": "P"}},
    "google": {"setup": {"systemInstruction": {"parts": [{"text": "P"}]}}},
    "deepgram": {"Settings": {"agent": {"think": {"prompt": "P"}}}},
    "ultravox": {"systemPrompt": "P"},
    "elevenlabs": {
        "conversation_initiation_client_data": {
            "conversation_config_override": {"agent": {"prompt": {"prompt": "P"}}}
        }
    },
    "nova": {"systemPrompt": "P"},
}


@pytest.mark.parametrize("vendor", INSTRUCTIONS)
def test_instructions_stand_where_the_vendor_reads_them(vendor: str) -> None:
    assert written(vendor, instructions="P") == INSTRUCTIONS[vendor]


def test_the_authors_own_options_stay_and_are_not_changed_in_place() -> None:
    mine = {"response_create": {"instructions": "Greet."}, "session_update": {"voice": "alloy"}}
    options = written("openai", llm_options=mine, instructions="P", tools=[WEATHER])

    assert options == {
        "response_create": {"instructions": "Greet."},
        "session_update": {"voice": "alloy", "instructions": "P", "tools": [FLAT]},
    }
    assert mine["session_update"] == {"voice": "alloy"}


def test_gemini_gets_only_the_part_of_json_schema_that_it_takes() -> None:
    @tool
    async def find(name: str, floor: int | None = None) -> str:
        """Find a person.

        Args:
            name: Who.
            floor: Where.
        """
        return name

    @tool
    async def now() -> str:
        """Tell the time."""
        return "noon"

    declared = written("google", tools=[find, now])["setup"]["tools"][0]["functionDeclarations"]

    assert declared == [
        {
            "name": "find",
            "description": "Find a person.",
            "parameters": {
                "type": "object",
                "properties": {
                    "name": {"type": "string", "description": "Who."},
                    "floor": {"type": "integer", "description": "Where."},
                },
                "required": ["name"],
            },
        },
        {"name": "now", "description": "Tell the time."},
    ]


@pytest.mark.parametrize(
    ("schema", "taken"),
    [
        ({"type": ["string", "null"]}, {"type": "string", "nullable": True}),
        ({"enum": ["a", None], "type": "string"}, {"enum": ["a"], "type": "string"}),
        (
            {"properties": {"additionalProperties": {"type": "string"}}, "$schema": "x"},
            {"properties": {"additionalProperties": {"type": "string"}}},
        ),
        (
            {"items": {"type": ["integer", "string"], "additionalProperties": False}},
            {"items": {"anyOf": [{"type": "integer"}, {"type": "string"}]}},
        ),
    ],
)
def test_gemini_knows_no_null_and_no_closed_objects(schema: Any, taken: Any) -> None:
    given = {"type": "object", "properties": {"x": schema}}
    tools = [{"name": "t", "parameters": given}]
    declared = written("google", tools=tools)["setup"]["tools"][0]["functionDeclarations"][0]

    assert declared["parameters"]["properties"]["x"] == taken


def test_a_long_prompt_stands_whole_in_one_place_and_begins_in_the_other() -> None:
    prompt = "Be brief. " * 1000
    options = written("openai", instructions=prompt)
    first = options["response_create"]["instructions"]
    assert options["session_update"]["instructions"] == prompt
    assert prompt.startswith(first)
    assert 3900 < len(first) <= 4000
