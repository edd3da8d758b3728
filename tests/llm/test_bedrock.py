"""Bedrock through boto3, and the threads it takes."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import Any

import pytest
import pytest_asyncio

from app.llm import (
    ChatMessage,
    ChatRequest,
    End,
    Event,
    ModelError,
    Token,
    close_clients,
    connect,
)
from app.llm.bedrock.threads import THREADS, Threads
from app.llm.running import VendorModel
from tests.llm.servers.base import Answer
from tests.llm.servers.bedrock import API_KEY, IAM, BedrockWire

HELLO = ChatRequest("Be brief.", (ChatMessage("user", "Hi"),))


@pytest_asyncio.fixture
async def bedrock() -> AsyncIterator[BedrockWire]:
    server = await BedrockWire().start()
    yield server
    await close_clients()
    await server.stop()
    await threads_are_free()


async def threads_are_free() -> None:
    async with asyncio.timeout(2):
        while THREADS.busy:  # noqa: ASYNC110  (a test looks; nothing tells it)
            await asyncio.sleep(0.005)


def model_of(server: BedrockWire, **options: Any) -> VendorModel:
    model = server.connect(**options)
    assert isinstance(model, VendorModel)
    return model


async def ask(server: BedrockWire, **options: Any) -> list[Event]:
    return [event async for event in server.connect(**options).stream(HELLO)]


def end_of(events: list[Event]) -> End:
    end = events[-1]
    assert isinstance(end, End)
    return end


async def test_an_api_key_goes_out_as_a_bearer_even_over_plain_http(bedrock: BedrockWire) -> None:
    await ask(bedrock)

    (asked,) = bedrock.requests
    assert asked.path == "/model/amazon.nova-micro-v1:0/converse-stream"
    assert asked.headers["Authorization"] == "Bearer key-of-the-test"


async def test_keys_of_iam_sign_even_where_the_environment_has_other_ideas(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "ambient")
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "http://127.0.0.1:9")
    server = await BedrockWire(auth={**IAM, "sessionToken": "token-of-the-test"}).start()

    await ask(server)
    await close_clients()
    await server.stop()

    headers = server.requests[0].headers
    assert headers["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=id-of-the-test/")
    assert headers["X-Amz-Security-Token"] == "token-of-the-test"


async def test_a_connection_is_kept_from_turn_to_turn(bedrock: BedrockWire) -> None:
    await model_of(bedrock).prewarm()
    for _ in range(3):
        await ask(bedrock)

    assert [asked.path for asked in bedrock.others] == ["/async-invoke"]
    assert len(bedrock.connections) == 1


async def test_models_and_credentials_are_asked_of_the_control_plane(bedrock: BedrockWire) -> None:
    model = model_of(bedrock)

    await model.test_credential()
    (facts,) = await model.list_models()

    assert (facts.id, facts.tools) == ("amazon.nova-micro-v1:0", True)
    assert facts.context_tokens == 128_000


async def test_the_switch_against_real_requests_holds_for_boto3() -> None:
    model = connect("bedrock:amazon.nova-micro-v1:0", auth=API_KEY)
    assert isinstance(model, VendorModel)
    client = model._adapter.make_client()  # past the check that every vendor shares

    with pytest.raises(ModelError, match=r"forbidden.*us-east-1\.amazonaws\.com"):
        await THREADS.run(lambda: client.list_async_invokes(maxResults=1))


async def test_a_thread_is_free_at_once_when_its_turn_is_stopped(bedrock: BedrockWire) -> None:
    for stall in ("headers", "first", "middle"):
        bedrock.answer(Answer(stall=stall))
        bedrock.begun.clear()
        task = asyncio.create_task(ask(bedrock))
        await bedrock.begun.wait()

        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await threads_are_free()

    await bedrock.someone_left(3)
    assert end_of(await ask(bedrock)).finish == "stop"


async def test_a_stopped_turn_leaves_the_connections_of_others_alone(bedrock: BedrockWire) -> None:
    """The pool hands a connection on, and the turn that had it before may still be stopped."""
    streams = [bedrock.connect().stream(HELLO) for _ in range(20)]
    firsts = await asyncio.gather(*(anext(stream) for stream in streams))
    assert set(firsts) == {Token("Hello")}

    await asyncio.gather(*(stream.aclose() for stream in streams[::2]))  # type: ignore[attr-defined]
    rest = [[event async for event in stream] for stream in streams[1::2]]

    assert {end_of(events).finish for events in rest} == {"stop"}


async def test_threads_are_bounded_and_a_caller_is_told_rather_than_kept_waiting() -> None:
    threads, release = Threads(1), asyncio.Event()
    loop = asyncio.get_running_loop()

    def work() -> int:
        return asyncio.run_coroutine_threadsafe(release.wait(), loop).result() and 1

    first = asyncio.create_task(threads.run(work))
    await asyncio.sleep(0)
    with pytest.raises(ModelError, match="all 1 threads") as refused:
        await threads.run(work)
    assert (refused.value.kind, threads.busy) == ("overloaded", 1)

    release.set()
    assert await first == 1


@pytest.mark.parametrize(
    ("answer", "kind", "retryable"),
    [
        (Answer(status=503), "overloaded", True),
        (Answer(status=424), "overloaded", True),
        (Answer(status=408), "timeout", True),
        (Answer(status=404), "bad_request", False),
        (Answer(status=403), "auth", False),
        (Answer(error_inside=True), "overloaded", True),
        (Answer(garbage=True), "protocol", False),
        (Answer(cut="drop"), "connection", True),
    ],
)
async def test_every_failure_has_its_kind(
    bedrock: BedrockWire, answer: Answer, kind: str, retryable: bool
) -> None:
    bedrock.answer(answer)

    end = end_of(await ask(bedrock, maxRetries=0))

    assert end.error is not None
    assert (end.error.kind, end.error.retryable) == (kind, retryable)
    if answer.status != 200:
        assert (end.error.status, end.error.request_id) == (answer.status, "req_1")


async def test_a_server_that_is_not_there_is_a_connection_error(bedrock: BedrockWire) -> None:
    end = end_of(await ask(bedrock, endpoint="http://127.0.0.1:9", maxRetries=0))

    assert end.error is not None
    assert end.error.kind == "connection"


def test_boto3_is_not_imported_before_a_model_is_used() -> None:
    code = (
        "import sys; from app.llm import connect;"
        f"connect('bedrock:x', auth={API_KEY}); print('botocore' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ran.stdout.strip() == "False"


def test_a_credential_without_a_region_says_so() -> None:
    auth: Mapping[str, Any] = {"accessKeyId": "a", "secretAccessKey": "b"}
    with pytest.raises(ModelError, match="missing: region"):
        connect("bedrock:amazon.nova-micro-v1:0", auth=auth)
