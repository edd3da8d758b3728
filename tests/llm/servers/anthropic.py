"""The Messages API as Anthropic streams it."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from aiohttp import web

from tests.llm.servers.base import Answer, Call, LoopbackVendor

FINISHES = {"stop": "end_turn", "tool": "tool_use", "length": "max_tokens", "filtered": "refusal"}
ERRORS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
    500: "api_error",
    529: "overloaded_error",
}


def event(kind: str, **data: Any) -> bytes:
    """A server-sent event, whose name stands in its data as well."""
    text = json.dumps({"type": kind, **data}, ensure_ascii=False)
    return f"event: {kind}\ndata: {text}\n\n".encode()


class AnthropicServer(LoopbackVendor):
    """Plays api.anthropic.com."""

    vendor = "anthropic"
    signature = "EqQBCgIYAhIM"

    def __init__(self, model: str = "claude-haiku-4-5-20251001") -> None:
        super().__init__()
        self.model = model

    def auth(self) -> Mapping[str, Any]:
        return {"apiKey": "key-of-the-test"}

    def options(self) -> Mapping[str, Any]:
        return {"baseURL": self.url, "timeout": 5000}

    def is_reply(self, request: web.Request) -> bool:
        return request.path == "/v1/messages"

    async def other(self, request: web.Request) -> web.StreamResponse:
        if request.path != "/v1/models":
            return await super().other(request)
        if request.headers.get("Authorization") != "Bearer key-of-the-test":
            answer = Answer(status=401, message="invalid bearer token")
            return web.json_response(self.error_body(answer), status=401)
        models = [self._model_info(self.model), self._model_info("claude-sonnet-4-6")]
        page = {"data": models, "has_more": False, "first_id": None, "last_id": None}
        return web.json_response(page)

    def opening(self, answer: Answer) -> Iterator[bytes]:
        input_, _, cached = answer.usage
        usage = {
            "input_tokens": input_ - cached,
            "cache_read_input_tokens": cached,
            "cache_creation_input_tokens": 0,
            "output_tokens": 1,
        }
        message: dict[str, Any] = {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": self.model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": usage,
        }
        yield event("message_start", message=message)
        yield event("ping")
        if answer.reasoning:
            yield self._begin(0, {"type": "thinking", "thinking": "", "signature": ""})
            yield self._delta(0, {"type": "thinking_delta", "thinking": answer.reasoning})
            yield self._delta(0, {"type": "signature_delta", "signature": self.signature})
            yield event("content_block_stop", index=0)

    def part(self, index: int, part: str | Call, answer: Answer) -> Iterator[bytes]:
        parts = answer.parts
        at = _block_of(index, answer)
        if isinstance(part, str):
            if index == 0 or not isinstance(parts[index - 1], str):
                yield self._begin(at, {"type": "text", "text": ""})
            yield self._delta(at, {"type": "text_delta", "text": part})
            if index + 1 < len(parts) and isinstance(parts[index + 1], str):
                return
        else:
            id_ = part.id or f"toolu_{index}"
            yield self._begin(at, {"type": "tool_use", "id": id_, "name": part.name, "input": {}})
            half = len(part.written) // 2
            for text in ("", part.written[:half], part.written[half:]):
                yield self._delta(at, {"type": "input_json_delta", "partial_json": text})
        yield event("content_block_stop", index=at)

    def closing(self, answer: Answer) -> Iterator[bytes]:
        delta = {"stop_reason": FINISHES[answer.finishes], "stop_sequence": None}
        yield event("message_delta", delta=delta, usage={"output_tokens": answer.usage[1]})
        yield event("message_stop")

    def garbage(self) -> bytes:
        return b'event: content_block_delta\ndata: {"type": nonsense\n\n'

    def error_inside(self, message: str) -> bytes:
        return event("error", error={"type": "overloaded_error", "message": message})

    def error_body(self, answer: Answer) -> Any:
        error = {"type": ERRORS.get(answer.status, "api_error"), "message": answer.message}
        return {"type": "error", "error": error, "request_id": "req_1"}

    def _begin(self, index: int, block: Mapping[str, Any]) -> bytes:
        return event("content_block_start", index=index, content_block=block)

    def _delta(self, index: int, delta: Mapping[str, Any]) -> bytes:
        return event("content_block_delta", index=index, delta=delta)

    def _model_info(self, id_: str) -> dict[str, Any]:
        return {
            "type": "model",
            "id": id_,
            "display_name": id_,
            "created_at": "2026-01-01T00:00:00Z",
            "lifecycle": "active",
            "capabilities": None,
            "max_input_tokens": 200_000,
        }


def _block_of(index: int, answer: Answer) -> int:
    """Which content block a part belongs to: texts in a row share one."""
    starts = [
        at
        for at, part in enumerate(answer.parts[: index + 1])
        if at == 0 or not (isinstance(part, str) and isinstance(answer.parts[at - 1], str))
    ]
    return len(starts) - 1 + bool(answer.reasoning)
