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
    found: list[tuple[str, list[ChatMessage]]] = []
    answers: list[ChatMessage] = []  # those before the first turn are dropped
    for message in messages:
        if message.role == "user":
            answers = []
            if not is_cue(message.content):
                found.append((message.content[:SPOKEN], answers))
        elif message.role == "assistant":
            answers.append(message)
    return [_turn(text, answers) for text, answers in found]


def _turn(text: str, answers: list[ChatMessage]) -> Turn:
    if len(answers) == 1:
        return Turn(text, answers[0].content.strip(), called=bool(answers[0].tool_calls))
    answer = " ".join([one.content for one in answers if one.content]).strip()
    return Turn(text, answer, called=any(one.tool_calls for one in answers))


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
    return "\n".join([m.content for m in messages if m.role == "assistant"]).lower()
