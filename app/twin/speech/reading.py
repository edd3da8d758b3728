"""Reads what an application wrote for a vendor: tools in `llmOptions`, and tool outputs.

Whatever is not in the vendor's form is None: jambonz, or the vendor, drops it without a word.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

Tool = dict[str, Any]
Data = Mapping[str, Any]


def at(tree: Any, *path: str) -> Any:
    """What stands at a path; None where nothing does."""
    for key in path:
        tree = tree.get(key) if isinstance(tree, Mapping) else None
    return tree


def text_at(tree: Any, *path: str) -> str:
    """A text at a path, or ""."""
    found = at(tree, *path)
    return found if isinstance(found, str) else ""


def objects(value: Any) -> list[Data]:
    """The objects in a list."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def realtime_tools(tools: Any) -> list[Tool]:
    """OpenAI's flat functions; anything else in the list is no function."""
    return [
        {key: tool[key] for key in ("name", "description", "parameters") if key in tool}
        for tool in objects(tools)
        if tool.get("type") == "function" and "function" not in tool
    ]


def gemini_tools(tools: Any) -> list[Tool]:
    """The functions that are declared."""
    return [
        dict(one) for tool in objects(tools) for one in objects(tool.get("functionDeclarations"))
    ]


def ultravox_tools(tools: Any) -> list[Tool]:
    """Temporary tools that the client answers."""
    temporary = (tool.get("temporaryTool") for tool in objects(tools))
    return [
        {
            "name": tool.get("modelToolName"),
            "description": tool.get("description"),
            "parameters": ultravox_parameters(objects(tool.get("dynamicParameters"))),
        }
        for tool in temporary
        if isinstance(tool, Mapping) and "client" in tool
    ]


def ultravox_parameters(parameters: Iterable[Data]) -> dict[str, Any]:
    """The parameters as one JSON Schema."""
    given = list(parameters)
    return {
        "type": "object",
        "properties": {one["name"]: one["schema"] for one in given},
        "required": [one["name"] for one in given if one.get("required")],
    }


def nova_tools(tools: Any) -> list[Tool]:
    """Amazon's toolSpec, whose schema is a text."""
    specs = [tool["toolSpec"] for tool in objects(tools) if isinstance(tool.get("toolSpec"), dict)]
    return [
        {
            "name": spec.get("name"),
            "description": spec.get("description"),
            "parameters": json.loads(at(spec, "inputSchema", "json")),
        }
        for spec in specs
    ]


def realtime_output(data: Any, call_id: str) -> Any:
    """`conversation.item.create` with the output of this call."""
    return item_output(data, "conversation.item.create", call_id)


def live_output(data: Any, call_id: str) -> Any:
    """GPT Live's envelope of the same item."""
    return item_output(data, "delegation.function_call_output.create", call_id)


def item_output(data: Any, type_: str, call_id: str) -> Any:
    """The output in an item, which is a text."""
    item = at(data, "item")
    is_right = at(data, "type") == type_ and at(item, "type") == "function_call_output"
    if not is_right or at(item, "call_id") != call_id or not isinstance(at(item, "output"), str):
        return None
    return parsed(at(item, "output"))


def parsed(text: str) -> Any:
    """A text that may be JSON, as the model understands it."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text or None


def ultravox_output(data: Any, call_id: str) -> Any:
    """`client_tool_result`, whose result is a text."""
    is_right = at(data, "type") == "client_tool_result" and at(data, "invocation_id") == call_id
    return parsed(text_at(data, "result")) if is_right else None


def elevenlabs_output(data: Any, call_id: str) -> Any:
    """`client_tool_result` below `data`, with a mark for failures."""
    inner = at(data, "data")
    is_right = at(inner, "type") == "client_tool_result" and at(inner, "tool_call_id") == call_id
    if not is_right or not isinstance(at(inner, "is_error"), bool):
        return None
    return parsed(text_at(inner, "result"))


def deepgram_output(data: Any, call_id: str) -> Any:
    """`FunctionCallResponse` below `data`."""
    inner = at(data, "data")
    is_right = at(inner, "type") == "FunctionCallResponse" and at(inner, "id") == call_id
    return parsed(text_at(inner, "content")) if is_right and at(inner, "name") else None


def gemini_output(data: Any, call_id: str) -> Any:
    """The response to one function among those of its message."""
    for one in objects(at(data, "toolResponse", "functionResponses")):
        if one.get("id") == call_id and isinstance(one.get("response"), Mapping):
            return dict(one["response"])
    return None


def any_output(data: Any, call_id: str) -> Any:
    """Whatever came: the form is not published."""
    return data
