"""Requests of a few words, for what one vendor does in its own way."""

from typing import Any

from app.llm import ChatMessage, ChatRequest, ToolCall

HI = ChatMessage("user", "Hi")


def ask(*messages: ChatMessage, system: str = "Be brief.", **more: Any) -> ChatRequest:
    """A request with that history, or with a greeting."""
    return ChatRequest(system, messages or (HI,), **more)


def used(call: ToolCall, output: str = "21 degrees") -> ChatMessage:
    """The output of a tool call."""
    return ChatMessage("tool", output, tool_call_id=call.id)
