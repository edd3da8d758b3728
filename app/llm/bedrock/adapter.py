"""Bedrock's ConverseStream over boto3."""

from collections.abc import Iterator, Mapping
from contextlib import aclosing, closing
from typing import TYPE_CHECKING, Any

from app.llm.adapter import Outlet
from app.llm.bedrock.reply import Reply
from app.llm.bedrock.request import ask
from app.llm.bedrock.threads import LIMIT, THREADS
from app.llm.clients import CONNECT
from app.llm.port import ChatRequest, End, ModelError
from app.llm.target import Target
from app.llm.vendor import ModelFacts

if TYPE_CHECKING:
    from app.llm.bedrock.client import Service

Streamed = Mapping[str, Any]


class Adapter:
    """A model behind Bedrock."""

    def __init__(self, target: Target) -> None:
        self._target = target

    @property
    def url(self) -> str:
        """Where replies come from; boto3 works out the details, such as another top domain."""
        region = self._target.auth["region"]
        return self._target.base_url or f"https://bedrock-runtime.{region}.amazonaws.com"

    def make_client(self) -> Any:
        """Import boto3 and make the client for replies."""
        return self._make("bedrock-runtime", self._target.base_url)

    async def close_client(self, client: Any) -> None:
        """Close its connections."""
        client.close()

    async def read(self, client: Any, request: ChatRequest, outlet: Outlet) -> End:
        """Let a thread make one request, and read what it finds."""
        asked = ask(request, self._target.model)
        reply = Reply(self._target.model, asked.prefix)
        async with aclosing(THREADS.stream(lambda: _converse(client, asked.arguments))) as found:
            outlet.answered(await anext(found))
            async for streamed in found:
                if (event := reply.take(streamed)) is not None:
                    outlet.put(event)
        end = reply.end()
        for call in reply.calls:
            outlet.put(call)
        return end

    def explain(self, error: Exception) -> ModelError:
        """Whatever boto3 raised, as our error."""
        from app.llm.bedrock.errors import to_model_error  # noqa: PLC0415  (imports botocore)

        return to_model_error(error)

    async def warm(self, client: Any) -> None:
        """Ask the host of replies for something that is free, which opens a connection."""
        await THREADS.run(lambda: client.list_async_invokes(maxResults=1))

    async def list_models(self, client: Any) -> list[ModelFacts]:
        """The models that stream text, as the region offers them to anybody."""
        del client
        summaries = await THREADS.run(self._list)
        ids = {each["modelId"] for each in summaries if each.get("responseStreamingSupported")}
        return [self._target.vendor.facts(id_) for id_ in sorted(ids)]

    async def test_credential(self, client: Any) -> None:
        """List the models: it costs nothing."""
        del client
        await THREADS.run(self._list)

    def _list(self) -> list[Any]:
        """What the control plane lists; it has a host of its own."""
        endpoint = self._target.base_url.replace("bedrock-runtime", "bedrock")
        with closing(self._make("bedrock", endpoint)) as control:
            return list(control.list_foundation_models(byOutputModality="TEXT")["modelSummaries"])

    def _make(self, service: "Service", endpoint: str) -> Any:
        from app.llm.bedrock.client import Account, make_client  # noqa: PLC0415  (imports boto3)

        auth, timeout = self._target.auth, self._target.timeout
        account = Account(
            region=auth["region"],
            api_key=auth.get("apiKey"),
            access_key_id=auth.get("accessKeyId"),
            secret_access_key=auth.get("secretAccessKey"),
            session_token=auth.get("sessionToken"),
        )
        return make_client(
            service,
            account,
            endpoint=endpoint or None,
            connect_timeout=min(CONNECT, timeout),
            read_timeout=timeout,
            connections=LIMIT,
        )


def _converse(client: Any, arguments: Mapping[str, Any]) -> Iterator[Streamed]:
    """In a thread: the headers of the answer, then its events."""
    response = client.converse_stream(**arguments)
    with closing(response["stream"]) as stream:
        yield response["ResponseMetadata"]["HTTPHeaders"]
        yield from stream
