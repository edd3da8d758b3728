"""Bedrock: ConverseStream in binary frames, and the control plane's list of models."""

from collections.abc import Iterator, Mapping
from typing import Any

from aiohttp import web

from tests.llm.servers.base import Answer, Call, LoopbackVendor
from tests.llm.servers.eventstream import event, exception, frame

FINISHES = {
    "stop": "end_turn",
    "tool": "tool_use",
    "length": "max_tokens",
    "filtered": "content_filtered",
}
ERRORS = {
    400: "ValidationException",
    401: "UnrecognizedClientException",
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    408: "ModelTimeoutException",
    424: "ModelErrorException",
    429: "ThrottlingException",
    500: "InternalServerException",
    503: "ServiceUnavailableException",
}
API_KEY = {"apiKey": "key-of-the-test", "region": "us-east-1"}
IAM = {
    "accessKeyId": "id-of-the-test",
    "secretAccessKey": "secret-of-the-test",
    "region": "us-east-1",
}


class BedrockWire(LoopbackVendor):
    """Bedrock, with an API key or the keys of IAM."""

    content_type = "application/vnd.amazon.eventstream"

    def __init__(
        self, model: str = "amazon.nova-micro-v1:0", auth: Mapping[str, Any] = API_KEY
    ) -> None:
        super().__init__()
        self.vendor = "bedrock"
        self.model = model
        self._auth = auth

    def auth(self) -> Mapping[str, Any]:
        return self._auth

    def options(self) -> Mapping[str, Any]:
        return {"endpoint": self.url, "timeout": 5000}

    def is_reply(self, request: web.Request) -> bool:
        return request.path.endswith("/converse-stream")

    async def other(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/async-invoke":
            return web.json_response({"asyncInvokeSummaries": []})
        if request.path != "/foundation-models":
            return await super().other(request)
        listed = [
            {"modelId": self.model, "responseStreamingSupported": True},
            {"modelId": "amazon.titan-batch-v1", "responseStreamingSupported": False},
        ]
        return web.json_response({"modelSummaries": listed})

    def opening(self, answer: Answer) -> Iterator[bytes]:
        yield event("messageStart", {"role": "assistant"})
        if answer.reasoning:
            for delta in ({"text": answer.reasoning}, {"signature": "signed"}):
                yield _delta(0, {"reasoningContent": delta})
            yield event("contentBlockStop", {"contentBlockIndex": 0})

    def part(self, index: int, part: str | Call, answer: Answer) -> Iterator[bytes]:
        """A piece of text, which has no start, or a call with its arguments in two pieces."""
        at = _block(index, answer)
        if isinstance(part, str):
            yield _delta(at, {"text": part})
            return
        use = {"toolUseId": part.id or f"tooluse_{index}", "name": part.name}
        yield event("contentBlockStart", {"contentBlockIndex": at, "start": {"toolUse": use}})
        half = len(part.written) // 2
        for text in (part.written[:half], part.written[half:]):
            yield _delta(at, {"toolUse": {"input": text}})
        yield event("contentBlockStop", {"contentBlockIndex": at})

    def closing(self, answer: Answer) -> Iterator[bytes]:
        input_, output, cached = answer.usage
        usage = {
            "inputTokens": input_ - cached,
            "outputTokens": output,
            "totalTokens": input_ + output,
            "cacheReadInputTokens": cached,
        }
        yield event("messageStop", {"stopReason": FINISHES[answer.finishes]})
        yield event("metadata", {"usage": usage, "metrics": {"latencyMs": 1}})

    def garbage(self) -> bytes:
        headers = {":event-type": "contentBlockDelta", ":message-type": "event"}
        return frame(headers, b'{"delta": nonsense')

    def error_inside(self, message: str) -> bytes:
        return exception("modelStreamErrorException", message)

    def error_body(self, answer: Answer) -> Any:
        return {"message": answer.message}

    def error_headers(self, answer: Answer) -> dict[str, str]:
        return {"x-amzn-errortype": ERRORS[answer.status], "x-amzn-requestid": "req_1"}


def _block(index: int, answer: Answer) -> int:
    """The index of a part's block: pieces of text in a row share one."""
    calls = [isinstance(part, Call) for part in answer.parts[: index + 1]]
    begun = sum(call or at == 0 or calls[at - 1] for at, call in enumerate(calls))
    return begun - 1 + bool(answer.reasoning)


def _delta(index: int, delta: Mapping[str, object]) -> bytes:
    return event("contentBlockDelta", {"contentBlockIndex": index, "delta": delta})
