"""Chat completions as OpenAI and its look-alikes stream them."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from aiohttp import web

from tests.llm.servers.base import Answer, Call, LoopbackVendor

FINISHES = {"stop": "stop", "tool": "tool_calls", "length": "length", "filtered": "content_filter"}


def event(data: Mapping[str, Any]) -> bytes:
    """A server-sent event."""
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


class OpenAiWire(LoopbackVendor):
    """Any vendor of the family that takes an API key."""

    prefix = "/v1"

    def __init__(self, vendor: str = "openai", model: str = "gpt-4.1-mini") -> None:
        super().__init__()
        self.vendor = vendor
        self.model = model

    def auth(self) -> Mapping[str, Any]:
        return {"apiKey": "key-of-the-test"}

    def options(self) -> Mapping[str, Any]:
        return {"baseURL": f"{self.url}{self.prefix}", "timeout": 5000}

    def is_reply(self, request: web.Request) -> bool:
        return request.path.endswith("/chat/completions")

    async def other(self, request: web.Request) -> web.StreamResponse:
        if request.path.endswith("/models"):
            models = [{"id": self.model, "object": "model", "created": 0, "owned_by": "x"}]
            return web.json_response({"object": "list", "data": models})
        return await super().other(request)

    def opening(self, answer: Answer) -> Iterator[bytes]:
        if self.vendor == "azure-openai":  # it tells first what its filters thought of the prompt
            yield event({**self._chunk(None), "choices": []})
        yield self._delta({"role": "assistant", "content": ""})
        if answer.reasoning:
            name = "reasoning" if self.vendor == "groq" else "reasoning_content"
            yield self._delta({name: answer.reasoning})

    def part(self, index: int, part: str | Call, answer: Answer) -> Iterator[bytes]:
        if isinstance(part, str):
            yield self._delta({"content": part})
            return
        at = sum(isinstance(each, Call) for each in answer.parts[:index])
        begin = {"name": part.name, "arguments": ""}
        id_ = part.id or f"call_{index}"
        yield self._delta(
            {"tool_calls": [{"index": at, "id": id_, "type": "function", "function": begin}]}
        )
        half = len(part.written) // 2
        for text in (part.written[:half], part.written[half:]):
            yield self._delta({"tool_calls": [{"index": at, "function": {"arguments": text}}]})

    def closing(self, answer: Answer) -> Iterator[bytes]:
        last = self._chunk({}, FINISHES[answer.finishes])
        input_, output, cached = answer.usage
        usage = {
            "prompt_tokens": input_,
            "completion_tokens": output,
            "total_tokens": input_ + output,
            "prompt_tokens_details": {"cached_tokens": cached},
        }
        if self.vendor == "groq":
            yield event({**last, "x_groq": {"id": "req_1", "usage": usage}})
        else:
            yield event(last)
            yield event({**self._chunk(None), "choices": [], "usage": usage})
        yield b"data: [DONE]\n\n"

    def garbage(self) -> bytes:
        return b'data: {"id": nonsense\n\n'

    def error_inside(self, message: str) -> bytes:
        return event({"error": {"message": message, "type": "server_error", "code": None}})

    def error_body(self, answer: Answer) -> Any:
        error = {"message": answer.message, "type": "error", "param": None, "code": None}
        return {"error": error}

    def _delta(self, delta: Mapping[str, Any]) -> bytes:
        return event(self._chunk(delta))

    def _chunk(self, delta: Mapping[str, Any] | None, finish: str | None = None) -> dict[str, Any]:
        choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": 0,
            "model": self.model,
            "choices": choices,
        }


class AzureWire(OpenAiWire):
    """Azure: the deployment is part of the path."""

    def __init__(self) -> None:
        super().__init__("azure-openai", "gpt-5.4-mini")

    def auth(self) -> Mapping[str, Any]:
        return {
            "apiKey": "key-of-the-test",
            "endpoint": f"{self.url}/openai/deployments/phone/chat/completions",
            "deployment": "phone",
            "apiVersion": "2025-03-01-preview",
        }

    def options(self) -> Mapping[str, Any]:
        return {"timeout": 5000}


class VertexWire(OpenAiWire):
    """Vertex partner models: a service account signs in at a token endpoint of its own."""

    prefix = "/v1beta1/projects/p/locations/l/endpoints/openapi"

    def __init__(self) -> None:
        super().__init__("vertex-openai", "meta/llama-3.3-70b-instruct-maas")

    def auth(self) -> Mapping[str, Any]:
        return {
            "credentials": service_account(f"{self.url}/token"),
            "projectId": "p",
            "location": "l",
        }

    async def other(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/token":
            return web.json_response(
                {"access_token": "token-of-the-test", "expires_in": 3600, "token_type": "Bearer"}
            )
        return await super().other(request)

    def error_body(self, answer: Answer) -> Any:
        return [{"error": {"code": answer.status, "message": answer.message, "status": "X"}}]


def service_account(token_uri: str) -> dict[str, str]:
    """A service account with a key of its own, made for this run."""
    return {
        "type": "service_account",
        "project_id": "p",
        "private_key_id": "k",
        "private_key": _private_key(),
        "client_email": "phone@p.iam.gserviceaccount.com",
        "client_id": "1",
        "token_uri": token_uri,
    }


_made: list[str] = []


def _private_key() -> str:
    if not _made:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import rsa

        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        text = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        _made.append(text.decode())
    return _made[0]
