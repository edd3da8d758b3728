"""Bodies of REST requests that are too large, too slow, or broken."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any

import pytest
from aiohttp import web

from app.rest import body
from tests.rest_server import AUTH, CALL, KEY, Rest, serving

AGENT = f"/v1/calls/{CALL}/agent"
HEADERS = {**AUTH, "Content-Type": "application/json"}
HEAD = (
    f"POST {AGENT} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n"
    "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
)


@pytest.fixture
async def rest() -> AsyncIterator[Rest]:
    async with serving() as server:
        yield server


def instructions(size: int) -> bytes:
    return json.dumps({"type": "update_instructions", "instructions": "x" * size}).encode()


async def send(rest: Rest, content: bytes, **headers: str) -> tuple[int, dict[str, Any]]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    response = await rest.client.post(AGENT, data=BytesIO(content), headers={**HEADERS, **named})
    return response.status, await response.json(content_type=None)


async def test_the_api_has_a_limit_of_its_own(rest: Rest) -> None:
    assert (await send(rest, instructions(200 * 1024)))[0] == 202
    status, document = await send(rest, instructions(300 * 1024))

    assert status == 413
    assert "262144" in document["detail"]


async def test_the_limit_lets_pass_what_jambonz_is_said_to_take() -> None:
    async with serving(max_frame=200 * 1024) as rest:
        assert (await send(rest, instructions(300 * 1024)))[0] == 202


async def test_a_body_that_swells_is_refused_before_it_does(rest: Rest) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    status, _ = await send(rest, bomb, Content_Encoding="gzip")

    assert status == 413


async def test_a_compressed_body_is_read(rest: Rest) -> None:
    status, _ = await send(rest, gzip.compress(instructions(10)), Content_Encoding="gzip")

    assert status == 202


async def test_a_body_that_is_not_compressed_as_it_says_is_malformed(rest: Rest) -> None:
    status, document = await send(rest, instructions(10), Content_Encoding="gzip")

    assert status == 400
    assert document["type"] == "urn:cordboard:problem:malformed-body"
    assert "gzip" in document["detail"]


async def test_a_body_that_does_not_come_is_not_waited_for(
    rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body, "SECONDS", 0.05)
    reader, writer = await asyncio.open_connection(rest.client.host, rest.client.port)
    writer.write(HEAD.encode())
    answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    writer.close()

    assert answer.startswith(b"HTTP/1.1 408 ")


async def test_who_breaks_off_in_the_middle_is_no_error_of_ours(
    rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def read(_request: web.Request) -> bytes:
        raise ConnectionResetError("Connection lost")

    monkeypatch.setattr(web.Request, "read", read)

    assert (await send(rest, instructions(10)))[0] == 400
