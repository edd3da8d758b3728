"""The rules of the house, held by a test: layers, sizes, exports, docs, lock files."""

import ast
import re
import statistics
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

import app
from app import llm, rest
from app.logs import Event
from app.settings import PREFIX, Settings
from tests.public_names import PUBLIC_NAMES

ROOT = Path(__file__).parent.parent

# A room imports rooms of a lower layer and those named beside it, nothing else of ours.
LAYERS: dict[str, int] = {
    "protocol": 0,
    "signature": 1,
    "tool": 1,
    "hook": 1,
    "verbs": 1,
    "agent": 1,
    "command": 1,
    "s2s": 1,
    "front_matter": 1,
    "organisation": 1,
    "vault": 1,
    "llm": 2,
    "mcp": 2,
    "outward": 2,
    "store": 2,
    "bus": 2,
    "backup": 3,
    "feed": 3,
    "identity": 3,
    "peers": 3,
    "timings": 2,
    "tally": 1,
    "lines": 2,
    "counters": 3,
    "application": 3,
    "session": 3,
    "mcp_tools": 3,
    "builtin_tools": 3,
    "knowledge": 3,
    "stored": 3,
    "records": 3,
    "checkpoint": 3,
    "calls": 3,
    "webhooks": 3,
    "keys": 4,
    "metrics": 4,
    "rest": 4,
    "mcp_server": 4,
    "server": 4,
    "reload": 4,
    "stalls": 4,
    "tracing": 4,
}
SAME_LAYER: dict[str, set[str]] = {
    "tool": {"signature"},
    "hook": {"signature"},
    "verbs": {"hook", "signature"},
    "agent": {"verbs", "tool", "hook"},
    "command": {"verbs"},
    "s2s": {"agent", "verbs", "tool", "hook"},
    "bus": {"store"},
    "session": {"application", "feed", "counters"},
    "peers": {"identity"},
    "checkpoint": {"peers"},
    "builtin_tools": {"session", "mcp_tools", "records", "knowledge"},
    "stored": {"session", "builtin_tools", "identity", "mcp_tools", "knowledge"},
    "calls": {"session", "application", "feed", "counters"},
    "records": {"session", "feed", "counters"},
    "metrics": {"keys", "rest", "counters"},
    "rest": {"keys", "twin"},
    "mcp_server": {"keys", "rest", "twin"},
    "server": {"keys", "metrics", "rest", "mcp_server"},
    "reload": {"keys", "server"},
    "stalls": {"keys"},
    "tracing": {"keys"},
}
# Rooms apart from the layers, and all that each may import of ours.
APART: dict[str, set[str]] = {
    "__init__": {*LAYERS, "logs"},
    "settings": set(),
    "logs": {"settings", "lines"},
    "scaffold": set(),
    "workers": {"settings", "logs"},
    "twin": {"llm", "mcp"},
    "phone": {"twin", "llm"},
    "models": {"llm"},
    "agent_files": set(),
    "doctor": {"twin", "verbs", "agent", "s2s"},
    "sim": {"twin", "llm"},
    "testing": {*LAYERS, "twin", "settings", "logs"},
    "__main__": {
        *LAYERS,
        *("settings", "logs", "scaffold", "phone", "doctor", "sim", "models", "agent_files"),
        "workers",
    },
}
SETTINGS_AND_LOGS_FROM = 3
"""The lowest layer that may read settings and write logs."""

ROOMS_WITHOUT_IO = {"protocol": {"asyncio", "time", "random", "aiohttp", "socket", "pydantic"}}
ONLY_IN_LAYER_4 = "aiohttp.web"

MAX_FILE = 500
MAX_FUNCTION = 60

