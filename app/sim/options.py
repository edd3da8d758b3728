"""The command line of the simulated callers."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.twin import BadChaos, Chaos
from app.twin.timings import Timings
from app.twin.url import BadUrl, split_url

SAMPLE = "ws://127.0.0.1:3000"

WORST = "3"
"""The level of `--chaos` without one."""


class UsageError(Exception):
    """An option makes no sense; the message is one line that says why."""


@dataclass(frozen=True, slots=True)
class Options:
    """What to run, and where to tell of it.

    Attributes:
        paths: Files and folders of scenarios.
        url: What is called; None for the applications of this folder, in this process.
        calls: How many calls in all; None for what the scenarios say.
        only: The one call that is to be made, as `name#2`.
        filter: What a scenario's name must have in it.
        tags: Of which a scenario must have one.
        chaos: How badly the network behaves.
        llm: Who plays the agents' model.
        judge: Who judges; empty for nobody.
        timings: How long the parts of a turn take.
        timeout: Seconds of real time for one call.
    """

    paths: tuple[Path, ...]
    url: str | None = None
    username: str | None = None
    password: str | None = None
    calls: int | None = None
    concurrency: int = 20
    seed: int = 0
    only: str = ""
    filter: str = ""
    tags: tuple[str, ...] = ()
    chaos: Chaos | None = None
    llm: str = "offline"
    judge: str = ""
    timings: Timings = field(default_factory=Timings.natural)
    timeout: float = 60.0
    junit: Path | None = None
    html: Path | None = None
    json: bool = False
    color: bool = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `sim` to a parser."""
    parser.epilog = (
        "Ends with 0 where every call passed, with 1 where one failed, with 2 where a scenario or "
        "an option is wrong. How to write scenarios: docs/sim.md."
    )
    parser.add_argument(
        "paths",
        nargs="+",
        type=Path,
        metavar="SCENARIOS",
        help="YAML files, or folders of them",
    )
    _add_target(parser)
    _add_run(parser)
    _add_models(parser)
    _add_output(parser)


def _add_target(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("what is called").add_argument
    add(
        "--url",
        metavar="URL",
        help="any jambonz WebSocket application, as wss://user:password@host; the paths of the"
        " scenarios are added to it (default: the applications of this folder, in this process)",
    )
    add("--user", metavar="NAME", help="user name for basic auth")
    add("--password", metavar="WORD", help="password for basic auth")


def _add_run(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("the run").add_argument
    add("--calls", type=int, metavar="N", help="so many calls in all, the scenarios in turn")
    add(
        "--concurrency",
        type=int,
        default=20,
        metavar="N",
        help="calls at a time (default: %(default)s)",
    )
    add("--seed", type=int, default=0, metavar="S", help="what is drawn, is drawn by it")
    add("--only", default="", metavar="NAME#N", help="make this one call again")
    add("--filter", default="", metavar="TEXT", help="scenarios with this in their name")
    add("--tag", action="append", default=[], metavar="TAG", help="or with this tag (repeatable)")
    add(
        "--chaos",
        nargs="?",
        const=WORST,
        metavar="LEVEL",
        help="let the network behave badly: 1 delays frames, 2 also doubles messages, 3 (also"
        " without a number) also cuts sockets; or a list such as delay,cut=0.2",
    )
    add(
        "--timings",
        default="natural",
        metavar="WHICH",
        help="how long the parts of a turn take on the virtual clock: natural, none, or a list such"
        " as stt=0.3,eot=uniform(0.1,0.3),llm=lognormal(0.5,0.3),tts=0.2 (default: %(default)s)",
    )
    add(
        "--timeout",
        type=float,
        default=60.0,
        metavar="SECONDS",
        help="real time for one call (default: %(default)g)",
    )


def _add_models(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("models").add_argument
    add(
        "--llm",
        default="offline",
        metavar="VENDOR:MODEL",
        help="who plays the agents' model (default: %(default)s, which needs no key)",
    )
    add("--judge", default="", metavar="VENDOR:MODEL", help="who judges what scenarios let judge")


def _add_output(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("output").add_argument
    add("--junit", type=Path, metavar="FILE", help="write JUnit XML")
    add("--html", type=Path, metavar="FILE", help="write a report with every call that failed")
    add("--json", action="store_true", help="one JSON object, and nothing else")
    add("--no-color", action="store_true", help="no colours")


def read_options(args: argparse.Namespace) -> Options:
    """Turn parsed arguments into options.

    Raises:
        UsageError: If a value makes no sense.
    """
    for name, value in (("--calls", args.calls), ("--concurrency", args.concurrency)):
        if value is not None and value < 1:
            raise UsageError(f"{name} {value}: give a number of calls, at least 1")
    if not args.timeout > 0:
        raise UsageError(f"--timeout {args.timeout:g}: give a number of seconds above 0")
    url, username, password = _address(args.url)
    return Options(
        paths=tuple(args.paths),
        url=url,
        username=args.user if args.user is not None else username,
        password=args.password if args.password is not None else password,
        calls=args.calls,
        concurrency=args.concurrency,
        seed=args.seed,
        only=args.only,
        filter=args.filter,
        tags=tuple(args.tag),
        chaos=_chaos(args.chaos),
        llm=args.llm,
        judge=_judge(args.judge),
        timings=_timings(args.timings),
        timeout=args.timeout,
        junit=args.junit,
        html=args.html,
        json=args.json,
        color=not args.no_color,
    )


def _address(text: str | None) -> tuple[str | None, str | None, str | None]:
    if text is None:
        return None, None, None
    try:
        return split_url(text, SAMPLE)
    except BadUrl as bad:
        raise UsageError(f"--url {bad}") from None


def _chaos(text: str | None) -> Chaos | None:
    try:
        return None if text is None else Chaos.parse(text)
    except BadChaos as bad:
        raise UsageError(f"--chaos {bad}") from None


def _timings(text: str) -> Timings:
    try:
        return Timings.parse(text)
    except ValueError as bad:
        raise UsageError(f"--timings {bad}") from None


def _judge(name: str) -> str:
    if name.partition(":")[0] == "offline":
        raise UsageError(
            "--judge offline: it knows words, not what they mean; name a model of a vendor, such as"
            " openai:gpt-4.1-mini, or leave --judge out: what is to be judged is then skipped"
        )
    return name


def again(options: Options, name: str) -> Sequence[str]:
    """The words that make one call of a run again."""
    words = ["sim", *map(str, options.paths), "--seed", str(options.seed), "--only", name]
    for option, value in (("--url", options.url), ("--user", options.username)):
        words += [option, value] if value else []
    if options.chaos:
        words += ["--chaos", str(options.chaos)]
    if options.llm != "offline":
        words += ["--llm", options.llm]
    return [*words, "--judge", options.judge] if options.judge else words
