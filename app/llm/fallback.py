"""Several models in a row: the next one answers where one fails before its first word."""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from app.llm.port import ChatModel, ChatRequest, End, Event

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


class FallbackModel:
    """A `ChatModel` of several.

    The `End` says in its diagnostics which `model` answered, and what went wrong `before`.
    """

    def __init__(self, models: Sequence[ChatModel]) -> None:
        self._models = tuple(models)

    @property
    def id(self) -> str:
        """All of them, in their order."""
        return ", ".join(model.id for model in self._models)

    async def stream(self, request: ChatRequest) -> AsyncIterator[Event]:
        """Yield the reply of the first model that begins one."""
        failures: list[str] = []
        for model in self._models:
            is_last = model is self._models[-1]
            has_begun = False
            stream = cast("AsyncGenerator[Event]", model.stream(request))
            async with aclosing(stream) as events:
                async for event in events:
                    if not isinstance(event, End):
                        has_begun = True
                        yield event
                    elif event.error is None or has_begun or is_last:
                        told = {"model": model.id} | _before(failures)
                        yield replace(event, diagnostics={**event.diagnostics, **told})
                        return
                    else:
                        failures.append(str(event.error))

    async def prewarm(self) -> None:
        """Warm the first; the others are a matter of luck."""
        await self._models[0].prewarm()

    async def close(self) -> None:
        """Close all."""
        for model in self._models:
            await model.close()


def _before(failures: Sequence[str]) -> dict[str, str]:
    return {"before": "; ".join(failures)} if failures else {}
