"""What a chat model is asked and what it answers, whoever makes it."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

Role = Literal["user", "assistant", "tool"]
Finish = Literal["stop", "tool", "length", "filtered", "error", "aborted"]
Effort = Literal["minimal", "low", "medium", "high"]
ErrorKind = Literal[
    "auth",
    "rate_limit",
    "bad_request",
    "overloaded",
    "timeout",
    "connection",
    "protocol",
    "truncated",
]

CALL_CONNECTED = "(call connected)"
"""The user message of a greeting: some vendors refuse a history without one."""

CALLER_SILENT = "(the caller is silent)"
"""The user message that cues a model to check in on a caller who says nothing."""


class ModelError(Exception):
    """The one exception of this room, raised before a stream or carried by its `End`.

    Args:
        message: What happened, in the vendor's words where it has any.
        kind: What sort of failure it is.
        retryable: True where the same request may succeed a moment later.
        vendor: The id of the vendor, such as "openai".
        status: The HTTP status, where there was one.
        request_id: The vendor's id of the request, for its support.
        retry_after: Seconds that the vendor asks to wait, where it does.
    """

    def __init__(
        self,
        message: str,
        *,
        kind: ErrorKind,
        retryable: bool = False,
        vendor: str = "",
        status: int | None = None,
        request_id: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.kind: ErrorKind = kind
        self.retryable = retryable
        self.vendor = vendor
        self.status = status
        self.request_id = request_id
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class ToolDefinition:
    """A function offered to the model; `parameters` is a JSON Schema of type object."""

    name: str
    description: str = ""
    parameters: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the reply's text, blanks included."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCallStart:
    """The model began to write a tool call; a `ToolCall` of the same id follows."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A whole tool call with parsed arguments; its id is unique for the model's lifetime.

    Where `problem` is set, the model wrote arguments that are no JSON object: the tool is not to be
    called, and the model is given the problem as the tool's output.
    """

    id: str
    name: str
    arguments: Mapping[str, object]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one request: the input without what the vendor had cached, and the output."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Timings:
    """How long a request took, in milliseconds since it was made; None where it did not get there.

    `headers` is when the vendor answered at all, `first_token` when the first text or tool call
    came, `total` when the stream ended.
    """

    headers: float | None = None
    first_token: float | None = None
    total: float = 0.0


@dataclass(frozen=True, slots=True)
class End:
    """The last event of every stream.

    Attributes:
        finish: Why it ended.
        usage: What it cost, where the vendor said so.
        error: What went wrong, where `finish` is "error".
        native: What to keep as `ChatMessage.native` of the reply, so that it can be replayed as
            the vendor wants it. It is dropped where only a part of the reply was spoken.
        timings: How long it took.
        diagnostics: What the vendor's headers say, such as `request_id`; for logs and support.
    """

    finish: Finish
    usage: Usage | None = None
    error: ModelError | None = None
    native: object = None
    timings: Timings | None = None
    diagnostics: Mapping[str, str] = field(default_factory=dict)


Event = Token | ToolCallStart | ToolCall | End
"""What a stream yields."""


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One entry of the history.

    An assistant's turn may hold text, tool calls or both. A tool's turn holds one output, as the
    text that the model reads, and the `tool_call_id` it answers. `native` is whatever the adapter
    that made the turn needs to replay it; others ignore it.
    """

    role: Role
    content: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""
    native: object = None


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One question to a model.

    The system prompt is never part of the history: context injected with role "system" belongs at
    the end of `system`, after the instructions, so that both can change apart from each other.
    Instructions for this reply only are its last paragraph; what the model is to react to is the
    last message.

    Raises:
        ValueError: If `messages` is empty or holds a role that a history cannot have.
    """

    system: str
    messages: tuple[ChatMessage, ...]
    tools: tuple[ToolDefinition, ...] = ()
    max_tokens: int | None = None
    temperature: float | None = None
    reasoning_effort: Effort | None = None

    def __post_init__(self) -> None:
        if not self.messages:
            raise ValueError("messages is empty; begin a greeting with CALL_CONNECTED")
        for message in self.messages:
            if message.role not in ("user", "assistant", "tool"):
                raise ValueError(
                    f"messages hold role {message.role!r}; only user, assistant and tool are"
                    " history, a system message is part of `system`"
                )


class ChatModel(Protocol):
    """A text model that answers in a stream."""

    @property
    def id(self) -> str:
        """What `connect` made it from: "vendor:model"."""
        ...

    def stream(self, request: ChatRequest) -> AsyncIterator[Event]:
        """Yield the reply as it is made, ending with exactly one `End`.

        A `ToolCallStart` precedes each `ToolCall`. A failure is an `End` with finish "error". To
        abort, cancel the task that reads, or close the iterator: no tool call comes afterwards.
        """
        ...

    async def prewarm(self) -> None:
        """Import and connect what the first request needs; never raises."""
        ...

    async def close(self) -> None:
        """Give back what the model holds; it is not used afterwards."""
        ...
