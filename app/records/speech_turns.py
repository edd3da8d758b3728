"""Turns of speech-to-speech models, which tell no ``turn_end``: read from their vendors' events."""

from collections.abc import Iterator, Sequence
from typing import Final

import orjson

from app.feed import Item
from app.records.heard import hear, is_cancelled
from app.store.turn_writing import Turn

__all__ = ["speech_turns"]

MARK: Final = b'"llm:event"'
"""In the frames of such models, and in no others."""


def speech_turns(items: Sequence[Item]) -> Iterator[Turn]:
    """The turns that ended; how long their stages took is told by no vendor.

    A response that only calls a tool is none. Whoever speaks before the model has said anything
    interrupts nobody.
    """
    has_spoken = is_interrupted = False
    for _, at, kind, frame in items:
        if kind != "event" or type(frame) is not bytes or MARK not in frame:
            continue
        data = orjson.loads(frame).get("data") or {}
        for heard in hear(data):
            if heard.what == "agent":
                has_spoken = True
            elif heard.what == "interruption":
                is_interrupted = is_interrupted or has_spoken
            elif heard.what == "done":
                is_interrupted = is_interrupted or is_cancelled(data)
                if has_spoken or is_interrupted:
                    yield Turn(at, is_interrupted)
                has_spoken = is_interrupted = False
