"""Several processes on one port: all of them answer, and what becomes of them at each signal."""

import asyncio
import os
import signal
import socket
import sys
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from aiohttp import WSCloseCode

from app.logs import Event
from app.workers.worker import start
from tests.workers.supervised import HANDLER, PATIENCE, supervised

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no port is shared there")

BROKEN = "from app import Application\n\ncall = Application('/call')\n"
"""Nothing answers a call."""


async def test_all_workers_answer_on_one_port_and_a_dead_one_is_replaced(tmp_path: Path) -> None:
    async with supervised(tmp_path, 2) as server:
        await server.until_listening("1", "2")
        calls = await server.one_call_for_each(2)
        victim, other = calls
        os.kill(victim, signal.SIGKILL)
        ended = await server.line(Event.WORKER_ENDED)
        await server.until_listening(ended["worker"])

        assert ended["code"] == -signal.SIGKILL
        assert await server.process_of(calls[other]) == other, "the other one goes on"
        assert victim not in await server.one_call_for_each(2)
        server.process.terminate()
        assert await server.exit_code() == 0
        assert server.process.stdout is not None
        said = (await server.process.stdout.read()).decode()

    assert said.count("Cordboard") == 1, "one welcome for all"
    assert f"ws://127.0.0.1:{server.port}" in said


async def test_sighup_renews_all_and_every_call_moves_once_as_it_is(tmp_path: Path) -> None:
    async with supervised(tmp_path, 2) as server:
        await server.until_listening("1", "2")
        calls = await server.one_call_for_each(2)
        for call in calls.values():
            assert await call.tool_call("count") == {"result": 1}
        (tmp_path / "handlers" / "call.py").write_text(HANDLER.replace("VERSION 1", "VERSION 2"))
        os.killpg(server.process.pid, signal.SIGHUP)  # as a terminal does that is closed
        await server.until_listening("1", "2")
        for call in calls.values():
            again = await server.redialled(call)
            assert await again.tool_call("count") == {"result": 2}
            assert await server.process_of(again) not in calls
        await server.line(Event.WORKERS_RENEWED)
        renewed = await server.one_call_for_each(2)

        assert not calls.keys() & renewed.keys()
        assert "VERSION 2" in str(renewed.popitem()[1].frames[0])


async def test_where_the_new_code_is_broken_the_old_workers_go_on(tmp_path: Path) -> None:
    async with supervised(tmp_path, 1) as server:
        await server.until_listening("1")
        call = await server.call()
        pid = await server.process_of(call)
        (tmp_path / "handlers" / "call.py").write_text(BROKEN)
        server.process.send_signal(signal.SIGHUP)

        assert (await server.line(Event.WORKERS_NOT_RENEWED))["code"] == 2
        assert await server.process_of(call) == pid


async def test_a_new_worker_that_dies_is_replaced_while_the_old_one_drains(tmp_path: Path) -> None:
    async with supervised(tmp_path, 1, drain_seconds="60") as server:
        await server.until_listening("1")
        busy = await server.call()
        old = await server.process_of(busy)
        await busy.ask_tool("wait_for_ever")
        server.process.send_signal(signal.SIGHUP)
        await server.until_listening("1")
        await server.line(Event.DRAINING)
        new = await server.process_of(await server.call())
        assert new != old
        os.kill(new, signal.SIGKILL)

        assert (await server.line(Event.WORKER_ENDED))["code"] == -signal.SIGKILL
        await server.until_listening("1")
        assert not any(one["event"] == Event.WORKERS_RENEWED for one in server.lines)


async def test_at_sigterm_all_workers_let_their_calls_go(tmp_path: Path) -> None:
    async with supervised(tmp_path, 2) as server:
        await server.until_listening("1", "2")
        calls = await server.one_call_for_each(2)
        os.killpg(server.process.pid, signal.SIGTERM)  # as systemd does: to all processes at once

        for call in calls.values():
            assert await call.close_code() == WSCloseCode.SERVICE_RESTART
        assert await server.exit_code() == 0
        draining = [one for one in await server.rest() if one["event"] == Event.DRAINING]

    assert {one["worker"] for one in draining} == {"1", "2"}


async def test_a_second_signal_waits_for_nobody(tmp_path: Path) -> None:
    async with supervised(tmp_path, 1, drain_seconds="600") as server:
        await server.until_listening("1")
        call = await server.call()
        await call.ask_tool("wait_for_ever")
        server.process.terminate()
        await server.line(Event.DRAINING)
        server.process.terminate()

        assert await server.exit_code() == 0
        assert await call.close_code() == WSCloseCode.ABNORMAL_CLOSURE


async def test_no_worker_outlives_its_supervisor(tmp_path: Path) -> None:
    first = first_of_free_ports(2)
    async with supervised(tmp_path, 2, node_port=str(first)) as server:
        await server.until_listening("1", "2")
        calls = await server.one_call_for_each(2)
        for port in (first, first + 1):
            async with server.client.get(f"http://127.0.0.1:{port}/readyz") as answer:
                assert answer.status == 200, "each can be asked alone"
        server.process.kill()

        for call in calls.values():
            assert await call.close_code() == WSCloseCode.SERVICE_RESTART
        await server.rest()  # which ends where the last process that writes it does
        with pytest.raises(OSError):  # noqa: PT011
            await server.call()


async def test_a_broken_handler_is_told_once(tmp_path: Path) -> None:
    async with supervised(tmp_path, 3, handler=BROKEN) as server:
        assert await server.exit_code() == 2
        said = "".join(str(line["event"]) for line in await server.rest())

    assert said.count("cordboard: ") == 1
    assert "/call" in said


async def test_a_worker_that_dies_as_it_starts_is_told_and_ends_it(tmp_path: Path) -> None:
    dies = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n"
    async with supervised(tmp_path, 3, handler=dies) as server:
        assert await server.exit_code() == 1
        ended = [one for one in await server.rest() if one["event"] == Event.WORKER_ENDED]

    assert [one["code"] for one in ended] == [-signal.SIGKILL]


async def test_one_that_does_not_come_to_answer_is_ended_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hangs = "import time; time.sleep(600)"
    monkeypatch.setattr(sys, "orig_argv", [sys.executable, "-c", hangs])
    worker = await start("1", 0, 0, within=0.1)
    async with asyncio.timeout(PATIENCE):
        assert not await worker.until_ready(), "who waits for it goes on"
        await worker.ended.wait()

    assert worker.is_late
    assert worker.exit_code == -signal.SIGKILL


async def test_a_port_in_use_is_one_line(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        async with supervised(tmp_path, 2, port=str(other.getsockname()[1])) as server:
            assert await server.exit_code() == 2
            (line,) = await server.rest()

    assert "Address already in use" in line["event"]


def first_of_free_ports(count: int) -> int:
    """The first of so many in a row, below those that systems choose from."""
    for first in range(20_000 + os.getpid() % 5_000, 30_000):
        with ExitStack() as taken, suppress(OSError):
            for port in range(first, first + count):
                taken.enter_context(socket.socket()).bind(("127.0.0.1", port))
            return first
    raise AssertionError("no ports are free")
