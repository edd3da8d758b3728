"""`cordboard models`: vendors, models, and a verdict on a credential."""

import argparse
import asyncio
import io
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from app.__main__ import main
from app.models import add_arguments, run
from tests.llm.servers.openai_wire import OpenAiWire
from tests.llm.vendors import SERVERS


def told(*words: str, keys: Mapping[str, Any] | None = None) -> tuple[int, str]:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    out = io.StringIO()
    return run(parser.parse_args(words), keys or {}, out=out), out.getvalue()


def test_the_vendors_are_listed_with_what_they_take() -> None:
    code, text = told(keys={"groq": {"apiKey": "k"}})

    rows = {line.split()[0]: line for line in text.splitlines()}
    assert code == 0
    assert set(SERVERS) < set(rows)
    assert rows["groq"].split()[1:3] == ["yes", "apiKey"]
    assert "accessKeyId, secretAccessKey, region" in rows["bedrock"]
    assert "gpt-5.4-mini" in rows["openai"]
    assert {row["vendor"] for row in json.loads(told("--json")[1])} == set(SERVERS)


def test_what_cannot_be_asked_is_said_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert told("opena")[0] == 2
    assert told("openai")[0] == 2

    unknown, keyless = capsys.readouterr().err.splitlines()
    assert "did you mean 'openai'?" in unknown
    assert "no credential for 'openai'" in keyless
    assert told("offline")[0] == 0


def test_the_command_line_knows_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CORDBOARD_LLM_KEYS", '{"openai": "sk-1"}')

    assert main(["models"]) == 0
    assert "openai         yes" in capsys.readouterr().out


class Locked(OpenAiWire):
    """Refuses every key."""

    async def other(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"error": {"message": "no such key: sk-hunter2"}}, status=401)


@pytest.fixture
def server() -> OpenAiWire:
    return OpenAiWire()


@pytest_asyncio.fixture
async def keys(server: OpenAiWire) -> AsyncIterator[Mapping[str, Any]]:
    await server.start()
    yield {"openai": {"apiKey": "sk-hunter2", "baseURL": f"{server.url}/v1"}}
    await server.stop()


async def test_a_good_credential_is_told_with_what_it_may_use(keys: Mapping[str, Any]) -> None:
    code, text = await asyncio.to_thread(told, "openai", keys=keys)

    verdict, model = text.splitlines()
    assert (code, verdict) == (0, "openai: the credential is good")
    assert model.split() == ["gpt-4.1-mini", "tools,", "vision,", "1,047,576", "tokens"]
    code, text = await asyncio.to_thread(told, "openai", "--json", keys=keys)
    assert json.loads(text)["models"][0]["context_tokens"] == 1_047_576


@pytest.mark.parametrize("server", [Locked()])
async def test_a_refused_credential_is_told_and_not_shown(keys: Mapping[str, Any]) -> None:
    code, text = await asyncio.to_thread(told, "openai", keys=keys)

    assert code == 1
    assert text.startswith("openai: the credential is refused (")
    assert "sk-hunter2" not in text
    told_json = json.loads((await asyncio.to_thread(told, "openai", "--json", keys=keys))[1])
    assert (told_json["good"], told_json["error"]["kind"]) == (False, "auth")


def test_a_host_that_is_not_there_says_nothing_of_the_credential(unused_tcp_port: int) -> None:
    key = {"apiKey": "sk-1", "baseURL": f"http://127.0.0.1:{unused_tcp_port}/v1"}
    code, text = told("openai", keys={"openai": key})

    assert code == 1
    assert text.startswith("openai: not reached, so nothing is known of the credential (")
