"""Chat completions over the SDKs of OpenAI and Groq."""

import re
from collections.abc import Callable
from typing import Any

from app.llm.adapter import Outlet
from app.llm.clients import forget_surroundings, http_client, httpx2_client
from app.llm.errors import from_exception, from_status, message_of
from app.llm.openai_wire.quirks import Quirks
from app.llm.openai_wire.reply import Reply
from app.llm.openai_wire.request import arguments
from app.llm.port import ChatRequest, End, ModelError
from app.llm.release import release
from app.llm.target import Target
from app.llm.vendor import ModelFacts

GROQ_PATH = "/openai/v1"
"""The SDK of Groq adds it to a base URL by itself, jambonz' `baseURL` has it."""

_NO_REASON = re.compile(
    r"(?i).{0,40}(INVALID_ARGUMENT|request contains an invalid argument).{0,20}"
)
"""What Vertex says where it does not say what is wrong."""


class Adapter:
    """One vendor of the family."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._quirks: Quirks = target.vendor.quirks.get("wire", Quirks())
        self._vendor = target.vendor.id

    @property
    def url(self) -> str:
        """The base URL, without a trailing slash."""
        target, auth = self._target, self._target.auth
        if self._quirks.client == "azure":  # people paste the whole address of a request
            return re.sub(r"/openai(/.*)?$", "", str(target.base_url or auth["endpoint"])).rstrip(
                "/"
            )
        if self._quirks.client == "vertex" and not target.base_url:
            place, project = auth["location"], auth["projectId"]
            host = (
                "aiplatform.googleapis.com"
                if place == "global"
                else f"{place}-aiplatform.googleapis.com"
            )
            path = f"v1beta1/projects/{project}/locations/{place}/endpoints/openapi"
            return f"https://{host}/{path}"
        return (target.base_url or target.vendor.base_url).rstrip("/")

    def make_client(self) -> Any:
        """Make the SDK's client; everything is said, so that the environment is not asked."""
        client = forget_surroundings(_CLIENTS[self._quirks.client](self))
        client.chat.completions  # noqa: B018  (its first use imports some 70 modules)
        return client

    async def close_client(self, client: Any) -> None:
        """Close the client and its connections."""
        await client.close()

    async def read(self, client: Any, request: ChatRequest, outlet: Outlet) -> End:
        """Make one request and read its stream."""
        reply = Reply(self._vendor)
        stream = await client.chat.completions.create(
            **arguments(self._target, self._quirks, request)
        )
        try:
            outlet.answered(stream.response.headers)
            async for chunk in stream:
                for event in reply.take(chunk):
                    outlet.put(event)
        finally:
            await release(stream.close())
        end = End("error")
        for last in reply.end():
            if isinstance(last, End):
                end = last
            else:
                outlet.put(last)
        return end

    def explain(self, error: Exception) -> ModelError:
        """Whatever the SDK raised, as our error."""
        status = getattr(error, "status_code", None)
        body = getattr(error, "body", None)
        code = _code_of(error, body)
        if status is None and type(error).__name__ == "APIError":  # an error inside a 200
            number = int(code) if code.isdigit() else 500
            return from_status(self._vendor, number, message_of(body) or str(error), code=code)
        if status is None:
            return from_exception(self._vendor, error)
        response: Any = getattr(error, "response", None)
        text = message_of(body) or message_of(response.text)
        known = from_status(self._vendor, status, text, headers=response.headers, code=code)
        known.retryable = known.retryable or self._is_noise(status, text, code)
        return known

    async def warm(self, client: Any) -> None:
        """Ask for a list of models, which opens a connection and, for Vertex, mints a token.

        Where there is no list, the refusal has opened the connection just as well.
        """
        await client.models.list()

    async def list_models(self, client: Any) -> list[ModelFacts]:
        """What the vendor lists; those known by name where it lists nothing."""
        vendor = self._target.vendor
        if not self._quirks.lists_models:
            return list(vendor.models)
        page = await client.models.list()
        return [vendor.facts(model.id) for model in sorted(page.data, key=lambda each: each.id)]

    async def test_credential(self, client: Any) -> None:
        """Ask what costs least: the list of models, a token, or a tiny chat."""
        if self._quirks.lists_models:
            await client.models.list()
        elif self._quirks.client == "vertex":
            await client.api_key_of_vertex()
        else:
            await client.chat.completions.create(
                model=self._target.model,
                messages=[{"role": "user", "content": "hi"}],
                max_completion_tokens=256,
            )

    def _is_noise(self, status: int, text: str, code: str) -> bool:
        """Whether a 400 is one of those that a second try mends."""
        if status != 400:
            return False
        if self._quirks.retries_failed_calls and "tool_use_failed" in f"{code} {text}":
            return True
        return self._quirks.retries_bare_400 and bool(_NO_REASON.fullmatch(text))

    def _openai(self) -> Any:
        from openai import AsyncOpenAI  # noqa: PLC0415  (a second of imports, in a thread)

        return AsyncOpenAI(
            api_key=self._target.auth["apiKey"],
            base_url=self.url,
            **_common(self._target, httpx2_client),
        )

    def _azure(self) -> Any:
        from openai import AsyncAzureOpenAI  # noqa: PLC0415

        auth = self._target.auth
        return AsyncAzureOpenAI(
            api_key=auth["apiKey"],
            azure_endpoint=self.url,
            azure_deployment=auth["deployment"],
            api_version=auth["apiVersion"],
            **_common(self._target, httpx2_client),
        )

    def _vertex(self) -> Any:
        from openai import AsyncOpenAI  # noqa: PLC0415

        from app.llm.google_token import TokenSource  # noqa: PLC0415

        source = TokenSource(self._target.auth["credentials"])
        client = AsyncOpenAI(
            api_key=source.token, base_url=self.url, **_common(self._target, httpx2_client)
        )
        client.api_key_of_vertex = source.token  # type: ignore[attr-defined]
        return client

    def _groq(self) -> Any:
        from groq import AsyncGroq  # noqa: PLC0415

        return AsyncGroq(
            api_key=self._target.auth["apiKey"],
            base_url=self.url.removesuffix(GROQ_PATH),
            **_common(self._target, http_client),
        )


_CLIENTS: dict[str, Callable[[Adapter], Any]] = {
    "openai": Adapter._openai,
    "azure": Adapter._azure,
    "vertex": Adapter._vertex,
    "groq": Adapter._groq,
}


def _code_of(error: Exception, body: Any) -> str:
    """The vendor's own word for what went wrong; the SDK of Groq leaves it in the body."""
    inner = body.get("error", body) if isinstance(body, dict) else None
    found = inner.get("code") if isinstance(inner, dict) else None
    return str(getattr(error, "code", None) or found or "")


def _common(target: Target, make: Callable[[float], Any]) -> dict[str, Any]:
    http = make(target.timeout)
    return {"http_client": http, "timeout": http.timeout, "max_retries": 0}
