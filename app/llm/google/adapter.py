"""Gemini over google-genai."""

import re
import warnings
from typing import Any

from app.llm.adapter import Outlet
from app.llm.clients import CONNECT, RESPONDED, httpx2_client
from app.llm.errors import from_exception, from_status, message_of
from app.llm.google.reply import Reply
from app.llm.google.request import arguments
from app.llm.google_token import TokenSource
from app.llm.port import ChatRequest, End, ModelError
from app.llm.release import release
from app.llm.target import Target
from app.llm.vendor import ModelFacts

VERTEX = "vertex-gemini"


class Client:
    """The SDK's client with what it does not look after by itself."""

    def __init__(self, target: Target, url: str) -> None:
        from google import genai  # noqa: PLC0415  (more than a second of imports, in a thread)
        from google.genai.types import HttpOptions, HttpRetryOptions  # noqa: PLC0415

        _quieten()
        self.http = httpx2_client(target.timeout)
        self.http.event_hooks = _with_limits(self.http.event_hooks, target.timeout)
        self.tokens: TokenSource | None = None
        options = HttpOptions(
            base_url=url,
            timeout=int(target.timeout * 1000),
            retry_options=HttpRetryOptions(attempts=1),
            httpx_async_client=self.http,
        )
        if target.vendor.id == VERTEX:
            self.tokens = TokenSource(target.auth["credentials"])
            self.sdk = genai.Client(
                vertexai=True,
                project=target.auth["projectId"],
                location=target.auth["location"],
                credentials=_Bearer(self.tokens),  # type: ignore[arg-type]
                http_options=options,
            )
        else:
            self.sdk = genai.Client(
                vertexai=False, api_key=target.auth["apiKey"], http_options=options
            )

    async def models(self) -> Any:
        """The SDK's models, once there is a token where one is needed."""
        if self.tokens is not None:
            await self.tokens.token()
        return self.sdk.aio.models

    async def close(self) -> None:
        """Close all connections."""
        await self.sdk.aio.aclose()
        self.sdk.close()
        await self.http.aclose()  # the SDK leaves alone what it was given


class Adapter:
    """Speaks to Gemini, by either door."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._vendor = target.vendor.id

    @property
    def url(self) -> str:
        """The host; the SDK adds its version of the API, or what the environment says of it."""
        target = self._target
        if url := (target.base_url or target.vendor.base_url).rstrip("/"):
            return re.sub(r"/v\d+(alpha|beta)?\d*$", "", url)  # people paste it with the version
        place = target.auth["location"]
        if place == "global":
            return "https://aiplatform.googleapis.com"
        if place in ("us", "eu"):  # several regions have a host of another form
            return f"https://aiplatform.{place}.rep.googleapis.com"
        return f"https://{place}-aiplatform.googleapis.com"

    def make_client(self) -> Client:
        """Import the SDK and make its client."""
        return Client(self._target, self.url)

    async def close_client(self, client: Client) -> None:
        """Close the client and its connections."""
        await client.close()

    async def read(self, client: Client, request: ChatRequest, outlet: Outlet) -> End:
        """Make one request and read its stream.

        Closing the SDK's iterator leaves the response open, so it is closed here.
        """
        reply = Reply(self._vendor, self._target.model)
        responses: list[Any] = []

        def responded(response: Any) -> None:
            responses.append(response)
            outlet.answered(response.headers)

        models = await client.models()
        token = RESPONDED.set(responded)
        try:
            chunks = await models.generate_content_stream(**arguments(request, self._target.model))
            async for chunk in chunks:
                for event in reply.take(chunk):
                    outlet.put(event)
        finally:
            RESPONDED.reset(token)
            for response in responses:
                await release(response.aclose())
        for call in reply.calls():
            outlet.put(call)
        return reply.end()

    def explain(self, error: Exception) -> ModelError:
        """Whatever the SDK raised, as our error."""
        code = getattr(error, "code", None)
        if not isinstance(code, int):
            return from_exception(self._vendor, error)
        details = getattr(error, "details", None)
        headers = getattr(getattr(error, "response", None), "headers", None)
        status = str(getattr(error, "status", "") or "")
        known = from_status(
            self._vendor, code, message_of(details) or str(error), headers=headers, code=status
        )
        if "API_KEY_INVALID" in str(details):  # the developer's API says so by a 400
            known.kind = "auth"
        return known

    async def warm(self, client: Client) -> None:
        """List one model, which opens a connection and mints a token."""
        await self._list(client, 1)

    async def list_models(self, client: Client) -> list[ModelFacts]:
        """What the vendor lists and what makes text."""
        pager = await self._list(client, 100)
        return [self._facts(model) async for model in pager if _makes_text(model)]

    async def test_credential(self, client: Client) -> None:
        """List one model: it costs nothing."""
        await self._list(client, 1)

    async def _list(self, client: Client, size: int) -> Any:
        models = await client.models()
        return await models.list(config={"page_size": size, "query_base": True})

    def _facts(self, model: Any) -> ModelFacts:
        """What is known of a model, or what the vendor says of it."""
        id_ = str(model.name or "").rsplit("models/", 1)[-1]
        known = next((each for each in self._target.vendor.models if each.id == id_), None)
        return known or ModelFacts(id_, vision=True, context_tokens=model.input_token_limit or 0)


class _Bearer:
    """What the SDK asks for a token; it is renewed elsewhere, ahead of its end and in a thread."""

    expired = False
    quota_project_id = None

    def __init__(self, source: TokenSource) -> None:
        self._source = source

    @property
    def token(self) -> str:
        """The token of now."""
        return str(self._source.credentials.token or "")


def _makes_text(model: Any) -> bool:
    """Whether a listed model answers with text; Vertex does not tell."""
    actions = model.supported_actions
    return not actions or "generateContent" in actions


def _with_limits(hooks: dict[str, list[Any]], timeout: float) -> dict[str, list[Any]]:
    """Undo what the SDK makes of one timeout.

    It also tells the server to end the whole answer by then, and waits as long to connect.
    """

    async def mend(request: Any) -> None:
        request.headers.pop("X-Server-Timeout", None)
        limits = request.extensions.get("timeout", {})
        request.extensions["timeout"] = {**limits, "connect": min(CONNECT, timeout)}

    return {**hooks, "request": [*hooks["request"], mend]}


def _quieten() -> None:
    """Let no warning of the SDK about a value it does not know yet end a call."""
    warnings.filterwarnings("ignore", message=r".* is not a valid ", module=r"google\.genai\.")
