"""``cordboard agents``: the agents of a server as files, pulled, edited, compared and pushed."""

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple, TextIO

from app.agent_files.folder import Folder
from app.agent_files.server import Refused, Server, Unreachable, is_loopback
from app.agent_files.work import Told, diff, pull, push

__all__ = ["Reach", "add_arguments", "run"]

GOOD, WRONG, CANNOT = 0, 1, 2
"""Exit codes: all is well; something differs or is refused; the server cannot be asked."""

RED, GREEN, DIM, PLAIN = "\x1b[31m", "\x1b[32m", "\x1b[2m", "\x1b[0m"
NOT_ALLOWED: Final = (401, 403)
COLORS: Final = {"-": RED, "+": GREEN, "@": DIM}


class Reach(NamedTuple):
    """How a command reaches a server.

    Attributes:
        server: Which one.
        key: Of its REST API, as the person gave it; empty where none was given.
        own_key: That which a server of this machine has made; no other server gets it.
    """

    server: str
    key: str
    own_key: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to a parser."""
    parser.add_argument("action", choices=("pull", "push", "diff"), help="what to do")
    parser.add_argument("names", nargs="*", metavar="NAME", help="a file or an id; all without")
    parser.add_argument("--server", metavar="URL", help="default: the one of this machine")
    parser.add_argument("--folder", type=Path, default=Path("agents"), help="default: agents")
    parser.add_argument(
        "--force",
        action="store_true",
        help="pull: lose changes that are not pushed; push: replace newer versions",
    )
    parser.add_argument("--draft", action="store_true", help="push: save, but publish later")
    parser.add_argument("--note", default="", help="push: why, for people")
    parser.epilog = (
        "The key is the first of CORDBOARD_API_KEYS; for a server of this machine, the one that it "
        "made, in CORDBOARD_DATA_DIR. docs/agents.md tells how files look."
    )


def run(
    args: argparse.Namespace,
    reach: Reach,
    *,
    plain: bool = False,
    out: TextIO | None = None,
    err: TextIO | None = None,
) -> int:
    """Pull, push or compare; return the exit code.

    Args:
        args: What a parser with `add_arguments` read.
        reach: Which server, unless the arguments say so, and its keys.
        plain: Whether colours are unwanted.
        out: Where to write; standard output if None.
        err: Where to tell why nothing can be done; standard error if None.
    """
    out, err = out or sys.stdout, err or sys.stderr
    url = args.server or reach.server
    if not url.startswith(("http://", "https://")):
        err.write(f"cordboard: --server: expected http://… or https://…, came {url!r}\n")
        return CANNOT
    server = Server(url, reach.key or (reach.own_key if is_loopback(url) else ""))
    color = out.isatty() and not plain
    is_wrong = False
    try:
        for told in _act(args, server, Folder(args.folder)):
            is_wrong |= told.is_wrong
            out.write("".join(f"{line}\n" for line in _lines(told, color=color)))
            out.flush()
    except (Unreachable, Refused, OSError) as error:
        err.write(f"cordboard: {_reason(error)}\n")
        return CANNOT
    return WRONG if is_wrong else GOOD


def _reason(error: Exception) -> str:
    if isinstance(error, Refused) and error.status in NOT_ALLOWED:
        return f"{error} The command sends the first of CORDBOARD_API_KEYS."
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}"
    return str(error)


def _act(args: argparse.Namespace, server: Server, folder: Folder) -> Iterator[Told]:
    acts: dict[str, Callable[[], Iterator[Told]]] = {
        "pull": lambda: pull(server, folder, args.names, force=args.force),
        "push": lambda: push(
            server, folder, args.names, force=args.force, draft=args.draft, note=args.note
        ),
        "diff": lambda: diff(server, folder, args.names),
    }
    return acts[args.action]()


def _lines(told: Told, *, color: bool) -> Iterator[str]:
    yield _colored(f"{told.about}: {told.text}", RED if told.is_wrong else "", color=color)
    for line in told.lines:
        yield _colored(line, COLORS.get(line[:1], ""), color=color)


def _colored(line: str, code: str, *, color: bool) -> str:
    return f"{code}{line}{PLAIN}" if color and code else line
