"""The command line of the phone."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from app.phone.steps import Step
from app.twin import DialectName, Outcome
from app.twin.url import BadUrl, split_url

DEFAULT_URL = "ws://127.0.0.1:3000/weather"

FAIL_FAST = "rp=rt"
"""A retry policy that covers no failed first dial: a person should not wait 13 s for it."""


Callee = Outcome | Literal["machine"]
"""What a called party does, or who picks up."""


class UsageError(Exception):
    """An option makes no sense; the message is one line that says why."""


KEY = "$(cat .cordboard/api-key)"
"""What stands for the API key in the command that steers a call: where a server keeps its own."""


@dataclass(frozen=True, slots=True)
class Options:
    """Whom to call, as whom, and how to show it.

    Attributes:
        url: The application, as `ws` or `wss`, without credentials.
        script: What the caller does; empty reads the keyboard.
        ack_timeout: Seconds that jambonz waits for an ack.
        llm: Who plays the agent's LLM; empty leaves it to the agent.
        summarize: After how many turns an agent's history is summed up; 0 never does it.
        timeout: Seconds to wait for an answer before the call counts as gone wrong.
        real_time: Whether a call that nobody sits at takes its time too.
        seed: Makes the same times and ids in each call; other ones each time where it is None.
        callees: Who is called, by an outbound call first, and what they do.
        knows_agent: False plays a jambonz that has no agent verb.
    """

    url: str = DEFAULT_URL
    username: str | None = None
    password: str | None = None
    script: tuple[Step, ...] = ()
    from_: str = "+15085551212"
    to: str = "+16175550100"
    direction: Literal["inbound", "outbound"] = "inbound"
    env: dict[str, Any] = field(default_factory=dict)
    tag: dict[str, Any] = field(default_factory=dict)
    llm: str = ""
    summarize: int = 0
    dialect: DialectName = "agent"
    knows_agent: bool = True
    real_time: bool = False
    seed: int | None = None
    ack_timeout: float = 5.0
    timeout: float = 30.0
    callees: tuple[Callee, ...] = ()
    json: bool = False
    transcript: Path | None = None
    color: bool = True
    key: str = KEY


_DEFAULTS = Options()


class _AddStep(argparse.Action):
    """Keeps `--say`, `--dtmf` and `--interrupt` in the order in which they were given."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        kind: Any = (option_string or "").lstrip("-")
        namespace.script = (*(namespace.script or ()), Step(kind, str(values)))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the phone's arguments to a parser."""
    parser.add_argument(
        "url",
        nargs="?",
        default=DEFAULT_URL,
        metavar="URL",
        help="the application: ws, wss, http or https, with user:password@ if it wants them, or a"
        " path on this machine, such as /menu (default: %(default)s)",
    )
    _add_script(parser)
    _add_call(parser)
    _add_platform(parser)
    _add_output(parser)


def _add_script(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "instead of the keyboard", "In the order given, repeatable; then the phone hangs up."
    )
    for name, metavar, text in (
        ("--say", "TEXT", "say it, and wait for the answer"),
        ("--dtmf", "KEYS", "press keys, such as 12#"),
        ("--interrupt", "TEXT", "cut the answer to the step before after a few words, and say it"),
    ):
        group.add_argument(name, action=_AddStep, dest="script", metavar=metavar, help=text)


def _add_call(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the call")
    add = group.add_argument
    add(
        "--from",
        dest="from_",
        metavar="NUMBER",
        default=_DEFAULTS.from_,
        help="the caller's number",
    )
    add("--to", metavar="NUMBER", default=_DEFAULTS.to, help="the number that is called")
    add("--direction", choices=("inbound", "outbound"), default="inbound", help="of the call")
    add("--callee", action="append", default=[], choices=_CALLEES, help=_CALLEE)
    add("--env", action="append", default=[], metavar="NAME=VALUE", help=_ENV)
    add("--tag", action="append", default=[], metavar="NAME=VALUE", help=_TAG)


_CALLEES = (*get_args(Outcome), "machine")
_CALLEE = (
    "who is called: by an outbound call, then by the application (repeatable; the last repeats)"
)
_ENV = "an environment variable of the application (repeatable)"
_TAG = "a value of the call's customerData (repeatable); JSON is read as JSON"


def _add_platform(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the platform that is played")
    add = group.add_argument
    add("--user", metavar="NAME", help="user name for basic auth")
    add("--password", metavar="WORD", help="password for basic auth")
    add(
        "--llm",
        "--model",
        default=_DEFAULTS.llm,
        metavar="VENDOR:MODEL",
        help="who plays the agent's LLM, several by commas to fall back on (default: the one that"
        " the agent names, if there is a key for it; else offline, which needs none)",
    )
    add(
        "--summarize",
        type=int,
        default=_DEFAULTS.summarize,
        metavar="TURNS",
        help="sum an agent's history up after so many turns each, as jambonz can be told to",
    )
    add(
        "--real-time",
        action="store_true",
        help="let speech, silence and thinking take their time although nobody types",
    )
    add("--seed", type=int, metavar="N", help="make the same times and ids in each call")
    add("--dialect", choices=get_args(DialectName), default="agent", help="names of agent events")
    add("--no-agent", action="store_true", help="play a jambonz before 10.1, without agent verb")
    add(
        "--timeout",
        type=float,
        default=_DEFAULTS.timeout,
        metavar="SECONDS",
        help="how long to wait for an answer (default: %(default)g)",
    )


def _add_output(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("output")
    add = group.add_argument
    add("--json", action="store_true", help="one JSON object a line, and nothing else")
    add("--transcript", type=Path, metavar="FILE", help="write what is shown to a file as well")
    add("--no-color", action="store_true", help="no colours")


def read_options(args: argparse.Namespace) -> Options:
    """Turn parsed arguments into options.

    Raises:
        UsageError: If a value makes no sense.
    """
    url, username, password = read_address(args.url)
    if args.timeout <= 0:
        raise UsageError(f"--timeout {args.timeout:g}: give a number of seconds above 0")
    if args.summarize < 0:
        raise UsageError(f"--summarize {args.summarize}: give a number of turns, or 0 for never")
    return Options(
        url=url,
        username=args.user if args.user is not None else username,
        password=args.password if args.password is not None else password,
        script=tuple(args.script or ()),
        from_=args.from_,
        to=args.to,
        direction=args.direction,
        env=dict(_pairs("--env", args.env)),
        tag={name: _json_or_text(value) for name, value in _pairs("--tag", args.tag)},
        llm=args.llm,
        summarize=args.summarize,
        real_time=args.real_time,
        seed=args.seed,
        dialect=args.dialect,
        knows_agent=not args.no_agent,
        timeout=args.timeout,
        callees=tuple(args.callee),
        json=args.json,
        transcript=args.transcript,
        color=not args.no_color,
    )


def read_address(text: str) -> tuple[str, str | None, str | None]:
    """The address to dial, which fails fast, and the credentials that were written into it.

    Raises:
        UsageError: If it is no address of a WebSocket.
    """
    try:
        url, username, password = split_url(text, DEFAULT_URL)
    except BadUrl as bad:
        raise UsageError(str(bad)) from None
    return url if "#" in url else f"{url}#{FAIL_FAST}", username, password


def _pairs(option: str, items: Sequence[str]) -> list[tuple[str, str]]:
    return [_pair(option, item) for item in items]


def _pair(option: str, item: str) -> tuple[str, str]:
    name, equals, value = item.partition("=")
    if not equals or not name:
        raise UsageError(f"{option} {item}: expected NAME=VALUE")
    return name, value


def _json_or_text(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
