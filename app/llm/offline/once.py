"""What follows from a tool's definition alone is worked out once for each."""

from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from app.llm.port import ToolDefinition

Made = TypeVar("Made")

MOST = 1024
"""Definitions that are remembered; those of a call are the same from turn to turn."""


def per_tool(function: Callable[[ToolDefinition], Made]) -> Callable[[ToolDefinition], Made]:
    """Remember what a function made of a definition; it is looked at by identity.

    A definition holds a JSON Schema, which has no hash, and is not changed once it is made.
    """
    made: OrderedDict[int, tuple[ToolDefinition, Made]] = OrderedDict()

    @wraps(function)
    def remembered(tool: ToolDefinition) -> Made:
        known = made.get(id(tool))
        if known is not None and known[0] is tool:
            return known[1]
        result = function(tool)
        made[id(tool)] = (tool, result)
        if len(made) > MOST:
            made.popitem(last=False)
        return result

    return remembered
