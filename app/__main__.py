"""The command line, ``cordboard`` or ``python -m app``, and the one place that wires the parts."""

import argparse
import asyncio
import socket
import ssl
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

# Each command imports its own parts: `call` and `new` should not wait for the server's.
if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from types import ModuleType

    from aiohttp import web

    from app.application import Application
    from app.llm import Keys
    from app.settings import Settings
    from app.workers import Line

Part = Callable[["web.Application"], object]
"""Sets up what a server has beyond its calls."""

DIALLED_BY_DEFAULT = "ws://127.0.0.1:3000/weather"
"""What `call` dials without an argument; here too, since `serve` needs nothing else of it."""

CANNOT_START = 2
"""Exit code where a setting or an application is wrong."""


@dataclass(frozen=True, slots=True)
class Command:
    """A word after ``cordboard``: its help, its options, what it does."""

    help: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and give the exit code.

    Args:
        argv: The words after the program's name; those of this process by default.
    """
    words = sys.argv[1:] if argv is None else list(argv)
    parser = _parser(words)
    args = parser.parse_args(words)
    if args.command is None:
        parser.print_help()
        return 0
    try:
        return COMMANDS[args.command].run(args)
    except KeyboardInterrupt:
        return 130


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cordboard", description="Answers jambonz calls with AI voice agents in Python."
    )
    parser.add_argument("--version", action="version", version=f"cordboard {version('cordboard')}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, command in COMMANDS.items():
        added = commands.add_parser(name, help=command.help, description=command.help)
        if name in words:
            command.add_arguments(added)
    return parser


def _serve_arguments(parser: argparse.ArgumentParser) -> None:
    from app import workers

    workers.add_arguments(parser)
    parser.epilog = "Settings are CORDBOARD_… variables of the environment: docs/settings.md."


def _serve(args: argparse.Namespace) -> int:
    from app import logs
    from app.application import discover
    from app.protocol import CordboardError
    from app.settings import SettingsError, ensure_key, ensure_secret, load

    try:
        settings = ensure_secret(ensure_key(load()))
        line = _line_of(settings)
        logs.configure(settings)
        if settings.worker is None:
            _try_out(settings)
            if args.workers is not None:
                return _supervise(settings, args.workers)
        _check_vendors(settings.llm_keys)
        _check_worker(settings)
        applications = discover(settings.folder)
        parts = list(_parts(settings))
    except (SettingsError, CordboardError) as error:
        return _cannot_start(error)
    return _run_server(settings, applications, parts, line)


def _line_of(settings: "Settings") -> "Line | None":
    """The line to a supervisor, before anything else of ours or an author's can inherit it."""
    if settings.worker is None:
        return None
    from app.workers import Line

    return Line.of_stdin()


def _supervise(settings: "Settings", count: int) -> int:
    """Keep workers, each of which is started as this process was and comes to `_serve` again."""
    from app import workers

    return workers.run(settings, count, greet=lambda text: print(text, flush=True))


def _llm_keys() -> "Keys":
    """The credentials of model vendors, for what is no server."""
    from app.settings import load_llm_keys

    keys = load_llm_keys()
    _check_vendors(keys)
    return keys


def _check_vendors(keys: "Keys") -> None:
    from app.llm import ModelError, check_vendors
    from app.settings import SettingsError

    try:
        check_vendors(keys)
    except ModelError as error:
        raise SettingsError(f"CORDBOARD_LLM_KEYS: {error}") from None


def _check_worker(settings: "Settings") -> None:
    from app.llm import ModelError, check_vendors
    from app.settings import SettingsError

    vendor = settings.worker_model.partition(":")[0].strip()
    try:
        check_vendors({vendor: None})
    except ModelError as error:
        raise SettingsError(f"CORDBOARD_WORKER_MODEL: {error}") from None


def _cannot_start(error: Exception) -> int:
    from app.application import place_of

    place = place_of(error)
    print(f"cordboard: {error}" + (f"\n  in {place}" if place else ""), file=sys.stderr)
    return CANNOT_START


def _parts(settings: "Settings") -> "Iterator[Part]":
    """What this server has beyond its calls; what is not wanted is not even imported."""
    from app import stalls

    yield stalls.setup
    if settings.reload:
        yield _extra("reload", needed_by="CORDBOARD_RELOAD").setup
    if settings.otlp_endpoint:
        yield _extra("tracing", needed_by="CORDBOARD_OTLP_ENDPOINT").setup


def _extra(name: str, *, needed_by: str) -> "ModuleType":
    """The room ``app.name``, which needs the extra of the same name."""
    from app.settings import SettingsError

    try:
        return import_module(f"app.{name}")
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"{needed_by} needs the package {error.name}; install it with: "
            f"pip install 'cordboard[{name}]'"
        ) from None


