"""Sum a conversation up: what is long ago in few words, so that requests stay small."""

import asyncio
import json
from collections.abc import Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, cast

from app.llm import CALL_CONNECTED, CALLER_SILENT, ChatMessage, ChatModel, ChatRequest, End, Token

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from app.llm import Event
    from app.twin.agent.agent import Agent

KEPT_TURNS = 2
"""The caller's last turns, which stay in the history word by word."""

SUMMARISE = (
    "Summarise this telephone conversation in at most five short sentences, for the agent who goes"
    " on with it. Keep names, numbers and dates, what the caller wants, what was found out and what"
    " was promised. Write nothing but the summary."
)
BRIEF = (
    "Summarise this telephone conversation in at most two short sentences, to be read out to the"
    " person who takes the call over now. Say who calls, what they want, and what was done."
    " Write nothing but these sentences."
)
LIMIT = 200
"""The most tokens of a summary."""

PATIENCE = 8.0
"""Seconds that a summary may take; the conversation goes on without it."""


class Summaries:
    """Compacts an agent's history after every so many turns, besides the conversation."""

    def __init__(self, agent: "Agent", every: int) -> None:
        self._agent = agent
        self._every = every
        self._turns = 0
        self._is_at_work = False

    def turn_ended(self) -> None:
        """Count a turn; begin a summary where one is due."""
        self._turns += 1
        is_due = self._every > 0 and self._turns % self._every == 0
        if is_due and not self._is_at_work and _dropped(self._agent.conversation.messages):
            self._is_at_work = True
            self._agent.leg.spawn_work(self._compact(self._turns))

    async def _compact(self, turn: int) -> None:
        agent, conversation = self._agent, self._agent.conversation
        dropped = _dropped(conversation.messages)
        try:
            story = transcript(conversation.messages[:dropped], earlier=conversation.summary)
            with agent.leg.clock.hold():
                text = await sum_up(agent.model, SUMMARISE, story)
        finally:
            self._is_at_work = False
        if not text:
            agent.leg.log.note("the model gave no summary: the history stays as it is")
            return
        conversation.compact(dropped, text)
        agent.leg.hooks.event(
            {
                "type": "history_summarized",
                "turn": turn,
                "messages_dropped": dropped,
                "messages_kept": len(conversation.messages),
                "summary": text,
            }
        )


async def sum_up(model: ChatModel, instructions: str, story: str) -> str:
    """Have a model sum up; empty where it fails or takes too long."""
    message = ChatMessage("user", story)
    request = ChatRequest(instructions, (message,), max_tokens=LIMIT)
    stream = cast("AsyncGenerator[Event]", model.stream(request))
    text = ""
    try:
        async with asyncio.timeout(PATIENCE), aclosing(stream) as events:
            async for event in events:
                if isinstance(event, Token):
                    text += event.text
                elif isinstance(event, End) and event.error:
                    return ""
    except TimeoutError:
        return ""
    return " ".join(text.split())


def transcript(messages: Sequence[ChatMessage], *, earlier: str = "") -> str:
    """The conversation as text, a line for each utterance and tool."""
    lines = [f"Before: {earlier}"] if earlier else []
    names = {call.id: call.name for message in messages for call in message.tool_calls}
    for message in messages:
        if message.role == "user" and message.content not in (CALL_CONNECTED, CALLER_SILENT):
            lines.append(f"Caller: {message.content}")
        elif message.role == "tool":
            lines.append(f"Result of {names.get(message.tool_call_id, 'tool')}: {message.content}")
        elif message.role == "assistant":
            lines += [f"Agent: {message.content}"] if message.content else []
            lines += [
                f"Agent calls {call.name}: {json.dumps(call.arguments, ensure_ascii=False)}"
                for call in message.tool_calls
            ]
    return "\n".join(lines)


def _dropped(messages: Sequence[ChatMessage]) -> int:
    """How many messages may go: those before the caller's last turns, whole turns only."""
    turns = [at for at, message in enumerate(messages) if message.role == "user"]
    return turns[-KEPT_TURNS] if len(turns) > KEPT_TURNS else 0