# Where anything at all may be caught, since the call, or the server, must go on.
BROAD_EXCEPTS = {
    "app/llm/running.py::_warm",  # the first request will tell
    "app/llm/running.py::_ask",  # whatever an SDK raises, as our error
    "app/llm/running.py::_read",  # whatever an SDK raises ends this reply and nothing else
    "app/llm/running.py::_tries",  # the same, before the first word
    "app/mcp/link.py::_try",  # whatever the SDK raises ends this connection and nothing else
    "app/mcp/sdk.py::receive",  # to hear that a stream has ended; it raises again
    "app/mcp/sdk.py::__anext__",  # the same
    "app/rest/problems.py::problem_middleware",  # a REST request: nothing of ours reaches a client
    "app/mcp_server/control.py::run",  # an assistant's request, as those over REST
    "app/reload.py::reload",  # the author's modules: those from before go on
    "app/server/quotas.py::keep",  # new calls are answered all the same
    "app/application/state.py::read_one",  # an author's validator may raise anything
    "app/application/state.py::same",  # an author's class compares as it likes
    "app/application/state.py::set_one",  # a property of an author's may, too
    "app/application/state.py::write",  # an author's serializer, as above
    "app/calls.py::_sweep",  # one call's deadlines: those of the others are kept
    "app/server/accept.py::converse",  # one socket: the others go on
    "app/server/direct.py::feed_data",  # the same, by the other route
    "app/session/eager.py::__await__",  # whatever is thrown into a task is its coroutine's
    "app/session/eager.py::step",  # to keep the parked task; it raises again
    "app/session/events.py::_begin",  # an event hook that has its turn at once
    "app/session/events.py::_guard",  # an event hook
    "app/session/tasks.py::_run_quietly",  # a handler whose answer nobody awaits
    "app/session/opening.py::run_and_render",  # a handler or hook whose answer jambonz awaits
    "app/session/awaiting.py::guarded",  # what nobody waits for
    "app/session/user_code.py::begin",  # what is no Exception becomes one; the rest passes
    "app/session/user_code.py::run",  # the same
    "app/session/user_code.py::run_rest",  # the same
    "app/session/resuming.py::recall",  # a call that cannot be as it was is answered all the same
    "app/session/refit.py::recall",  # the stored agent of a call that goes on without it
    "app/session/tools.py::_serve",  # a tool call
    "app/session/tools.py::_serve_now",  # a tool call whose result is there at once
    "app/session/tools.py::_hand_over",  # a tool's result, which may be anything
    "app/identity/ring.py::keep",  # a look at what other nodes have changed: the next one comes
    "app/webhooks/deliverer.py::_deliver",  # one delivery: the others go on
    "app/webhooks/deliverer.py::run",  # one look for what is due: the next one follows
    "app/records/recorder.py::_hand_over",  # store writer: one piece of one call is lost
    "app/records/writer.py::_make_ready",  # store writer: the same
    "app/records/writer.py::_write",  # store writer: the same
    "app/records/retention.py::keep_retention",  # one sweep: the next one follows
    "app/checkpoint/membership.py::keep",  # background task: the next lease is tried all the same
    "app/checkpoint/writer.py::keep",  # store writer: what was to be written is so again
    "app/checkpoint/writer.py::_capture",  # the same: one call could not go on elsewhere
    "app/checkpoint/writer.py::_write",  # the same
    "app/twin/socket.py::open",  # closes what it opened, and raises again
}


@dataclass(frozen=True, slots=True)
class Source:
    path: str
    text: str
    tree: ast.Module

    @property
    def room(self) -> str:
        return self.path.split("/")[1].removesuffix(".py")


