"""Anthropic's Messages API over its SDK."""

import logging
import warnings
from collections.abc import Mapping
from typing import Any

from app.llm.adapter import Outlet
from app.llm.anthropic.reply import Reply
from app.llm.anthropic.request import ask
from app.llm.clients import forget_surroundings, httpx2_client
from app.llm.errors import from_exception, from_status, message_of
from app.llm.port import ChatRequest, End, ModelError
from app.llm.release import release
from app.llm.target import Target
from app.llm.vendor import ModelFacts

_log = logging.getLogger("cordboard.llm")
_warned: set[tuple[str, str]] = set()

_STATUS: Mapping[str, int] = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
"""What an error inside a 200 would have been outside of it."""


class Adapter:
    """Speaks to Claude."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._vendor = target.vendor.id

    @property
    def url(self) -> str:
        """The base URL without the version, which the SDK adds."""
        url = (self._target.base_url or self._target.vendor.base_url).rstrip("/")
        return url.removesuffix("/v1")

    def make_client(self) -> Any:
        """Import the SDK, make its client, and touch what it imports late."""
        from anthropic import AsyncAnthropic  # noqa: PLC0415  (two seconds of imports, in a thread)

        _quieten()
        http = httpx2_client(self._target.timeout)
        client = AsyncAnthropic(
            api_key=self._target.auth["apiKey"],
            base_url=self.url,
            http_client=http,
            timeout=http.timeout,
            max_retries=0,
            open_telemetry=False,
        )
        forget_surroundings(client)
        client.messages, client.models  # noqa: B018
        return client

    async def close_client(self, client: Any) -> None:
        """Close the client and its connections."""
        await client.close()

    async def read(self, client: Any, request: ChatRequest, outlet: Outlet) -> End:
        """Make one request and read its stream."""
        asked = ask(request, self._target.model)
        for name in asked.ignored:
            self._say_once(name)
            outlet.diagnostics["ignored"] = name
        reply = Reply(self._vendor, self._target.model, asked.prefix)
        stream = await client.messages.create(**asked.arguments, stream=True)
        try:
            outlet.answered(stream.response.headers)
            async for event in stream:
                for ours in reply.take(event):
                    outlet.put(ours)
        finally:
            await release(stream.close())
        for call in reply.calls():
            outlet.put(call)
        return reply.end()

    def explain(self, error: Exception) -> ModelError:
        """Whatever the SDK raised, as our error."""
        response: Any = getattr(error, "response", None)
        status = getattr(error, "status_code", None)
        if status is None or response is None:
            return from_exception(self._vendor, error)
        body = getattr(error, "body", None)
        code = _type_of(body)
        if status < 400:  # an event of type error, inside a 200
            status = _STATUS.get(code, 500)
        text = message_of(body) or str(error)
        return from_status(self._vendor, status, text, headers=response.headers, code=code)

    async def warm(self, client: Any) -> None:
        """List one model, which opens a connection."""
        await client.models.list(limit=1)

    async def list_models(self, client: Any) -> list[ModelFacts]:
        """What the credential may use."""
        return [self._facts(model) async for model in client.models.list(limit=1000)]

    async def test_credential(self, client: Any) -> None:
        """List one model: it costs nothing."""
        await client.models.list(limit=1)

    def _facts(self, model: Any) -> ModelFacts:
        """What is known of a model, or what the vendor says of it."""
        known = next((each for each in self._target.vendor.models if each.id == model.id), None)
        sight = getattr(model.capabilities, "image_input", None)
        return known or ModelFacts(
            model.id,
            vision=bool(sight and sight.supported),
            context_tokens=model.max_input_tokens or 0,
        )

    def _say_once(self, name: str) -> None:
        if (key := (self._target.model, name)) not in _warned:
            _warned.add(key)
            _log.warning("%s takes no %s: it is left out", self._target.id, name)


def _type_of(body: Any) -> str:
    inner = body.get("error") if isinstance(body, Mapping) else None
    return str(inner.get("type", "")) if isinstance(inner, Mapping) else ""


def _quieten() -> None:
    """Let no warning of the SDK about a model's age end a call where warnings are errors."""
    for text in (r"The model '.*' is deprecated", r"Using Claude with .* is deprecated"):
        warnings.filterwarnings("ignore", message=text)
