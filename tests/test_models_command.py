"""`cordboard models`: vendors, models, and a verdict on a credential."""

import argparse
import asyncio
import io
import json
from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from app.__main__ import main
from app.llm import connect
from app.models import add_arguments, run
from tests.llm.servers.base import Answer, LoopbackVendor
from tests.llm.vendors import SERVERS

ONE_OF_EACH_SDK = (
    "openai",
    "azure-openai",
    "vertex-openai",
    "groq",
    "anthropic",
    "google",
    "bedrock",
)


def told(*words: str, keys: Mapping[str, Any] | None = None, **options: Any) -> tuple[int, str]:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    out = io.StringIO()
    connecting = partial(connect, connect_options=options)
    return run(parser.parse_args(words), keys or {}, out=out, connect=connecting), out.getvalue()


def test_the_vendors_are_listed_with_what_they_take() -> None:
    code, text = told(keys={"groq": {"apiKey": "k"}, "bedrock": {"apiKey": "k"}})

    rows = {line.split()[0]: line for line in text.splitlines()}
    assert code == 0
    assert set(SERVERS) < set(rows)
    assert rows["groq"].split()[1:4] == ["Groq", "yes", "apiKey"]
    assert rows["openai"].split()[1:4] == ["OpenAI", "no", "apiKey"]
    assert "  incomplete  accessKeyId, secretAccessKey, region" in rows["bedrock"]
    assert {row["vendor"] for row in json.loads(told("--json")[1])} == set(SERVERS)


def test_what_cannot_be_asked_is_said_in_one_line() -> None:
    unknown, keyless = told("opena:gpt-5.4"), told("bedrock")
    lacking = told("bedrock", keys={"bedrock": {"apiKey": "key-of-the-test"}})

    assert [unknown[0], keyless[0], lacking[0]] == [2, 2, 2]
    assert unknown[1].startswith("opena: no such vendor (")
    assert "did you mean 'openai'?" in unknown[1]
    assert keyless[1].startswith("bedrock: no credential is set (set CORDBOARD_LLM_KEYS=")
    assert '{"bedrock": {"apiKey": "…", "region": "…"}}' in keyless[1]
    assert "the credential is incomplete" in lacking[1]
    assert "missing: region" in lacking[1]
    assert "key-of-the-test" not in lacking[1]
    assert told("offline:anything")[0] == 0
    assert json.loads(told("--json", "opena")[1])["verdict"] == "unknown_vendor"


def test_the_command_line_knows_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CORDBOARD_LLM_KEYS", '{"openai": "sk-1"}')

    assert main(["models"]) == 0
    assert main(["models", "groq"]) == 2
    assert "OpenAI                     yes" in capsys.readouterr().out


@pytest_asyncio.fixture(params=ONE_OF_EACH_SDK)
async def vendor(request: pytest.FixtureRequest) -> AsyncIterator[LoopbackVendor]:
    server = await SERVERS[request.param]().start()
    yield server
    await server.stop()


async def ask(vendor: LoopbackVendor, *words: str) -> tuple[int, str]:
    keys = {vendor.vendor: vendor.auth()}
    return await asyncio.to_thread(told, *words, keys=keys, **vendor.options())


def refuse(vendor: LoopbackVendor, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    """Let it refuse whatever it is asked."""
    answer = Answer(status=status, message="this key is bad: key-of-the-test")

    async def other(request: web.Request) -> web.StreamResponse:
        body = vendor.error_body(answer)
        if request.path == "/token":
            body = {"error": "invalid_grant", "error_description": answer.message}
        return web.json_response(body, status=status, headers=vendor.error_headers(answer))

    monkeypatch.setattr(vendor, "other", other)
    vendor.answer(answer)


async def test_a_good_credential_is_told_with_what_it_may_use(vendor: LoopbackVendor) -> None:
    code, text = await ask(vendor, f"{vendor.vendor}:{vendor.model}")

    verdict, *models = text.splitlines()
    assert code == 0
    assert verdict.startswith(f"{vendor.vendor}: the credential is good")
    if vendor.vendor in ("azure-openai", "vertex-openai"):
        assert "lists no models" in verdict
    else:
        assert verdict.endswith(f", and {vendor.model!r} is listed")
    assert any(line.split()[:2] == [vendor.model, "tools,"] for line in models)


async def test_a_wrong_key_is_told_and_not_shown(
    vendor: LoopbackVendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(vendor, monkeypatch, 401)
    code, text = await ask(vendor, vendor.vendor)

    assert code == 1
    assert text.startswith(f"{vendor.vendor}: the credential is refused (")
    assert text.count("\n") == 1
    assert vendor.auth().get("apiKey", "PRIVATE KEY") not in text


@pytest.fixture
def openai() -> LoopbackVendor:
    return SERVERS["openai"]()


async def test_a_model_that_is_not_listed_is_corrected(openai: LoopbackVendor) -> None:
    await openai.start()
    code, text = await ask(openai, "--json", "openai:gpt-4.1-mimi")
    await openai.stop()

    known = json.loads(text)
    assert (code, known["verdict"], known["is_listed"]) == (1, "good", False)
    assert known["message"] == "'gpt-4.1-mimi' is not listed; did you mean 'gpt-4.1-mini'?"
    assert known["models"][0]["context_tokens"] == 1_047_576


@pytest.mark.parametrize(
    ("vendor_id", "status", "verdict"),
    [
        ("openai", 403, "not_allowed"),
        ("bedrock", 403, "not_allowed"),
        ("huggingface", 402, "no_credit"),
        ("anthropic", 429, "busy"),
        ("groq", 500, "failed"),
    ],
)
async def test_each_refusal_has_its_verdict(
    vendor_id: str, status: int, verdict: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = await SERVERS[vendor_id]().start()
    refuse(server, monkeypatch, status)
    code, text = await ask(server, "--json", vendor_id)
    await server.stop()

    assert (code, json.loads(text)["verdict"]) == (1, verdict)


@pytest.mark.parametrize(
    ("spec", "listed"),
    [
        ("bedrock:us.amazon.nova-micro-v1:0", True),
        ("anthropic:claude-haiku-4-5", True),
        ("anthropic:claude-haiku-4", False),
        ("huggingface:meta-llama/Llama-3.3-70B-Instruct:groq", True),
    ],
)
async def test_a_region_a_provider_and_a_missing_date_are_no_other_model(
    spec: str, listed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = await SERVERS[spec.partition(":")[0]]().start()
    server.model = server.model.removesuffix(":fastest")
    code, text = await ask(server, "--json", spec)
    await server.stop()

    assert (code == 0, json.loads(text)["is_listed"]) == (listed, listed)


def test_a_host_that_is_not_there_says_nothing_of_the_credential(unused_tcp_port: int) -> None:
    key = {"apiKey": "sk-1", "baseURL": f"http://127.0.0.1:{unused_tcp_port}/v1"}
    code, text = told("openai", keys={"openai": key})

    assert code == 1
    assert text.startswith("openai: not reached, so nothing is known of the credential (")