@cache
def sources(*folders: str) -> tuple[Source, ...]:
    found = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    texts = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in found}
    return tuple(Source(path, text, ast.parse(text)) for path, text in texts.items())


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every module that is imported when the code runs, with its line."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)
        elif not (isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")):
            yield from imports(node)


def allowed(room: str) -> set[str]:
    if room in APART:
        return APART[room]
    layer = LAYERS[room]
    below = {other for other, its_layer in LAYERS.items() if its_layer < layer}
    own = {"settings", "logs"} if layer >= SETTINGS_AND_LOGS_FROM else set()
    return below | own | SAME_LAYER.get(room, set())


def functions(source: Source) -> Iterator[tuple[str, int]]:
    """Name and number of lines of every function, decorators not counted."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{source.path}::{node.name}", (node.end_lineno or 0) - node.lineno + 1


def enclosing_functions(tree: ast.AST, name: str = "") -> Iterator[tuple[str, ast.AST]]:
    for node in ast.iter_child_nodes(tree):
        inner = node.name if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else name
        yield inner, node
        yield from enclosing_functions(node, inner)


def test_every_room_has_its_place() -> None:
    rooms = {source.room for source in sources("app")} - {"__pycache__"}

    assert rooms <= LAYERS.keys() | APART.keys(), "give the new room a layer, here and in docs"


def test_a_room_imports_only_what_lies_below_it() -> None:
    wrong = []
    for source in sources("app"):
        for line, module in imports(source.tree):
            parts = module.split(".")
            if (
                parts[0] == ""
                or parts[0] in {"handlers", "hooks", "tests"}
                or (parts[0] == "app" and parts[1] not in allowed(source.room) | {source.room})
            ):
                wrong.append(f"{source.path}:{line} imports {module}")

    assert not wrong, "\n".join(wrong)


def test_the_protocol_is_pure() -> None:
    for source in sources("app"):
        for line, module in imports(source.tree):
            forbidden = ROOMS_WITHOUT_IO.get(source.room, set())
            assert module.split(".")[0] not in forbidden, f"{source.path}:{line} imports {module}"


def test_aiohttp_web_lives_at_the_edge_only() -> None:
    places = {
        source.room
        for source in sources("app")
        for _, module in imports(source.tree)
        if module.startswith(ONLY_IN_LAYER_4)
    }

    assert places - {room for room, layer in LAYERS.items() if layer == 4} <= {"testing"}


def test_handlers_and_hooks_import_only_public_names() -> None:
    public = {f"{room.__name__}.{name}" for room in (app, llm) for name in room.__all__}
    for source in sources("handlers", "hooks"):
        for line, module in imports(source.tree):
            room = module.split(".")[0]
            assert room != "app" or module in public, f"{source.path}:{line} imports {module}"
            assert not (source.path.startswith("hooks") and room == "handlers"), source.path


def test_no_file_and_no_function_is_too_long() -> None:
    ours = sources("app", "handlers", "hooks", "tests")
    files = {source.path: source.text.count("\n") for source in ours}
    lengths = dict(each for source in ours for each in functions(source))
    long = [
        *(f"{path}: {lines} lines" for path, lines in files.items() if lines > MAX_FILE),
        *(f"{name}: {lines} lines" for name, lines in lengths.items() if lines > MAX_FUNCTION),
    ]

    assert not long, "\n".join(
        [
            *long,
            f"median file: {statistics.median(files.values())} lines",
            f"median function: {statistics.median(lengths.values())} lines",
        ]
    )


def test_anything_at_all_is_caught_only_at_the_named_places() -> None:
    found = {
        f"{source.path}::{function}"
        for source in sources("app", "handlers", "hooks")
        for function, node in enclosing_functions(source.tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or re.search(r"\b(Base)?Exception\b", ast.unparse(node.type)))
    }

    assert found == BROAD_EXCEPTS


def test_only_the_settings_read_the_environment() -> None:
    for source in sources("app", "handlers", "hooks"):
        reads = re.search(r"\benviron\b|\bgetenv\b", ast.unparse(source.tree))
        assert reads is None or source.path == "app/settings/environment.py", source.path


def logged(source: Source) -> Iterator[tuple[int, str]]:
    """What every log line of a file is about: the name of an `Event`, or of something else."""
    levels = {"debug", "info", "warning", "error", "exception", "critical"}
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            logger = ast.unparse(node.func.value).split(".")[-1]
            if logger in ("log", "QUICK") and node.func.attr in levels:
                about = ast.unparse(node.args[0]).strip("'\"")
                yield node.lineno, about.removeprefix("Event.").lower()


def test_every_log_line_is_about_a_named_event_and_every_name_is_used() -> None:
    found = {
        f"{source.path}:{line}": about
        for source in sources("app")
        for line, about in logged(source)
    }
    known = {event.value for event in Event}

    assert {place: about for place, about in found.items() if about not in known} == {}
    assert known - set(found.values()) == {Event.LIBRARY.value}


def test_the_public_names_are_pinned() -> None:
    assert set(app.__all__) == PUBLIC_NAMES
    assert all(hasattr(app, name) for name in app.__all__)


def test_to_import_the_public_names_does_not_start_a_server() -> None:
    heavy = ("aiohttp.web", "app.server", "mcp", "sqlalchemy")
    code = f"import sys, app; print([name for name in {heavy} if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ran.stdout.strip() == "[]"


@pytest.mark.parametrize("name", sorted(app.__all__))
def test_every_public_name_is_in_the_docs(name: str) -> None:
    assert f"`{name}" in (ROOT / "docs/api.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "operation", rest.OPERATIONS + rest.API_OPERATIONS, ids=lambda operation: operation.name
)
def test_every_rest_route_is_in_the_docs(operation: rest.Operation) -> None:
    page = (ROOT / "docs/rest.md").read_text(encoding="utf-8")

    assert f"| `{operation.method} {operation.route}` |" in page


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_is_in_the_docs_with_its_default(name: str) -> None:
    page = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    (row,) = [line for line in page.splitlines() if f"| `{PREFIX}{name.upper()}` |" in line]

    assert str(Settings.model_fields[name].description) in row


def test_the_docs_name_no_setting_that_does_not_exist() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "compose.yaml"]
    for page in [*pages, ROOT / "Dockerfile"]:
        for name in re.findall(rf"\b{PREFIX}([A-Z_]+[A-Z])\b", page.read_text(encoding="utf-8")):
            assert name.lower() in Settings.model_fields, f"{page.name}: {PREFIX}{name}"


def test_links_between_pages_lead_somewhere() -> None:
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_notes_for_whoever_codes_here_next_stay_short() -> None:
    assert len((ROOT / "AGENTS.md").read_text(encoding="utf-8").splitlines()) <= 80


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_file_names_packages_and_nothing_of_any_machine(name: str) -> None:
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        assert re.fullmatch(r"( +#.*)|([a-z0-9_.\[\]-]+==[\w.+!]+( ; [^#]+)?)", line), line
        assert not re.search(r"://|(?<!\w)/|\.\w+/|@", line), line


def test_the_two_lock_files_agree() -> None:
    def pins(name: str) -> set[str]:
        lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
        found = (line for line in lines if "==" in line and not line.startswith(" "))
        return {line.partition(" ;")[0] for line in found}  # a dependency may widen the marker

    assert pins("requirements.lock") <= pins("requirements-dev.lock")


def test_what_is_imported_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [each for extra in project["optional-dependencies"].values() for each in extra]
    declared = {
        re.split(r"[^A-Za-z0-9_-]", line)[0].replace("-", "_")
        for line in [*project["dependencies"], *extras]
    }
    imported = {
        module.split(".")[0] for source in sources("app") for _, module in imports(source.tree)
    }
    declared |= {"opentelemetry"} & {name.partition("_")[0] for name in declared}  # one for many
    declared |= {"google"} & {name.partition("_")[0] for name in declared}  # auth and genai
    declared |= {"argon2"} & {name.partition("_")[0] for name in declared}
    declared |= {"yaml"} & {"yaml" for name in declared if name.lower() == "pyyaml"}
    # Of pydantic, boto3 and aiohttp.
    other_names = {"python_docx": "docx", "beautifulsoup4": "bs4"}
    declared |= {other_names[name] for name in declared & other_names.keys()}
    parts_of_others = {"pydantic_core", "annotated_types", "botocore", "urllib3", "yarl"}

    assert imported - set(sys.stdlib_module_names) - {"app"} - parts_of_others <= declared
