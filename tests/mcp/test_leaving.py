"""SIGTERM to a server that runs MCP servers as programs: none is left behind."""

import os
import sys
from pathlib import Path

import pytest

from app.logs import Event
from tests.mcp.peers import STDIO
from tests.server.test_shutdown import serving

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM")

HANDLER = f"""
from app import Application, mcp_tools

good = mcp_tools({STDIO!r}, env={{"PYTHONPATH": {str(Path.cwd())!r}, "PIDFILE": "good"}})
deaf = mcp_tools({STDIO!r}, env={{"PYTHONPATH": {str(Path.cwd())!r}, "PIDFILE": "deaf"}})
call = Application("/tools")


@call.session_new
async def answer(session):
    return []
"""


async def test_no_program_is_left_behind_not_even_one_that_does_not_want_to_end(
    tmp_path: Path,
) -> None:
    (tmp_path / "hooks").mkdir()
    (tmp_path / "hooks" / "tools.py").write_text(HANDLER)
    async with serving(tmp_path) as server:
        await server.line(Event.MCP_SERVER_CONNECTED)
        await server.line(Event.MCP_SERVER_CONNECTED)
        pids = [int((tmp_path / name).read_text()) for name in ("good", "deaf")]

        server.process.terminate()

        assert await server.exit_code() == 0
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
