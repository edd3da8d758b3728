"""One reply of the model while it is made: its words, its tool calls, how it ended."""

from dataclasses import dataclass, field, replace

from app.llm import ChatMessage, ChatRequest, End, ToolCall
from app.twin.agent.cleanup import Cleanup
from app.twin.log import Log

ANSWER_NOW = "Call no tool any more. Answer with what you know by now."
"""What a model is told that asked for tools too often."""


@dataclass(slots=True)
class Reply:
    """A reply under way.

    Attributes:
        request: What it answers.
        cleanup: Lets through what of it is spoken; None lets all through.
        is_last: Whether no tool may be called any more.
        text: What came so far, as it was written.
        calls: The tools that it asks for.
        native: What the vendor wants to see again.
    """

    request: ChatRequest
    cleanup: Cleanup | None
    is_last: bool = False
    text: str = ""
    calls: list[ToolCall] = field(default_factory=list)
    native: object = None

    def take(self, text: str) -> str:
        """Add a piece; return what can be spoken now."""
        self.text += text
        return self.cleanup.feed(text) if self.cleanup else text

    def finish(self) -> str:
        """Return what is still to be spoken: no more comes."""
        return self.cleanup.finish() if self.cleanup else ""

    def end(self, end: End, log: Log) -> None:
        """Take the end of the stream, and note what a person should know of it."""
        self.native = end.native
        if before := end.diagnostics.get("before"):
            log.note(f"the next model was asked: {before}", model=end.diagnostics["model"])
        if end.finish == "length":
            cut = f" ({self.request.max_tokens} tokens)" if self.request.max_tokens else ""
            log.note(f"the reply was cut at its limit{cut}", finish="length")
        elif end.finish == "filtered":
            log.note("the vendor withheld the reply, or a part of it", finish="filtered")
        offered = {tool.name for tool in self.request.tools}
        for name in {call.name: None for call in self.calls if call.name not in offered}:
            log.note(f"the model calls {name}, which it was not offered", name=name)
        if self.is_last and self.calls:
            log.note("the model asked for tools once more: these calls are dropped")
            self.calls.clear()
            self.native = None  # it holds them too

    def message(self) -> ChatMessage:
        """The whole reply, as an entry of the history."""
        text = self.text.strip()
        return ChatMessage("assistant", text, tool_calls=tuple(self.calls), native=self.native)


def without_tools(request: ChatRequest) -> ChatRequest:
    """The same question for the last time: it can only be answered."""
    system = f"{request.system}\n\n{ANSWER_NOW}".strip()
    return replace(request, system=system, tools=())
