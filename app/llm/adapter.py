"""What an adapter gives, and what it is given: the seam between the runtime and an SDK."""

import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from app.llm.port import ChatRequest, End, Event, ModelError, Timings, Token, ToolCallStart
from app.llm.vendor import ModelFacts

KEPT_HEADERS: Mapping[str, str] = {
    "x-request-id": "request_id",
    "request-id": "request_id",
    "x-amzn-requestid": "request_id",
    "apim-request-id": "request_id",
    "x-ms-region": "region",
    "openai-processing-ms": "processing_ms",
    "x-inference-provider": "inference_provider",
    "x-ratelimit-remaining-requests": "remaining_requests",
    "x-ratelimit-remaining-tokens": "remaining_tokens",
    "anthropic-ratelimit-requests-remaining": "remaining_requests",
    "anthropic-ratelimit-tokens-remaining": "remaining_tokens",
    "retry-after": "retry_after",
}


class Outlet:
    """Where an adapter puts what it reads; it measures as it goes.

    Attributes:
        has_begun: Whether anything was put, so that the request can no longer be made again.
        diagnostics: What the vendor's headers said.
    """

    def __init__(self, put: Callable[[Event], None]) -> None:
        self.has_begun = False
        self.diagnostics: dict[str, str] = {}
        self._put = put
        self._started = time.perf_counter()
        self._headers: float | None = None
        self._first: float | None = None

    def answered(self, headers: Mapping[str, str]) -> None:
        """Take note that the vendor answered; keep what is of use of its headers."""
        if self._headers is None:
            self._headers = self._elapsed()
        for name, kept in KEPT_HEADERS.items():
            if value := headers.get(name):
                self.diagnostics.setdefault(kept, value)

    def put(self, event: Event) -> None:
        """Give an event to the reader; never the `End`, which `Adapter.read` returns."""
        if self._first is None and isinstance(event, Token | ToolCallStart):
            self._first = self._elapsed()
        self.has_begun = True
        self._put(event)

    def timings(self) -> Timings:
        """How long it took so far."""
        return Timings(self._headers, self._first, self._elapsed())

    def _elapsed(self) -> float:
        return (time.perf_counter() - self._started) * 1000


class Adapter(Protocol):
    """Speaks one vendor's language by its SDK; made from a `Target`, whose auth it obeys.

    A module that a `Vendor.family` names has a class `Adapter` of this form. The SDK is imported
    by `make_client` and not before.
    """

    @property
    def url(self) -> str:
        """Where requests go: scheme, host and whatever path is fixed."""
        ...

    def make_client(self) -> Any:
        """Import the SDK and make a client; blocks, so it is run in a thread, once.

        It has `max_retries` 0, the target's timeout and no say of the environment.
        """
        ...

    async def close_client(self, client: Any) -> None:
        """Close what `make_client` made."""
        ...

    async def read(self, client: Any, request: ChatRequest, outlet: Outlet) -> End:
        """Make one request; put tokens and tool calls as they come, and return how it ended.

        `Outlet.answered` is told as soon as headers are there. Tool calls are put whole once the
        stream has ended properly. A barge-in cancels the task that runs this: whatever it holds is
        released in `finally`, quickly. Whatever the SDK raises may be raised.
        """
        ...

    def explain(self, error: Exception) -> ModelError:
        """Whatever the SDK raised, as our error."""
        ...

    async def warm(self, client: Any) -> None:
        """Open a connection ahead of the first request; may raise."""
        ...

    async def list_models(self, client: Any) -> list[ModelFacts]:
        """What the credential may use, as far as the vendor tells."""
        ...

    async def test_credential(self, client: Any) -> None:
        """Return if the credential is good; raise whatever the SDK raises if it is not."""
        ...
