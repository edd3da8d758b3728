"""Tool calls as models write them."""

import json

from app.llm.port import ToolCall


def whole_call(id_: str, name: str, text: str) -> ToolCall:
    """A tool call of its written arguments; what is no JSON object becomes its problem."""
    try:
        arguments = json.loads(text) if text.strip() else {}
    except ValueError:
        return ToolCall(id_, name, {}, f"the arguments of {name} were not valid JSON: {text[:200]}")
    if not isinstance(arguments, dict):
        return ToolCall(id_, name, {}, f"the arguments of {name} were no JSON object: {text[:200]}")
    return ToolCall(id_, name, arguments)
