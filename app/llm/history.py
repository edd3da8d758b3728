"""A history as every vendor takes it: each tool call with its output, right behind it."""

from collections.abc import Iterator, Sequence

from app.llm.port import CALL_CONNECTED, CALLER_SILENT, ChatMessage

INTERRUPTED = "The call was interrupted; it gave no result."
"""The output of a call that has none, as after a barge-in."""


def mend(history: Sequence[ChatMessage]) -> tuple[ChatMessage, ...]:
    """The history without what makes vendors refuse it.

    The outputs of one turn's calls follow it at once and together, even if they came later; a call
    without an output was interrupted. An output whose call is gone, as after a summary, goes with
    it, and so does a turn that holds nothing.
    """
    return tuple(_mended(history)) or (ChatMessage("user", CALL_CONNECTED),)


def framed(history: Sequence[ChatMessage]) -> list[ChatMessage]:
    """A mended history that begins and ends on the caller's side, as most vendors want it."""
    begins = history[0].role == "user"
    ends = history[-1].role != "assistant"
    return [
        *([] if begins else [ChatMessage("user", CALL_CONNECTED)]),
        *history,
        *([] if ends else [ChatMessage("user", CALLER_SILENT)]),
    ]


def _mended(history: Sequence[ChatMessage]) -> Iterator[ChatMessage]:
    outputs = {message.tool_call_id: message for message in history if message.role == "tool"}
    for message in history:
        if message.role != "tool" and (message.content.strip() or message.tool_calls):
            yield message
        for call in message.tool_calls:
            lost = ChatMessage("tool", INTERRUPTED, tool_call_id=call.id)
            yield outputs.get(call.id, lost)
