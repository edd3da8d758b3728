"""How long a model thinks: as long as it takes, or as it is pretended to take."""

import time
from contextlib import aclosing
from typing import TYPE_CHECKING, cast

from app.llm import ChatModel, ChatRequest
from app.twin.agent.casting import is_rehearsed

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from app.llm import Event
    from app.twin.leg import Leg


async def think(leg: "Leg", model: ChatModel, request: ChatRequest) -> "AsyncGenerator[Event]":
    """The model's reply.

    One that needs no time begins after as long as the timings say. A real one takes its own time: a
    virtual clock, which stands still while it is waited for, makes up for what its beginning took.
    """
    clock = leg.clock
    takes_time = not is_rehearsed(model)
    if not takes_time:
        await clock.sleep(leg.pace.timings.llm.draw(leg.platform.chance))
    began, is_behind = time.monotonic(), takes_time and clock.is_virtual
    hold = clock.hold()
    try:
        async with aclosing(cast("AsyncGenerator[Event]", model.stream(request))) as events:
            async for event in events:
                if is_behind:
                    is_behind = False
                    hold.release()
                    await clock.sleep(time.monotonic() - began)
                    hold = clock.hold()
                yield event
    finally:
        hold.release()
