"""Real processes on one port: whichever the system gives a request to, it is answered truly."""

import os
import signal
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.workers.supervised import Supervised, supervised

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no port is shared there")

KEY = "key-for-tests"
TRIES = 6
"""With a connection for each, so that both processes are asked."""


async def ask(server: Supervised, method: str, path: str, **options: Any) -> tuple[int, Any]:
    connector, headers = aiohttp.TCPConnector(force_close=True), {"Authorization": f"Bearer {KEY}"}
    url = f"http://127.0.0.1:{server.port}{path}"
    async with (
        aiohttp.ClientSession(connector=connector) as client,
        client.request(method, url, headers=headers, **options) as answer,
    ):
        return answer.status, await answer.json()


async def test_any_process_answers_for_all_and_truly_when_one_is_killed(tmp_path: Path) -> None:
    async with supervised(tmp_path, 2, api_keys=KEY) as server:
        await server.until_listening("1", "2")
        calls = await server.one_call_for_each(2)
        update = {"type": "generate_reply", "user_input": "Hello?"}
        for call in calls.values():
            path = f"/v1/calls/{call.call_sid}/agent"
            sent = [await ask(server, "POST", path, json=update) for _ in range(TRIES)]
            assert [status for status, _ in sent] == [202] * TRIES
            assert len(await call.commands("agent:update", TRIES)) == TRIES
        both = {call.call_sid for call in calls.values()}
        for _ in range(TRIES):
            status, listed = await ask(server, "GET", "/v1/calls")
            assert (status, {one["call_sid"] for one in listed}) == (200, both)

        victim, call = calls.popitem()
        os.kill(victim, signal.SIGKILL)
        await call.close_code()
        path = f"/v1/calls/{call.call_sid}"
        told = {await status_of(server, path) for _ in range(TRIES)}
        again = await server.dial(call.call_sid)
        await again.open("session:reconnect")

        assert told == {503}, "nobody says that the call is over"
        for _ in range(TRIES):
            assert await status_of(server, path) == 200
        assert (await ask(server, "DELETE", path))[0] == 202
        await again.commands("call:status")


async def status_of(server: Supervised, path: str) -> int:
    return (await ask(server, "GET", path))[0]
