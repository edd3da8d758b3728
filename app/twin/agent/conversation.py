"""What the agent's model knows: instructions, context, history, tools."""

from collections.abc import Iterable, Mapping
from typing import Any

from app.llm import CALL_CONNECTED, ChatMessage, ChatRequest, Role, ToolDefinition
from app.twin.agent.options import RequestOptions

_ROLES: tuple[Role, ...] = ("user", "assistant")


class Conversation:
    """The state of one agent's conversation, as `llm.llmOptions` begins it.

    `instructions` and `context` make the system prompt and change apart from each other: an update
    of the instructions leaves alone what was injected. A `summary` stands for the messages that it
    replaced.
    """

    def __init__(self, options: Mapping[str, Any], limits: RequestOptions) -> None:
        self.context: list[str] = []
        self.summary = ""
        self.messages: list[ChatMessage] = []
        self.tools: tuple[ToolDefinition, ...] = ()
        self._limits = limits
        self.inject([*_list(options, "initialMessages"), *_list(options, "messages")])
        prompt = [str(options.get("systemPrompt") or ""), *self.context]
        self.instructions = "\n\n".join(part for part in prompt if part)
        self.context.clear()
        self.set_tools(_list(options, "tools"))

    def inject(self, messages: Iterable[Mapping[str, Any]]) -> None:
        """Append to the history; what a system says goes to the system prompt."""
        for message in messages:
            role, content = message.get("role"), text_of(message.get("content"))
            if role == "system":
                self.context.append(content)
            else:
                known: Role = "assistant" if role == "assistant" else "user"
                self.messages.append(ChatMessage(known, content))

    def set_tools(self, tools: Iterable[Mapping[str, Any]]) -> None:
        """Replace the tools, in either notation."""
        self.tools = tuple(_definition(tool) for tool in tools)

    def add(self, *messages: ChatMessage) -> None:
        """Append to the history."""
        self.messages.extend(messages)

    def compact(self, dropped: int, summary: str) -> None:
        """Let a summary stand for the oldest messages, and for the summary before it."""
        del self.messages[:dropped]
        self.summary = summary

    @property
    def last_words(self) -> str:
        """What the caller said last."""
        said = (m.content for m in reversed(self.messages) if m.role == "user")
        return next((text for text in said if text != CALL_CONNECTED), "")

    def request(self, instructions: str, others: tuple[ToolDefinition, ...]) -> ChatRequest:
        """The next question to the model, with instructions for this one reply.

        Args:
            instructions: For this reply only.
            others: Tools that the platform answers, which come before those of the application.
        """
        taken = {tool.name for tool in others}
        earlier = f"The conversation so far, in short: {self.summary}" if self.summary else ""
        parts = [self.instructions, *self.context, earlier, instructions]
        return ChatRequest(
            system="\n\n".join(part for part in parts if part),
            messages=tuple(self.messages) or (ChatMessage("user", CALL_CONNECTED),),
            tools=(*(tool for tool in self.tools if tool.name not in taken), *others),
            **self._limits,
        )


def text_of(content: Any) -> str:
    """The text of a message's content, which may come in blocks."""
    if isinstance(content, list):
        blocks = (
            block.get("text", "") if isinstance(block, Mapping) else block for block in content
        )
        return "\n".join(str(block) for block in blocks if block)
    return "" if content is None else str(content)


def _definition(tool: Mapping[str, Any]) -> ToolDefinition:
    function = tool.get("function")
    flat = function if isinstance(function, Mapping) else tool
    return ToolDefinition(
        str(flat.get("name", "")),
        str(flat.get("description") or ""),
        flat.get("parameters") or {},
    )


def _list(options: Mapping[str, Any], key: str) -> list[Any]:
    value = options.get(key)
    return value if isinstance(value, list) else []
