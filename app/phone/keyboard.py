"""Read lines from standard input without holding up the call, or the end of the process."""

import asyncio
import codecs
import os
import threading
from collections.abc import AsyncIterator

_BLOCK = 4096


async def read_lines(descriptor: int) -> AsyncIterator[str]:
    """Yield the lines of a file descriptor until its end.

    A daemon thread reads, by `os.read`: a thread inside `sys.stdin.readline` would hold a lock that
    the interpreter wants when it exits, and not every descriptor (a file, for one) can be polled.
    """
    queue: asyncio.Queue[str | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    thread = threading.Thread(target=_pump, args=(descriptor, loop, queue), daemon=True)
    thread.start()
    while (line := await queue.get()) is not None:
        yield line


def _pump(
    descriptor: int, loop: asyncio.AbstractEventLoop, queue: "asyncio.Queue[str | None]"
) -> None:
    """Read blocks, and hand over whole lines, then None."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    rest = ""
    try:
        while block := _read(descriptor):
            *lines, rest = (rest + decoder.decode(block)).split("\n")
            for line in lines:
                loop.call_soon_threadsafe(queue.put_nowait, line)
        for end in (rest, None) if rest else (None,):
            loop.call_soon_threadsafe(queue.put_nowait, end)
    except RuntimeError:  # the loop is closed: nobody waits any more
        return


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, _BLOCK)
    except OSError:  # the terminal is gone
        return b""
