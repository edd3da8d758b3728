"""The command line of the doctor."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from app.doctor.scenarios import SCENARIOS
from app.twin import DialectName
from app.twin.url import BadUrl, split_url

DEFAULT_URL = "ws://127.0.0.1:3000/weather"
SECONDS = 90.0


class UsageError(Exception):
    """An option makes no sense; the message is one line that says why."""


@dataclass(frozen=True, slots=True)
class Options:
    """Whom to examine, and how.

    Attributes:
        only: Names of scenarios; all of them where it is empty.
        timeout: Seconds for everything.
        pace: Factor for all time limits.
        knows_agent: False plays open-source jambonz, which has no agent verb.
    """

    url: str = DEFAULT_URL
    username: str | None = None
    password: str | None = None
    only: Sequence[str] = ()
    timeout: float = SECONDS
    pace: float = 1.0
    dialect: DialectName = "agent"
    knows_agent: bool = True
    json: bool = False
    color: bool = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the doctor's arguments to a parser."""
    add = parser.add_argument
    parser.epilog = (
        "Ends with 0 where there is no error, with 1 where there is one, with 2 where there is no "
        "connection. The rules are in docs/doctor.md."
    )
    add(
        "url",
        nargs="?",
        default=DEFAULT_URL,
        metavar="URL",
        help="the application: ws, wss, http or https, with user:password@ if it wants them, or a"
        " path on this machine, such as /menu (default: %(default)s)",
    )
    add("--user", metavar="NAME", help="user name for basic auth")
    add("--password", metavar="WORD", help="password for basic auth")
    add(
        "--scenario",
        "--only",
        action="append",
        default=[],
        dest="only",
        choices=tuple(SCENARIOS),
        metavar="NAME",
        help=f"play only this (repeatable): {', '.join(SCENARIOS)}",
    )
    add(
        "--timeout",
        type=float,
        default=SECONDS,
        metavar="SECONDS",
        help="for everything (default: %(default)g)",
    )
    add(
        "--pace",
        type=float,
        default=1.0,
        metavar="FACTOR",
        help="factor for jambonz' time limits, below 1 for a strict doctor (default: %(default)g)",
    )
    add("--dialect", choices=get_args(DialectName), default="agent", help="names of agent events")
    add(
        "--agent",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="play a jambonz with the agent verb, or one before 10.1 without it",
    )
    add("--json", action="store_true", help="one JSON object, and nothing else")
    add("--no-color", action="store_true", help="no colours")


def read_options(args: argparse.Namespace) -> Options:
    """Turn parsed arguments into options.

    Raises:
        UsageError: If a value makes no sense.
    """
    try:
        url, username, password = split_url(args.url, DEFAULT_URL)
    except BadUrl as bad:
        raise UsageError(str(bad)) from None
    for name, value in (("--timeout", args.timeout), ("--pace", args.pace)):
        if not value > 0:
            raise UsageError(f"{name} {value:g}: give a number above 0")
    return Options(
        url=url.partition("#")[0],
        username=args.user if args.user is not None else username,
        password=args.password if args.password is not None else password,
        only=tuple(args.only),
        timeout=args.timeout,
        pace=args.pace,
        dialect=args.dialect,
        knows_agent=args.agent,
        json=args.json,
        color=not args.no_color,
    )
