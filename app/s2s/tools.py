"""Lists of tools as the vendors read them, from flat definitions."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from app.protocol import Wire

NO_PARAMETERS: Mapping[str, Any] = {"type": "object", "properties": {}}
# Gemini refuses these in a schema; jambonz removes them itself from the tools of MCP servers.
NOT_FOR_GEMINI = frozenset({"additionalProperties", "$schema"})


def parameters_of(tool: Mapping[str, Any]) -> Mapping[str, Any]:
    """The JSON Schema of a tool's arguments."""
    parameters: Mapping[str, Any] = tool.get("parameters") or NO_PARAMETERS
    return parameters


def flat(tools: Sequence[Wire]) -> list[Wire]:
    """OpenAI Realtime: ``{type, name, description, parameters}``."""
    return [{"type": "function", **tool} for tool in tools]


def bare(tools: Sequence[Wire]) -> list[Wire]:
    """Deepgram: ``{name, description, parameters}``; without an endpoint the client answers."""
    return [dict(tool) for tool in tools]


def temporary(tools: Sequence[Wire]) -> list[Wire]:
    """Ultravox: temporary tools that the client answers, a parameter each."""
    return [{"temporaryTool": temporary_tool(tool)} for tool in tools]


def temporary_tool(tool: Mapping[str, Any]) -> Wire:
    """One temporary tool."""
    schema = parameters_of(tool)
    required = schema.get("required", ())
    return {
        "modelToolName": tool["name"],
        "description": tool.get("description", ""),
        "dynamicParameters": [
            {
                "name": name,
                "location": "PARAMETER_LOCATION_BODY",
                "schema": inner,
                "required": name in required,
            }
            for name, inner in schema.get("properties", {}).items()
        ],
        "client": {},
    }


def declarations(tools: Sequence[Wire]) -> list[Wire]:
    """Gemini Live: one entry that declares all functions."""
    written = []
    for tool in tools:
        schema = tool.get("parameters")
        parameters = {"parameters": for_gemini(schema)} if has_properties(schema) else {}
        rest = {key: value for key, value in tool.items() if key != "parameters"}
        written.append({**rest, **parameters})
    return [{"functionDeclarations": written}]


def has_properties(schema: object) -> bool:
    """Whether a function takes anything; Gemini refuses an object without properties."""
    return isinstance(schema, Mapping) and bool(schema.get("properties"))


def for_gemini(schema: Any) -> Any:
    """A JSON Schema in the part of it that Gemini takes: one type, null as ``nullable``."""
    if not isinstance(schema, Mapping):
        return schema
    written: Wire = {}
    for key, value in schema.items():
        if key == "properties" and isinstance(value, Mapping):
            written[key] = {name: for_gemini(inner) for name, inner in value.items()}
        elif key == "items":
            written[key] = for_gemini(value)
        elif key == "anyOf" and isinstance(value, list):
            written[key] = [for_gemini(inner) for inner in value]
        elif key == "type" and isinstance(value, list):
            written |= one_type(value)
        elif key == "enum" and isinstance(value, list):
            written[key] = [one for one in value if one is not None]
        elif key not in NOT_FOR_GEMINI:
            written[key] = value
    return written


def one_type(types: Sequence[str]) -> Wire:
    """``["string", "null"]`` as a nullable string; of several, a choice."""
    others = [one for one in types if one != "null"]
    nullable = {"nullable": True} if "null" in types else {}
    if len(others) == 1:
        return {"type": others[0], **nullable}
    return {"anyOf": [{"type": one} for one in others], **nullable}


def tool_specs(tools: Sequence[Wire]) -> list[Wire]:
    """Amazon Nova Sonic: ``toolSpec`` with the schema as JSON text."""
    return [
        {
            "toolSpec": {
                "name": tool["name"],
                "description": tool.get("description", ""),
                "inputSchema": {"json": orjson.dumps(dict(parameters_of(tool))).decode()},
            }
        }
        for tool in tools
    ]
