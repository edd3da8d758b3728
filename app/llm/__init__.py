"""Chat models behind one port: `connect("vendor:model").stream(request)`."""

from collections.abc import Callable
from importlib import import_module
from typing import cast

from app.llm.fake import FakeModel
from app.llm.port import (
    CALL_CONNECTED,
    CALLER_SILENT,
    ChatMessage,
    ChatModel,
    ChatRequest,
    Effort,
    End,
    ErrorKind,
    Event,
    Finish,
    ModelError,
    Role,
    Timings,
    Token,
    ToolCall,
    ToolCallStart,
    ToolDefinition,
    Usage,
)

__all__ = [
    "CALLER_SILENT",
    "CALL_CONNECTED",
    "ChatMessage",
    "ChatModel",
    "ChatRequest",
    "Effort",
    "End",
    "ErrorKind",
    "Event",
    "FakeModel",
    "Finish",
    "ModelError",
    "Role",
    "Timings",
    "Token",
    "ToolCall",
    "ToolCallStart",
    "ToolDefinition",
    "Usage",
    "connect",
    "vendors",
]

_VENDORS = {
    "offline": "app.llm.offline",  # the line that a vendor adds: its id, and where `connect` is
}


def vendors() -> tuple[str, ...]:
    """The ids that `connect` knows, in alphabetical order."""
    return tuple(sorted(_VENDORS))


def connect(spec: str) -> ChatModel:
    """Make the model named by "vendor" or "vendor:model".

    The adapter is imported here and not before, so that a vendor's SDK costs nothing until it is
    used. Only the first colon separates: a model's name may hold more of them.

    Raises:
        ModelError: If no adapter has that id (the message lists those that exist), or the adapter
            refuses the model's name.
    """
    vendor, _, model = spec.strip().partition(":")
    module = _VENDORS.get(vendor.lower())
    if module is None:
        known = ", ".join(vendors())
        message = f"no model vendor {vendor!r} in {spec!r}; known: {known}"
        raise ModelError(message, kind="bad_request", vendor=vendor)
    make = cast("Callable[[str], ChatModel]", import_module(module).connect)
    return make(model)
