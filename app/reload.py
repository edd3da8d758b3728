"""Hot reload for development: a change in ``handlers/`` or ``hooks/`` reaches the next call.

Calls in progress keep the code that they began with: a session holds its application, and that
holds its functions. What cannot be imported is told, and what served before goes on serving.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Final

import structlog
from aiohttp import web
from watchfiles import awatch
from watchfiles.main import FileChange

from app.application import PACKAGES, place_of, rediscover
from app.keys import CALLS, SETTINGS, SWITCHBOARD
from app.logs import Event
from app.protocol import CordboardError

__all__ = ["setup"]

QUIET_MS: Final = 50
"""What an editor writes within such a pause is one change."""
LONGEST_MS: Final = 500

log = structlog.get_logger("cordboard.reload")


def setup(web_app: web.Application) -> None:
    """Watch the author's files while the server runs."""
    logging.getLogger("watchfiles").setLevel(logging.WARNING)  # it tells of each change too
    web_app.cleanup_ctx.append(watching)


async def watching(web_app: web.Application) -> AsyncIterator[None]:
    """A task that watches, from the start of the server to its end."""
    task = asyncio.create_task(watch(web_app))
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def watch(web_app: web.Application) -> None:
    """Reload whenever files have changed; one reload at a time."""
    root = web_app[SETTINGS].folder.resolve()
    folders = [root / name for name in PACKAGES if (root / name).is_dir()]
    watched = awatch(*folders, debounce=LONGEST_MS, step=QUIET_MS)
    try:
        await reload_for(watched, web_app, root)
    except (OSError, RuntimeError) as error:  # such as: too many files are watched already
        log.error(Event.RELOAD_OFF, error=str(error), advice="restart to take up new code")


async def reload_for(
    watched: AsyncIterator[set[FileChange]], web_app: web.Application, root: Path
) -> None:
    """Reload for each set of changes that is about files of an author."""
    async for changes in watched:
        # Files that an editor makes for a moment only are no news.
        paths = [Path(path) for _, path in changes]
        kept = {path for path in paths if path.suffix == ".py" or path.exists()}
        if kept:
            await reload(web_app, root, sorted(one.relative_to(root).as_posix() for one in kept))


async def reload(web_app: web.Application, root: Path, changed: Iterable[str]) -> None:
    """Import all anew, in a thread since calls go on, and connect new calls to it."""
    begun, files = time.perf_counter(), ", ".join(changed)
    switchboard = web_app[SWITCHBOARD]
    before = {one.path for one in switchboard.applications}
    try:
        switchboard.connect(await asyncio.to_thread(rediscover, root))
        web_app[CALLS].runtime.forget_news()  # what is still odd about the new code is told again
    except (Exception, SystemExit) as error:  # the author's modules may raise anything
        complain(error, files)
        return
    after = {one.path for one in switchboard.applications}
    moved = {"new": ", ".join(sorted(after - before)), "gone": ", ".join(sorted(before - after))}
    log.info(
        Event.RELOADED,
        changed=files,
        ms=round((time.perf_counter() - begun) * 1000),
        **{name: paths for name, paths in moved.items() if paths},
    )


def complain(error: BaseException, files: str) -> None:
    """Show what is wrong and where; a traceback only where the text does not say it all."""
    says_it_all = isinstance(error, CordboardError | SyntaxError)
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    log.error(
        Event.RELOAD_FAILED,
        changed=files,
        place=place_of(error),
        error=text if isinstance(error, CordboardError) else f"{type(error).__name__}: {text}",
        advice="new calls still get the code from before",
        exc_info=None if says_it_all else error,
    )
