"""Hot reload: a change reaches the next call, and a call in progress keeps its code."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from app import discover, reload
from app.application import place_of, rediscover
from tests.server.conftest import Logbook, Server, running_folder

HOOKS = """
from app import tool

@tool
async def version() -> str:
    "The version."
    return "VERSION"
"""
HANDLERS = """
from app import Agent, Application, Session
from hooks.shared import version

made = Application("PATH")

@made.session_new
async def answer(session: Session) -> Agent:
    return Agent(
        llm="openai:gpt-4.1-mini", stt="deepgram:nova-3-general", tts="cartesia:x",
        instructions="Version VERSION", tools=[version],
    )
"""


def write(folder: Path, version: str, *paths: str) -> None:
    """The whole project anew, in this version; files of other paths go."""
    (folder / "hooks").mkdir(exist_ok=True)
    (folder / "hooks" / "shared.py").write_text(HOOKS.replace("VERSION", version))
    wanted = {f"{path.strip('/')}.py": path for path in paths}
    for name, path in wanted.items():
        text = HANDLERS.replace("PATH", path).replace("VERSION", version)
        (folder / "handlers" / name).write_text(text)
    for old in (folder / "handlers").glob("[a-z]*.py"):
        if old.name not in wanted:
            old.unlink()


@pytest.fixture
async def server(folder: Path, logbook: Logbook) -> AsyncIterator[Server]:
    """A server of a project in version one, that reloads."""
    logbook.without_call |= {"reloaded", "reload_failed"}
    write(folder, "one", "/call")
    async with running_folder(folder, reload.setup) as running:
        yield running


async def settled(book: Logbook, event: str, **fields: Any) -> dict[str, Any]:
    """Wait for this line, and forget it and what came before."""
    line = await book.line(event, **fields)
    book.lines.clear()
    return line


async def refused(server: Server, path: str) -> int:
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await server.dial(path)
    return caught.value.status


async def test_a_call_in_progress_keeps_its_code_and_the_next_call_gets_the_new(
    server: Server,
    folder: Path,
    logbook: Logbook,
) -> None:
    old = await server.call()
    write(folder, "two", "/call")
    line = await settled(logbook, "reloaded")

    new = await server.dial()
    (agent,) = (await new.open())["data"]
    assert await new.tool_call("version") == {"result": "two"}
    assert "Version two" in str(agent)
    assert await old.tool_call("version") == {"result": "one"}
    assert set(line["changed"].split(", ")) & {"handlers/call.py", "hooks/shared.py"}
    assert line["ms"] >= 0


async def test_what_cannot_be_imported_is_told_and_the_old_code_serves_on(
    server: Server,
    folder: Path,
    logbook: Logbook,
) -> None:
    broken = folder / "hooks" / "shared.py"
    good = broken.read_text()
    broken.write_text(good + "\ndef half(:\n")
    line = await settled(logbook, "reload_failed")
    assert line["place"] == f"hooks/shared.py:{good.count(chr(10)) + 2}"
    assert line["error"].startswith("SyntaxError: ")
    assert await (await server.call()).tool_call("version") == {"result": "one"}

    broken.write_text(good.replace("one", "two"))
    await settled(logbook, "reloaded")
    assert await (await server.call()).tool_call("version") == {"result": "two"}


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("import sys\n\nsys.exit(1)\n", "SystemExit: 1"),
        ("from app import say\n\nsay(txt='hi')\n", "did you mean"),
        ("from app import Application\n\nbad = Application('v1')\n", "begin it with a slash"),
        ("from nowhere import nothing\n\n\n", "ModuleNotFoundError: No module named 'nowhere'"),
    ],
)
async def test_whatever_goes_wrong_is_placed_in_the_file_of_the_author(
    server: Server,
    folder: Path,
    logbook: Logbook,
    text: str,
    error: str,
) -> None:
    (folder / "handlers" / "wrong.py").write_text(text)
    line = await settled(logbook, "reload_failed")

    assert error in line["error"]
    assert line["place"].startswith("handlers/wrong.py:")
    assert await (await server.call()).tool_call("version") == {"result": "one"}


async def test_new_paths_come_and_removed_ones_go_but_their_calls_go_on(
    server: Server,
    folder: Path,
    logbook: Logbook,
) -> None:
    old = await server.call()
    assert await refused(server, "/other") == 404
    write(folder, "two", "/other")
    line = await settled(logbook, "reloaded", new="/other", gone="/call")

    assert "handlers/other.py" in line["changed"]
    assert await refused(server, "/call") == 404
    assert await (await server.call("/other")).tool_call("version") == {"result": "two"}
    assert await old.tool_call("version") == {"result": "one"}


async def test_a_call_that_reconnects_after_a_reload_finds_its_session_and_its_code(
    server: Server,
    folder: Path,
    logbook: Logbook,
) -> None:
    old = await server.call()
    session = server.session(old)
    write(folder, "two", "/call")
    await settled(logbook, "reloaded")
    await old.lose()
    await logbook.line("socket_lost")

    again = await server.dial(call_sid=old.call_sid)
    await again.open("session:reconnect")

    assert server.session(again) is session
    assert await again.tool_call("version") == {"result": "one"}


async def test_what_an_editor_writes_for_a_moment_is_no_change(
    server: Server, folder: Path, logbook: Logbook
) -> None:
    news = server.calls.runtime.is_news
    assert news("odd")
    draft, hooks = folder / "handlers" / "4913", folder / "hooks" / "shared.py"
    draft.touch()
    draft.unlink()
    hooks.write_text(HOOKS.replace("VERSION", "two"))
    line = await settled(logbook, "reloaded")

    assert line["changed"] == "hooks/shared.py"
    assert news("odd"), "what is odd about the new code is told again"


async def test_files_that_cannot_be_watched_are_told_and_calls_are_served(
    folder: Path, logbook: Logbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*folders: object, **_: object) -> AsyncIterator[set[Any]]:
        if folders:
            raise OSError("OS file watch limit reached")
        yield set()

    logbook.without_call.add("reload_off")
    monkeypatch.setattr(reload, "awatch", fail)
    write(folder, "one", "/call")
    async with running_folder(folder, reload.setup) as server:
        line = await logbook.line("reload_off")
        assert await (await server.call()).tool_call("version") == {"result": "one"}

    assert line["error"] == "OS file watch limit reached"


def test_two_quick_changes_of_one_length_are_both_seen(folder: Path) -> None:
    write(folder, "one", "/call")
    discover(folder)
    for version in ("two", "six", "ten"):
        write(folder, version, "/call")
        (application,) = rediscover(folder)
        handler = application.handlers["session_new"].function
        assert handler.__globals__["version"].function.__code__.co_consts[1] == version


def test_modules_that_fail_leave_those_from_before(folder: Path) -> None:
    write(folder, "one", "/call")
    (before,) = discover(folder)
    (folder / "handlers" / "call.py").write_text("raise RuntimeError('broken')")

    with pytest.raises(RuntimeError) as caught:
        rediscover(folder)

    from handlers import call  # type: ignore[attr-defined]

    assert place_of(caught.value) == "handlers/call.py:1"
    assert call.made is before
