"""``@tool``: a function that the model may call during a call.

A ``Tool`` is a value: the function, its JSON Schema, a compiled validator, and how long it may
take. Nothing runs here; the session runs it.
"""

from app.tool.define import Tool, ToolOptions, tool
from app.tool.errors import ToolArgumentError, ToolError, UnencodableResult
from app.tool.result import encode_result
from app.tool.source import Check, ToolSource, tool_elsewhere

__all__ = [
    "Check",
    "Tool",
    "ToolArgumentError",
    "ToolError",
    "ToolOptions",
    "ToolSource",
    "UnencodableResult",
    "encode_result",
    "tool",
    "tool_elsewhere",
]
