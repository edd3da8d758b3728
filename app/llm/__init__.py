"""Chat models behind one port: `connect("vendor:model").stream(request)`."""

from app.llm.clients import close_clients
from app.llm.connecting import Keys, check_vendors, connect, vendors
from app.llm.fake import FakeModel
from app.llm.network import forbid_real_requests
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
    "Keys",
    "ModelError",
    "Role",
    "Timings",
    "Token",
    "ToolCall",
    "ToolCallStart",
    "ToolDefinition",
    "Usage",
    "check_vendors",
    "close_clients",
    "connect",
    "forbid_real_requests",
    "vendors",
]