def _try_out(settings: "Settings") -> None:
    """Find out before anything runs whether address and certificate can be used."""
    from app.settings import SettingsError

    try:
        where = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0]
        socket.create_server(where[4][:2], family=where[0]).close()
    except (OSError, UnicodeError) as error:  # the latter of a name such as "..x"
        raise SettingsError(
            f"cannot listen on CORDBOARD_HOST={settings.host} CORDBOARD_PORT={settings.port}: "
            f"{getattr(error, 'strerror', error)}"
        ) from None
    if settings.tls_certificate is not None:
        try:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            # Without a password OpenSSL would ask for one, at a terminal that nobody looks at.
            context.load_cert_chain(settings.tls_certificate, settings.tls_key, password=lambda: "")
        except OSError:
            raise SettingsError(
                "CORDBOARD_TLS_CERTIFICATE and CORDBOARD_TLS_KEY: expected PEM files with a "
                "certificate and the private key that belongs to it, not encrypted"
            ) from None


def _run_server(
    settings: "Settings",
    applications: "Sequence[Application]",
    parts: "Sequence[Part]",
    line: "Line | None",
) -> int:
    from app import server
    from app.protocol import ConfigurationError
    from app.settings import SettingsError
    from app.store import StoreError, open_store

    stop = server.Stop()

    def greet(port: int) -> None:
        text = welcome(settings.model_copy(update={"port": port}), applications)
        if line is None:
            print(text, flush=True)
        else:
            line.follow(drain=stop.drain, step_aside=stop.step_aside)
            line.tell_ready(text)

    async def serve() -> None:
        store = await open_store(settings.store_url)
        try:
            await server.run(
                settings, applications, on_listening=greet, store=store, parts=parts, stop=stop
            )
        finally:
            await store.close()

    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        try:
            runner.run(serve())
        except StoreError as error:
            return _cannot_start(SettingsError(f"CORDBOARD_DATABASE_URL: {error}"))
        except ConfigurationError as error:
            return _cannot_start(error)
    return 0


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # the extra `fast` is not installed
        return None
    return uvloop.new_event_loop


def welcome(settings: "Settings", applications: "Sequence[Application]") -> str:
    """What a person reads when the server has started: addresses, the key, the next command."""
    width = max(len(one.path) for one in applications)
    calls = [f"  {one.path:{width}}  {one.about}".rstrip() for one in applications]
    lines = [
        f"Cordboard {version('cordboard')} answers at {settings.websocket_url}",
        *calls,
        "",
        f"REST      {settings.base_url}/v1 steers calls, {settings.base_url}/api keeps agents",
        f"MCP       {settings.base_url}/mcp",
        f"API key   {_where_the_key_is(settings)}",
        *(["Reload    a change in handlers/ or hooks/ reaches the next call"] * settings.reload),
        *_call_commands(settings, applications),
    ]
    if settings.ws_user is None and not (settings.is_loopback and settings.public_url is None):
        lines.append(
            "WARNING   anyone who reaches this server can open a WebSocket: "
            "set CORDBOARD_WS_USER and CORDBOARD_WS_PASSWORD"
        )
    return "\n".join(lines)


def _where_the_key_is(settings: "Settings") -> str:
    if settings.generated_key is not None:
        key = settings.generated_key
        return f'in {key}, sent as  -H "Authorization: Bearer $(cat {key})"'
    if settings.api_keys:
        return "one of CORDBOARD_API_KEYS, sent as  Authorization: Bearer KEY"
    return "none is asked for (CORDBOARD_ALLOW_ANONYMOUS)"


def _call_commands(settings: "Settings", applications: "Sequence[Application]") -> "Iterator[str]":
    """What to type into a second terminal: for the sample, and for any other application."""
    origin, _, sample = DIALLED_BY_DEFAULT.rpartition("/")
    is_default = settings.websocket_url == origin
    server = "" if is_default else settings.websocket_url
    paths = [one.path for one in applications if "{" not in one.path]  # which can be dialled so
    if not paths:
        return
    first = f"/{sample}" if f"/{sample}" in paths else paths[0]
    is_sample = is_default and first == f"/{sample}"
    command = _call_command("" if is_sample else f"{server}{first}", settings)
    yield f"Talk to it from a second terminal:  {command}"
    if other := next((path for path in paths if path != first), ""):
        yield f"or to one of the others, such as:   {_call_command(f'{server}{other}', settings)}"


def _call_command(url: str, settings: "Settings") -> str:
    login = f"--user {settings.ws_user} --password PASSWORD" if settings.ws_user else ""
    words = " ".join(filter(None, (url, login)))
    if _program() == "cordboard" or not Path("Makefile").exists():  # not in a checkout
        return f"{_program()} call {words}".rstrip()
    if not words:
        return "make call"
    return f'make call ARGS="{words}"' if login else f"make call ARGS={words}"


def _call_arguments(parser: argparse.ArgumentParser) -> None:
    from app import phone

    phone.add_arguments(parser)


def _call(args: argparse.Namespace) -> int:
    from app import phone
    from app.settings import SettingsError, is_color_unwanted, key_in_a_command

    try:
        keys = _llm_keys()
    except SettingsError as error:
        return _cannot_start(error)
    return phone.run(args, plain=is_color_unwanted(), key=key_in_a_command(), keys=keys)


