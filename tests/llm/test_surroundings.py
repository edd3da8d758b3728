"""What the environment holds for other programs changes no request, and starts no SDK."""

import subprocess
import sys
from collections.abc import AsyncIterator, Mapping

import pytest
import pytest_asyncio

from app.llm import ChatMessage, ChatRequest, close_clients
from tests.llm.servers.base import Asked, LoopbackVendor
from tests.llm.vendors import SERVERS

STRAY = {
    "ANTHROPIC_API_KEY": "stray",
    "ANTHROPIC_AUTH_TOKEN": "stray",
    "ANTHROPIC_BASE_URL": "http://127.0.0.1:9/stray",
    "ANTHROPIC_CUSTOM_HEADERS": "x-stray: stray",
    "AWS_ACCESS_KEY_ID": "stray",
    "AWS_BEARER_TOKEN_BEDROCK": "stray",
    "AWS_DEFAULT_REGION": "stray-1",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9/stray",
    "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "http://127.0.0.1:9/stray",
    "AWS_PROFILE": "stray",
    "AWS_REGION": "stray-1",
    "AWS_SECRET_ACCESS_KEY": "stray",
    "AWS_SESSION_TOKEN": "stray",
    "AZURE_OPENAI_AD_TOKEN": "stray",
    "AZURE_OPENAI_API_KEY": "stray",
    "AZURE_OPENAI_ENDPOINT": "http://127.0.0.1:9/stray",
    "GEMINI_API_KEY": "stray",
    "GOOGLE_API_KEY": "stray",
    "GOOGLE_CLOUD_LOCATION": "stray",
    "GOOGLE_CLOUD_PROJECT": "stray",
    "GOOGLE_GEMINI_BASE_URL": "http://127.0.0.1:9/stray",
    "GOOGLE_GENAI_USE_ENTERPRISE": "true",
    "GOOGLE_GENAI_USE_VERTEXAI": "true",
    "GOOGLE_VERTEX_BASE_URL": "http://127.0.0.1:9/stray",
    "GROQ_API_KEY": "stray",
    "GROQ_BASE_URL": "http://127.0.0.1:9/stray",
    "GROQ_CUSTOM_HEADERS": "x-stray: stray",
    "OPENAI_ADMIN_KEY": "stray",
    "OPENAI_API_KEY": "stray",
    "OPENAI_API_VERSION": "stray",
    "OPENAI_BASE_URL": "http://127.0.0.1:9/stray",
    "OPENAI_CUSTOM_HEADERS": "x-stray: stray",
    "OPENAI_ORG_ID": "stray",
    "OPENAI_ORGANIZATION": "stray",
    "OPENAI_PROJECT_ID": "stray",
    "all_proxy": "http://127.0.0.1:9",
    "http_proxy": "http://127.0.0.1:9",
}
"""What people set for the SDKs, each with a value that must not show anywhere."""

OF_THE_MOMENT = {"authorization", "amz-sdk-invocation-id", "x-amz-date", "x-amz-security-token"}
"""Headers of a signature, which differ from request to request."""


@pytest_asyncio.fixture(params=SERVERS)
async def vendor(request: pytest.FixtureRequest) -> AsyncIterator[LoopbackVendor]:
    server = await SERVERS[request.param]().start()
    yield server
    await close_clients()
    await server.stop()


async def ask(vendor: LoopbackVendor) -> Asked:
    request = ChatRequest("Be brief.", (ChatMessage("user", "Hi"),))
    events = [event async for event in vendor.connect().stream(request)]
    assert len(events) > 1, events
    await close_clients()
    return vendor.requests[-1]


def lasting(headers: Mapping[str, str]) -> dict[str, str]:
    return {
        name.lower(): value for name, value in headers.items() if name.lower() not in OF_THE_MOMENT
    }


async def test_the_environment_changes_no_request(
    vendor: LoopbackVendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in STRAY:
        monkeypatch.delenv(name, raising=False)
    before = await ask(vendor)
    for name, value in STRAY.items():
        monkeypatch.setenv(name, value)

    after = await ask(vendor)

    assert (after.path, after.body) == (before.path, before.body)
    assert lasting(after.headers) == lasting(before.headers)
    assert "stray" not in str(after.headers)


SDKS = (
    "openai",
    "anthropic",
    "google.genai",
    "google.auth",
    "boto3",
    "botocore",
    "groq",
    "mcp",
    "httpx",
    "httpx2",
)


USE = """
import asyncio, sys

import app
from app.__main__ import main
from app.llm import connect
from app.server import serving
from app.settings import Settings

async def serve():
    async with serving([app.Application("/desk")], Settings(allow_anonymous=True, port=0)):
        pass

asyncio.run(serve())
printed, sys.stdout = sys.stdout, sys.stderr
main(["models"])
sys.stdout = printed
for vendor in ("openai", "anthropic", "groq", "google", "deepseek", "huggingface"):
    connect(vendor, auth={"apiKey": "k"})
connect("bedrock", auth={"apiKey": "k", "region": "us-east-1"})
"""


def test_neither_the_server_nor_connect_loads_an_sdk() -> None:
    look = f"print([name for name in {SDKS!r} if name in sys.modules])"

    done = subprocess.run(  # a process of its own: this one has loaded them all
        [sys.executable, "-c", f"{USE}\n{look}"], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"
