"""What was said so far, turn by turn."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from app.llm.port import ChatMessage, ToolCall

ANYTHING_ELSE = "Is there anything else I can help you with?"
"""Ends an answer; what follows it is a new question, not an answer to this one."""

SPOKEN = 1_000
"""The characters of an utterance that are looked at; nobody says more in one breath."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What the caller said, what the model answered in words, and whether it called a tool."""

    text: str
    answer: str
    called: bool


@dataclass(frozen=True, slots=True)
class Output:
    """A tool's output beside the call that it answers; `call` is None if that is not in sight."""

    content: str
    call: ToolCall | None


@lru_cache(maxsize=4096)
def is_cue(text: str) -> bool:
    """Whether a user message is the platform's, not the caller's: "(the caller is silent)"."""
    text = text.strip()
    return not text or (text[0], text[-1]) in (("(", ")"), ("[", "]"), ("<", ">"))


def read_turns(messages: Sequence[ChatMessage]) -> list[Turn]:
    """The caller's turns, oldest first, without the platform's cues and the answers to them."""
    turns: list[Turn] = []
    cued = False
    for message in messages:
        if message.role == "user":
            cued = is_cue(message.content)
            if not cued:
                turns.append(Turn(message.content[:SPOKEN], "", called=False))
        elif message.role == "assistant" and turns and not cued:
            last = turns[-1]
            called = last.called or bool(message.tool_calls)
            turns[-1] = Turn(last.text, f"{last.answer} {message.content}".strip(), called)
    return turns


def last_call(messages: Sequence[ChatMessage]) -> ToolCall | None:
    """The latest tool call of a conversation."""
    calls = [call for message in messages for call in message.tool_calls]
    return calls[-1] if calls else None


def new_outputs(messages: Sequence[ChatMessage]) -> list[Output]:
    """The tool outputs at the end of the history, which the model is to speak about now."""
    calls = {call.id: call for message in messages for call in message.tool_calls}
    outputs: list[Output] = []
    for message in reversed(messages):
        if message.role != "tool":
            break
        outputs.append(Output(message.content, calls.get(message.tool_call_id)))
    return outputs[::-1]


def already_said(messages: Sequence[ChatMessage]) -> str:
    """All that the model said before, in lower case."""
    return "\n".join(m.content for m in messages if m.role == "assistant").lower()