def _doctor_arguments(parser: argparse.ArgumentParser) -> None:
    from app import doctor

    doctor.add_arguments(parser)


def _doctor(args: argparse.Namespace) -> int:
    from app import doctor
    from app.settings import is_color_unwanted

    return doctor.run(args, plain=is_color_unwanted())


def _sim_arguments(parser: argparse.ArgumentParser) -> None:
    from app import sim

    sim.add_arguments(parser)


def _sim(args: argparse.Namespace) -> int:
    from functools import partial

    from app import sim
    from app.llm import connect
    from app.protocol import CordboardError
    from app.settings import SettingsError, is_color_unwanted

    try:
        model = partial(connect, keys=_llm_keys())
        parts = sim.Parts(_serve_here, connect=model, program=_program())
        return sim.run(args, parts, plain=is_color_unwanted())
    except (SettingsError, CordboardError) as error:
        return _cannot_start(error)


@asynccontextmanager
async def _serve_here() -> "AsyncIterator[tuple[str, Callable[[str], bool]]]":
    """Run the applications of this folder in this process, for callers in this process."""
    from app import logs, server
    from app.application import discover
    from app.keys import CALLS
    from app.organisation import DEFAULT_ORGANISATION
    from app.settings import load

    settings = load()
    own = {"host": "127.0.0.1", "port": 0, "allow_anonymous": True, "log_level": "error"}
    none = dict.fromkeys(("ws_user", "ws_password", "tls_certificate", "tls_key", "public_url"))
    settings = settings.model_copy(update={**own, **none})
    logs.configure(settings)
    async with server.serving(discover(settings.folder), settings) as (url, web_app):
        server.settle_collector()
        yield url.replace("http", "ws", 1), web_app[CALLS].within(DEFAULT_ORGANISATION).is_at_rest


def _program() -> str:
    return "cordboard" if Path(sys.argv[0]).stem == "cordboard" else "python -m app"


def _models_arguments(parser: argparse.ArgumentParser) -> None:
    from app import models

    models.add_arguments(parser)


def _models(args: argparse.Namespace) -> int:
    from app import models
    from app.settings import SettingsError

    try:
        return models.run(args, _llm_keys())
    except SettingsError as error:
        return _cannot_start(error)


def _agents_arguments(parser: argparse.ArgumentParser) -> None:
    from app import agent_files

    agent_files.add_arguments(parser)


def _agents(args: argparse.Namespace) -> int:
    from app import agent_files
    from app.settings import is_color_unwanted, reach_of_a_command

    reach = agent_files.Reach(*reach_of_a_command())
    return agent_files.run(args, reach, plain=is_color_unwanted())


def _organisation_arguments(parser: argparse.ArgumentParser) -> None:
    from app.identity import command

    command.add_arguments(parser)


def _organisation(args: argparse.Namespace) -> int:
    from app.identity import command
    from app.settings import SettingsError, load

    try:
        return command.run(args, load().store_url)
    except SettingsError as error:
        return _cannot_start(error)


def _backup_arguments(parser: argparse.ArgumentParser) -> None:
    from app import backup

    backup.add_backup_arguments(parser)


def _backup(args: argparse.Namespace) -> int:
    from app import backup
    from app.settings import SettingsError, load

    try:
        return backup.run_backup(args, load().store_url)
    except SettingsError as error:
        return _cannot_start(error)


def _restore_arguments(parser: argparse.ArgumentParser) -> None:
    from app import backup

    backup.add_restore_arguments(parser)


def _restore(args: argparse.Namespace) -> int:
    from app import backup
    from app.settings import SettingsError, load

    try:
        return backup.run_restore(args, load().store_url)
    except SettingsError as error:
        return _cannot_start(error)


def _new_arguments(parser: argparse.ArgumentParser) -> None:
    from app import scaffold

    scaffold.add_arguments(parser)


def _new(args: argparse.Namespace) -> int:
    from app import scaffold

    return scaffold.run(args)


COMMANDS = {
    "serve": Command("start the server", _serve_arguments, _serve),
    "call": Command("talk in text to any jambonz WebSocket application", _call_arguments, _call),
    "doctor": Command("grade any jambonz WebSocket application", _doctor_arguments, _doctor),
    "sim": Command("let simulated callers call, by the hundred", _sim_arguments, _sim),
    "models": Command("list models and test a credential", _models_arguments, _models),
    "agents": Command("edit a server's agents as files", _agents_arguments, _agents),
    "organisation": Command(
        "make organisations, and reset passwords", _organisation_arguments, _organisation
    ),
    "backup": Command("copy the whole store into one file", _backup_arguments, _backup),
    "restore": Command("put such a copy back", _restore_arguments, _restore),
    "new": Command("write a project of your own into a new folder", _new_arguments, _new),
}


if __name__ == "__main__":
    sys.exit(main())
