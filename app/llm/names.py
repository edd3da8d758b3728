"""Names of tools as every vendor takes them: at most 64 letters, digits, underscores and dashes."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace

from app.llm.port import ChatMessage, ChatRequest, Event, ToolCall, ToolCallStart

_PLAIN = re.compile(r"[a-zA-Z_][a-zA-Z0-9_-]{0,63}")
_OTHER = re.compile(r"[^a-zA-Z0-9_-]")


def plain_name(name: str) -> str:
    """The name itself where it is plain, else one that is, the same each time and no other's."""
    if _PLAIN.fullmatch(name):
        return name
    mark = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"t_{_OTHER.sub('_', name)[:52]}_{mark}"


def with_plain_names(request: ChatRequest) -> tuple[ChatRequest, Mapping[str, str]]:
    """The request with plain names only, and the names that were meant by those it has now."""
    called = {call.name for message in request.messages for call in message.tool_calls}
    names = {*called, *(tool.name for tool in request.tools)}
    meant = {plain: name for name in names if (plain := plain_name(name)) != name}
    if not meant:
        return request, meant
    tools = tuple(replace(tool, name=plain_name(tool.name)) for tool in request.tools)
    return replace(request, messages=tuple(map(_renamed, request.messages)), tools=tools), meant


def as_meant(event: Event, meant: Mapping[str, str]) -> Event:
    """The event with the name that the request was made with."""
    if isinstance(event, ToolCall | ToolCallStart) and event.name in meant:
        return replace(event, name=meant[event.name])
    return event


def _renamed(message: ChatMessage) -> ChatMessage:
    calls = tuple(replace(call, name=plain_name(call.name)) for call in message.tool_calls)
    return replace(message, tool_calls=calls)
