"""A model that needs no key and no network: rules about words instead of a neural network.

It greets as its instructions say, calls the offered tool whose words fit what the caller said with
arguments found in it, asks for those that are missing, speaks results, and shows that it obeys:
who it is, how briefly it speaks, what it was told about the caller. It knows no language but
English and nothing about the world.
"""

import asyncio
import itertools
import re
from collections.abc import AsyncIterator, Callable
from datetime import date

from app.llm.offline.talk import decide
from app.llm.port import ChatRequest, End, Event, Token, ToolCall, ToolCallStart, Usage

__all__ = ["OfflineModel", "connect"]

BREATH = 8
"""Pieces after which other tasks have their turn."""

_PIECE = re.compile(r"\s*\S+\s*$|\s*\S+")


class OfflineModel:
    """The keyless `ChatModel`.

    Equal requests get equal replies, but for the ids of tool calls, which never repeat.

    Args:
        today: Gives the day that "tomorrow" is counted from.
    """

    def __init__(self, *, today: Callable[[], date] = date.today) -> None:
        self._today = today
        self._ids = itertools.count(1)

    @property
    def id(self) -> str:
        """Always "offline"."""
        return "offline"

    async def prewarm(self) -> None:
        """Nothing to do."""

    async def close(self) -> None:
        """Nothing to give back."""

    async def stream(self, request: ChatRequest) -> AsyncIterator[Event]:
        """Yield the reply word by word, letting other tasks run now and then."""
        reply = decide(request, self._today())
        pieces = _PIECE.findall(reply.text)
        shown = pieces if request.max_tokens is None else pieces[: request.max_tokens]
        for number, piece in enumerate(shown):
            if number % BREATH == 0:
                await asyncio.sleep(0)
            yield Token(piece)
        usage = Usage(_size(request), len(shown))
        if len(shown) < len(pieces):
            yield End("length", usage)
            return
        calls = [
            ToolCall(f"call_{next(self._ids)}", intent.tool.name, arguments)
            for intent in reply.intents
            for arguments in intent.arguments
        ]
        for call in calls:
            await asyncio.sleep(0)
            yield ToolCallStart(call.id, call.name)
            yield call
        yield End("tool" if calls else "stop", usage)


def connect(model: str) -> OfflineModel:
    """Make the model; there is only one, so its name is not looked at."""
    del model
    return OfflineModel()


def _size(request: ChatRequest) -> int:
    """The words of a request, which stand for its tokens."""
    history = " ".join([message.content for message in request.messages])
    return request.system.count(" ") + history.count(" ") + 1
