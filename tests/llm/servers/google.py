"""Gemini as the developer's API and Vertex AI stream it."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from aiohttp import web

from tests.llm.servers.base import Answer, Call, LoopbackVendor
from tests.llm.servers.openai_wire import service_account

FINISHES = {"stop": "STOP", "tool": "STOP", "length": "MAX_TOKENS", "filtered": "SAFETY"}
STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}
SIGNATURE = "c2lnbmVkIGJ5IHRoZSB0ZXN0"


def event(data: Mapping[str, Any]) -> bytes:
    """A server-sent event, with the line ends that Google writes."""
    return f"data: {json.dumps(data, ensure_ascii=False)}\r\n\r\n".encode()


class GoogleServer(LoopbackVendor):
    """Plays generativelanguage.googleapis.com.

    Attributes:
        finish: A reason to end with in Google's words, in place of the scripted one.
        gives_ids: Whether its calls have ids; those of the developer's API often have none.
    """

    vendor = "google"

    def __init__(self, model: str = "gemini-2.5-flash") -> None:
        super().__init__()
        self.model = model
        self.finish = ""
        self.gives_ids = True

    def auth(self) -> Mapping[str, Any]:
        return {"apiKey": "key-of-the-test"}

    def options(self) -> Mapping[str, Any]:
        return {"baseURL": self.url, "timeout": 5000}

    def is_reply(self, request: web.Request) -> bool:
        return request.path.endswith(":streamGenerateContent")

    def is_known(self, request: web.Request) -> bool:
        """Whether the credential is good."""
        return request.headers.get("x-goog-api-key") == "key-of-the-test"

    async def other(self, request: web.Request) -> web.StreamResponse:
        if not request.path.endswith("/models"):
            return await super().other(request)
        if not self.is_known(request):
            answer = Answer(status=401, message="API keys are not good here")
            return web.json_response(self.error_body(answer), status=401)
        return web.json_response(self.listing())

    def listing(self) -> Any:
        """The list of models."""
        methods = ["generateContent", "countTokens"]
        models = [
            {
                "name": f"models/{self.model}",
                "inputTokenLimit": 1000,
                "supportedGenerationMethods": methods,
            },
            {"name": "models/embedding-1", "supportedGenerationMethods": ["embedContent"]},
        ]
        return {"models": models}

    def opening(self, answer: Answer) -> Iterator[bytes]:
        if answer.reasoning:
            yield self._chunk([{"text": answer.reasoning, "thought": True}])

    def part(self, index: int, part: str | Call, answer: Answer) -> Iterator[bytes]:
        if isinstance(part, str):
            yield self._chunk([{"text": part}])
            return
        if (arguments := _object(part)) is None:  # it never gets as far as the stream
            return
        call: dict[str, Any] = {"name": part.name, "args": arguments}
        if self.gives_ids:
            call["id"] = part.id or f"fc_{index}"
        written: dict[str, Any] = {"functionCall": call}
        earlier = answer.parts[:index]
        if not any(isinstance(each, Call) for each in earlier):  # of parallel calls the first
            written["thoughtSignature"] = SIGNATURE
        yield self._chunk([written])

    def closing(self, answer: Answer) -> Iterator[bytes]:
        input_, output, cached = answer.usage
        usage = {
            "promptTokenCount": input_,
            "candidatesTokenCount": output,
            "totalTokenCount": input_ + output,
            "cachedContentTokenCount": cached,
        }
        calls = [part for part in answer.parts if isinstance(part, Call)]
        is_malformed = any(_object(call) is None for call in calls)
        reason = "MALFORMED_FUNCTION_CALL" if is_malformed else FINISHES[answer.finishes]
        reason = self.finish or reason
        yield self._chunk([{"text": ""}], finishReason=reason, usage=usage)

    def garbage(self) -> bytes:
        return b'data: {"candidates": nonsense\r\n\r\n'

    def error_inside(self, message: str) -> bytes:
        return event({"error": {"code": 503, "message": message, "status": "UNAVAILABLE"}})

    def error_body(self, answer: Answer) -> Any:
        status = STATUSES.get(answer.status, "UNKNOWN")
        return {"error": {"code": answer.status, "message": answer.message, "status": status}}

    def _chunk(
        self, parts: list[dict[str, Any]], usage: Mapping[str, Any] | None = None, **more: Any
    ) -> bytes:
        candidate = {"content": {"role": "model", "parts": parts}, "index": 0, **more}
        data: dict[str, Any] = {"candidates": [candidate], "modelVersion": self.model}
        return event(data if usage is None else {**data, "usageMetadata": usage})


def _object(call: Call) -> dict[str, Any] | None:
    """The arguments of a call; None where the model did not write an object."""
    try:
        value = json.loads(call.written)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


class VertexGeminiServer(GoogleServer):
    """Plays Vertex AI: a service account signs in at a token endpoint of its own.

    Attributes:
        minted: How many tokens were asked for.
    """

    vendor = "vertex-gemini"

    def __init__(self, model: str = "gemini-2.5-flash") -> None:
        super().__init__(model)
        self.minted = 0

    def auth(self) -> Mapping[str, Any]:
        return {"credentials": service_account(f"{self.url}/token"), "location": "europe-west4"}

    def is_known(self, request: web.Request) -> bool:
        return request.headers.get("Authorization") == "Bearer token-of-the-test"

    async def other(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/token":
            self.minted += 1
            return web.json_response(
                {"access_token": "token-of-the-test", "expires_in": 3600, "token_type": "Bearer"}
            )
        return await super().other(request)

    def listing(self) -> Any:
        return {"publisherModels": [{"name": f"publishers/google/models/{self.model}"}]}
