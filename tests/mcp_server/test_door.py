"""Who may come in to `/mcp`, and what is refused before the SDK sees it."""

import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from pydantic import SecretStr

from app import Application, Session
from app.mcp_server import pages
from app.settings import Settings
from app.testing import API_KEY, Cordboard

PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
HEADERS = {
    "Accept": "application/json, text/event-stream",
    "MCP-Protocol-Version": "2025-06-18",
}

silent = Application("/silent")


@silent.session_new
async def wait(session: Session[Any, Any]) -> list[dict[str, Any]]:
    return [{"verb": "pause", "length": 100}]


@pytest.fixture
def cordboard_applications() -> list[Application[Any, Any]]:
    return [silent]


@pytest.fixture
def cordboard_settings() -> Settings:
    url = "https://voice.example.com/prefix"
    return Settings(port=0, api_keys=(SecretStr(API_KEY),), public_url=url)


@pytest.fixture
async def http(cordboard: Cordboard) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cordboard.url, headers=HEADERS) as session:
        yield session


async def status(http: aiohttp.ClientSession, headers: dict[str, str]) -> int:
    async with http.post("/mcp", json=PING, headers=headers) as response:
        await response.read()
        return response.status


async def test_without_a_key_nobody_comes_in(http: aiohttp.ClientSession) -> None:
    async with http.post("/mcp", json=PING) as response:
        await response.text()

    assert response.status == 401
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="cordboard"'


async def test_a_wrong_key_is_refused(http: aiohttp.ClientSession) -> None:
    async with http.post("/mcp", json=PING, headers={"Authorization": "Bearer no"}) as response:
        await response.text()

    assert response.status == 401
    assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]


async def test_with_the_key_a_message_is_answered(
    http: aiohttp.ClientSession, cordboard: Cordboard
) -> None:
    async with http.post("/mcp", json=PING, headers=cordboard.headers) as response:
        text = await response.text()

    assert response.status == 200, text
    assert json.loads(text.partition("data: ")[2])["result"] == {}


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
async def test_only_post_is_spoken(
    http: aiohttp.ClientSession, cordboard: Cordboard, method: str
) -> None:
    async with http.request(method, "/mcp", headers=cordboard.headers) as response:
        await response.text()

    assert (response.status, response.headers["Allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("https://evil.example", 403),
        ("http://voice.example.com", 403),
        ("null", 403),
        ("http://[", 403),
        ("https://voice.example.com", 200),
        ("http://localhost:6274", 200),
        (None, 200),
    ],
)
async def test_the_pages_of_other_sites_are_refused(
    http: aiohttp.ClientSession, cordboard: Cordboard, origin: str | None, status: int
) -> None:
    headers = cordboard.headers | ({"Origin": origin} if origin else {})
    async with http.post("/mcp", json=PING, headers=headers) as response:
        await response.text()

    assert response.status == status


async def test_a_name_that_was_made_to_point_here_proves_nothing(
    http: aiohttp.ClientSession, cordboard: Cordboard
) -> None:
    rebound = {"Origin": "http://rebound.example:3000", "Host": "rebound.example:3000"}
    own = {"Origin": "http://192.0.2.7:3000", "Host": "192.0.2.7:3000"}

    assert await status(http, cordboard.headers | rebound) == 403
    assert await status(http, cordboard.headers | own) == 200


async def test_a_body_is_bounded(http: aiohttp.ClientSession, cordboard: Cordboard) -> None:
    big = PING | {"params": {"text": "x" * 300_000}}
    async with http.post("/mcp", json=big, headers=cordboard.headers) as response:
        await response.text()

    assert response.status == 413


async def test_what_is_not_json_is_told_so(
    http: aiohttp.ClientSession, cordboard: Cordboard
) -> None:
    headers = cordboard.headers | {"Content-Type": "application/json"}
    async with http.post("/mcp", data=b"{", headers=headers) as response:
        await response.text()

    assert response.status == 400


async def test_the_rate_limit_is_that_of_the_rest_api(
    http: aiohttp.ClientSession, cordboard: Cordboard
) -> None:
    answers = [await status(http, cordboard.headers) for _ in range(80)]

    assert 429 in answers


def test_a_server_starts_without_the_sdk() -> None:
    code = (
        "import sys, app.server; from app.settings import Settings; "
        "print([m for m in ('mcp', 'starlette', 'app.twin') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ran.stdout.strip() == "[]"


def test_the_docs_are_found_inside_of_an_installed_package(tmp_path: Path) -> None:
    package = tmp_path / "app"
    (package / "docs" / "decisions").mkdir(parents=True)
    (package / "docs" / "README.md").write_text("# Cordboard\n")
    (package / "docs" / "decisions" / "0001.md").write_text("# A shape\n")

    assert [one.title for one in pages.read_pages(package).values()] == ["Cordboard", "A shape"]


def test_an_installation_without_docs_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert pages.read_pages(tmp_path / "app") == {}
    monkeypatch.setattr(pages, "read_pages", dict)
    with pytest.raises(Exception, match="without its documentation"):
        pages.find_page("rest")
