"""A handler that blocks the loop is named while other calls wait for it."""

from pathlib import Path

from app import stalls
from tests.server.conftest import Logbook, running_folder

HANDLER = """
import time
from app import Application, Session, say

slow = Application("/slow")

@slow.session_new
async def answer(session: Session):
    time.sleep(0.4)
    return say("Sorry for the wait.")
"""


async def test_a_handler_that_sleeps_is_named_in_the_log_and_in_the_metrics(
    folder: Path, logbook: Logbook
) -> None:
    logbook.without_call.add("loop_stalled")
    (folder / "handlers" / "slow.py").write_text(HANDLER)
    place = "handlers/slow.py:9 in answer"
    async with running_folder(folder, stalls.setup) as server:
        await server.call("/slow")
        line = await logbook.line("loop_stalled", place=place)
        async with server.client.get(server.url("/metrics")) as response:
            text = await response.text()

    assert 0.3 < line["seconds"] < 4
    assert line["fix"] == "await it, or use a plain def, which runs in a thread"
    assert f'cordboard_loop_stalls_total{{place="{place}"}} 1.0' in text
    assert f'cordboard_loop_stall_seconds_total{{place="{place}"}}' in text
