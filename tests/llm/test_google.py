"""Gemini through the real SDK, by the developer's API and by Vertex AI."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
import pytest_asyncio

from app.llm import (
    ModelError,
    ToolCallStart,
    ToolDefinition,
    close_clients,
    connect,
)
from app.llm.clients import shelf
from app.llm.running import VendorModel
from tests.llm.asking import HI, ask, used
from tests.llm.hearing import WEATHER, hear
from tests.llm.servers.base import Answer, Call
from tests.llm.servers.google import SIGNATURE, GoogleServer, VertexGeminiServer, event

WEATHER_CALL = Call("get_weather", {"city": "Orléans"})


@pytest_asyncio.fixture(params=[GoogleServer, VertexGeminiServer])
async def gemini(request: pytest.FixtureRequest) -> AsyncIterator[GoogleServer]:
    server = await request.param().start()
    yield server
    await close_clients()
    await server.stop()


@pytest_asyncio.fixture
async def studio() -> AsyncIterator[GoogleServer]:
    server = await GoogleServer().start()
    yield server
    await close_clients()
    await server.stop()


@pytest_asyncio.fixture
async def vertex() -> AsyncIterator[VertexGeminiServer]:
    server = await VertexGeminiServer().start()
    yield server
    await close_clients()
    await server.stop()


async def test_signatures_go_back_as_they_came(gemini: GoogleServer) -> None:
    gemini.answer(Answer(("Let me ", "see.", WEATHER_CALL, WEATHER_CALL), reasoning="Hm."))
    model = gemini.connect("gemini-3-flash-preview")
    heard = await hear(model, ask(HI, tools=(WEATHER,)))

    history = (HI, heard.turn(), *(used(one) for one in heard.calls))
    await hear(model, ask(*history, tools=(WEATHER,)))

    assert heard.text == "Let me see."
    _, turn, outputs = gemini.requests[1].body["contents"]
    assert [part.get("thoughtSignature") for part in turn["parts"]][-2:] == [SIGNATURE, None]
    assert [part["functionResponse"]["id"] for part in outputs["parts"]] == ["fc_2", "fc_3"]


async def test_ids_are_made_where_gemini_gives_none_and_are_not_sent_back(
    gemini: GoogleServer,
) -> None:
    gemini.gives_ids = False
    gemini.answer(Answer((WEATHER_CALL, WEATHER_CALL)), Answer((WEATHER_CALL,)))
    model = gemini.connect()
    heard = await hear(model, ask())
    history = (HI, heard.turn(), *(used(one) for one in heard.calls))
    later = await hear(model, ask(*history))

    starts = [one.id for one in heard.events if isinstance(one, ToolCallStart)]
    assert starts == [call.id for call in heard.calls]
    assert len({call.id for call in (*heard.calls, *later.calls)}) == 3
    assert '"id"' not in str(gemini.requests[1].body).replace("'", '"')


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("STOP", "stop"),
        ("MAX_TOKENS", "length"),
        ("SAFETY", "filtered"),
        ("PROHIBITED_CONTENT", "filtered"),
        ("MODEL_ARMOR", "filtered"),
        ("OTHER", "error"),
        ("MISSING_THOUGHT_SIGNATURE", "error"),
        ("A_REASON_OF_TOMORROW", "error"),
    ],
)
async def test_every_reason_to_finish_has_its_place(
    studio: GoogleServer, reason: str, finish: str
) -> None:
    studio.finish = reason

    end = (await hear(studio.connect(), ask())).end

    assert end.finish == finish, end.error
    if end.error is not None:
        assert (end.error.kind, reason in str(end.error)) == ("protocol", True)
        assert end.error.retryable is (reason != "MISSING_THOUGHT_SIGNATURE")


async def test_a_prompt_that_was_blocked_is_a_filtered_reply(
    studio: GoogleServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = event({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}})
    monkeypatch.setattr(studio, "closing", lambda _: [blocked])
    studio.answer(Answer(parts=()))

    assert (await hear(studio.connect(), ask())).end.finish == "filtered"


async def test_a_malformed_call_is_asked_for_again_before_anything_was_said(
    gemini: GoogleServer,
) -> None:
    gemini.answer(Answer((Call("get_weather", "{nonsense"),)), Answer((WEATHER_CALL,)))

    heard = await hear(gemini.connect(), ask())

    assert [call.name for call in heard.calls] == ["get_weather"]
    assert len(gemini.requests) == 2


async def test_a_schema_of_any_kind_reaches_the_vendor(gemini: GoogleServer) -> None:
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {"city": {"type": ["string", "null"]}, "day": {"anyOf": [{"const": 1}]}},
    }
    await hear(gemini.connect(), ask(HI, tools=(ToolDefinition("get", "Get.", schema),)))

    (tool,) = gemini.requests[0].body["tools"]
    assert schema in tool["functionDeclarations"][0].values()


async def test_the_vendor_is_not_told_to_end_the_answer_by_our_timeout(
    gemini: GoogleServer,
) -> None:
    await hear(gemini.connect(), ask())

    assert "x-server-timeout" not in {name.lower() for name in gemini.requests[0].headers}


async def test_the_environment_says_nothing_but_the_apis_version(
    gemini: GoogleServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    surroundings: Mapping[str, str] = {
        "GOOGLE_API_KEY": "key-of-somebody-else",
        "GOOGLE_GENAI_USE_VERTEXAI": "false" if gemini.vendor == "vertex-gemini" else "true",
        "GOOGLE_CLOUD_PROJECT": "project-of-somebody-else",
        "GOOGLE_CLOUD_LOCATION": "somewhere",
        "GOOGLE_GEMINI_BASE_URL": "http://127.0.0.1:9",
        "GOOGLE_VERTEX_BASE_URL": "http://127.0.0.1:9",
        "GOOGLE_GENAI_API_VERSION": "v1alpha",
    }
    for name, value in surroundings.items():
        monkeypatch.setenv(name, value)

    assert (await hear(gemini.connect(), ask())).end.finish == "stop"
    (asked,) = gemini.requests
    assert asked.path.startswith("/v1alpha/")
    assert "somebody" not in f"{asked.path} {asked.headers}"


async def test_a_base_url_may_end_with_the_version(gemini: GoogleServer) -> None:
    heard = await hear(gemini.connect(baseURL=f"{gemini.url}/v1beta/"), ask())

    assert heard.end.finish == "stop"
    assert gemini.requests[0].path.count("/v1") == 1


async def test_models_that_answer_are_listed_and_a_credential_is_tested(
    gemini: GoogleServer,
) -> None:
    model = cast("VendorModel", gemini.connect())

    await model.test_credential()

    assert [facts.id for facts in await model.list_models()] == [gemini.model]


async def test_a_key_that_is_no_key_is_an_error_of_kind_auth(studio: GoogleServer) -> None:
    studio.answer(Answer(status=400, message="API key not valid (API_KEY_INVALID)"))

    error = (await hear(studio.connect(), ask())).end.error

    assert error is not None
    assert (error.kind, error.status, error.retryable) == ("auth", 400, False)


def test_a_service_account_is_for_vertex_gemini() -> None:
    with pytest.raises(ModelError, match="a service account is for vertex-gemini"):
        connect("google", auth={"credentials": {"type": "service_account"}})


async def test_one_token_serves_many_requests_and_is_renewed_ahead_of_its_end(
    vertex: VertexGeminiServer,
) -> None:
    model = vertex.connect()
    await model.prewarm()
    for _ in range(3):
        await hear(model, ask())
    assert vertex.minted == 1
    (client,) = [kept.client for kept in shelf()._kept.values()]
    soon = datetime.now(UTC).replace(tzinfo=None) + timedelta(minutes=2)
    client.tokens.credentials.expiry = soon

    await hear(model, ask())  # waits for nothing: the old token is good for two minutes

    async with asyncio.timeout(5):
        while vertex.minted < 2:  # noqa: ASYNC110  (a test looks; nothing tells it)
            await asyncio.sleep(0.01)
    assert vertex.requests[-1].headers["Authorization"] == "Bearer token-of-the-test"


async def test_project_and_place_are_part_of_the_path(vertex: VertexGeminiServer) -> None:
    await hear(vertex.connect(), ask())

    assert vertex.requests[0].path == (
        "/v1beta1/projects/p/locations/europe-west4/publishers/google/models/"
        "gemini-2.5-flash:streamGenerateContent"
    )


@pytest.mark.parametrize(
    ("place", "url"),
    [
        ("global", "https://aiplatform.googleapis.com"),
        ("eu", "https://aiplatform.eu.rep.googleapis.com"),
        ("europe-west4", "https://europe-west4-aiplatform.googleapis.com"),
    ],
)
def test_every_place_has_its_host(place: str, url: str) -> None:
    auth = {"credentials": {"project_id": "p"}, "location": place}

    model: Any = connect("vertex-gemini", auth=auth)

    assert model._adapter.url == url


async def test_a_service_account_that_is_refused_or_broken_is_an_error_of_kind_auth(
    vertex: VertexGeminiServer,
) -> None:
    refused = {**vertex.auth()["credentials"], "token_uri": f"{vertex.url}/nowhere"}
    broken = {**vertex.auth()["credentials"], "private_key": "no key at all"}

    for credentials in (refused, broken):
        model = connect(
            "vertex-gemini",
            auth={"credentials": credentials, "location": "l"},
            connect_options=vertex.options(),
        )
        error = (await hear(model, ask())).end.error
        assert error is not None
        assert (error.kind, error.vendor) == ("auth", "vertex-gemini")
        assert "PRIVATE KEY" not in str(error)


async def test_a_token_endpoint_that_cannot_be_reached_is_a_matter_of_connection(
    vertex: VertexGeminiServer,
) -> None:
    credentials = {**vertex.auth()["credentials"], "token_uri": "http://127.0.0.1:9/token"}
    auth = {"credentials": credentials, "location": "l"}

    model = connect("vertex-gemini", auth=auth, connect_options=vertex.options())

    error = (await hear(model, ask())).end.error
    assert error is not None
    assert (error.kind, error.retryable) == ("connection", True)


async def test_no_token_is_asked_for_elsewhere_while_real_requests_are_forbidden(
    vertex: VertexGeminiServer,
) -> None:
    credentials = {**vertex.auth()["credentials"], "token_uri": "https://example.com/token"}
    auth = {"credentials": credentials, "location": "l"}
    model = connect("vertex-gemini", auth=auth, connect_options=vertex.options())
    error = (await hear(model, ask())).end.error

    assert error is not None
    assert "'example.com' is not this machine" in str(error)
