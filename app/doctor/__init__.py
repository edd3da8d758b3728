"""The doctor: dials any jambonz WebSocket application, tries its hooks, and grades it."""

import argparse
import asyncio
import json
import sys
from typing import TextIO

from app.doctor import report
from app.doctor.desk import Desk
from app.doctor.examine import Examination, examine
from app.doctor.finding import RULES, Finding, Rule
from app.doctor.limits import Limits
from app.doctor.line import CannotConnect, Dialler
from app.doctor.options import Options, UsageError, add_arguments, read_options
from app.doctor.scenarios import SCENARIOS

__all__ = [
    "RULES",
    "SCENARIOS",
    "CannotConnect",
    "Examination",
    "Finding",
    "Limits",
    "Options",
    "Rule",
    "add_arguments",
    "desk_for",
    "doctor",
    "examine",
    "run",
]

CANNOT_CONNECT = 2
"""Exit code where there was nothing to examine."""


def run(args: argparse.Namespace, *, plain: bool = False) -> int:
    """Examine an application as the command line says, and give the exit code.

    Args:
        args: Parsed arguments of `add_arguments`.
        plain: Whether colours are unwanted, whatever the options say.
    """
    try:
        options = read_options(args)
    except UsageError as error:
        sys.stderr.write(f"doctor: {error}\n")
        return CANNOT_CONNECT
    color = options.color and not plain and sys.stdout.isatty()
    return asyncio.run(doctor(options, sys.stdout, color=color))


async def doctor(options: Options, out: TextIO, *, color: bool = False) -> int:
    """Examine an application, write the report, and give the exit code: 0 without errors."""

    def tell(name: str, seconds: float, was_tried: bool) -> None:
        if not options.json:
            says = SCENARIOS[name].says + ("" if was_tried else ": nothing to try")
            print(f"  {name:<10} {seconds:5.1f} s  {says}", file=out, flush=True)

    if not options.json:
        print(f"Examining {options.url}", file=out, flush=True)
    try:
        seen = await examine(
            desk_for(options), only=options.only, limit=options.timeout, on_progress=tell
        )
    except CannotConnect as failure:
        return _cannot_connect(options, str(failure), out)
    if options.json:
        print(json.dumps(report.to_json(options.url, seen), ensure_ascii=False), file=out)
    else:
        print("\n".join(report.Page(color).lines(seen)), file=out)
    return 0 if report.is_healthy(seen) else 1


def desk_for(options: Options) -> Desk:
    """The desk that an examination needs."""
    limits = Limits().scaled(options.pace)
    credentials = None
    if options.username is not None:
        credentials = (options.username, options.password or "")
    dialler = Dialler(options.url, credentials, limits.handshake)
    return Desk(dialler, limits, options.dialect, options.knows_agent)


def _cannot_connect(options: Options, why: str, out: TextIO) -> int:
    if options.json:
        print(json.dumps({"url": options.url, "grade": None, "error": why}), file=out)
    else:
        print(f"Cannot connect: {why}", file=out)
    return CANNOT_CONNECT
