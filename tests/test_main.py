"""The command line: what it starts, what it says, and how it refuses."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import IO

import pytest
from pydantic import SecretStr

from app import Application, Session, Verb, say
from app.__main__ import CANNOT_START, DIALLED_BY_DEFAULT, main, welcome
from app.logs import Event
from app.phone.options import DEFAULT_URL
from app.settings import Settings, ensure_key
from tests.logging_state import logging_as_before  # noqa: F401

ROOT = Path(__file__).parent.parent
APPLICATIONS = [Application("/menu"), Application("/weather")]


pytestmark = pytest.mark.usefixtures("logging_as_before")


@pytest.fixture(autouse=True)
def no_settings_of_the_developer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    for name in [name for name in os.environ if name.startswith("CORDBOARD_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


@contextmanager
def serving(port: int, **settings: str) -> Iterator[subprocess.Popen[str]]:
    """A real server, once it has said that it listens."""
    with tempfile.TemporaryDirectory() as data:
        named = {f"CORDBOARD_{name.upper()}": value for name, value in settings.items()}
        environ = {**os.environ, **named, "CORDBOARD_PORT": str(port), "CORDBOARD_DATA_DIR": data}
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", "app", "serve"],
            cwd=ROOT,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.close()
            process.stderr.close()


def read_until(stream: IO[str] | None, words: str) -> str:
    """What a process says, up to the line with these words."""
    assert stream is not None
    lines: list[str] = []
    while not lines or words not in lines[-1]:
        lines.append(stream.readline())
        assert lines[-1], f"ended without {words!r}: {lines}"
    return "".join(lines)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM")
def test_serve_says_where_it_is_answers_and_leaves_on_sigterm(port: int) -> None:
    with serving(port) as process:
        read_until(process.stderr, Event.LISTENING)
        said = read_until(process.stdout, "second terminal")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/livez", timeout=5) as answer:
            assert answer.status == 200
        process.send_signal(signal.SIGTERM)

        assert process.wait(timeout=5) == 0
    assert f"ws://127.0.0.1:{port}/weather" in said
    assert "api-key" in said


def test_serve_takes_up_new_code_if_it_is_told_to(port: int, tmp_path: Path) -> None:
    (tmp_path / "handlers").mkdir()
    handler = tmp_path / "handlers" / "menu.py"
    text = (
        "from app import Application, Session, say\n"
        "made = Application('/one')\n"
        "@made.session_new\n"
        "async def answer(session: Session):\n"
        "    return say('hi')\n"
    )
    handler.write_text(text)
    with serving(port, reload="1", folder=str(tmp_path)) as process:
        read_until(process.stderr, Event.LISTENING)
        said = read_until(process.stdout, "second terminal")
        handler.write_text(text.replace("/one", "/two"))
        line = read_until(process.stderr, Event.RELOADED)
    assert "/one" in said
    assert "reaches the next call" in said
    assert '"changed":"handlers/menu.py"' in line
    assert '"new":"/two","gone":"/one"' in line


@pytest.mark.parametrize(
    ("setting", "value", "package", "extra"),
    [
        ("RELOAD", "1", "watchfiles", "reload"),
        ("OTLP_ENDPOINT", "http://127.0.0.1:4318", "opentelemetry", "tracing"),
    ],
)
def test_without_its_extra_a_setting_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    setting: str,
    value: str,
    package: str,
    extra: str,
) -> None:
    monkeypatch.setenv(f"CORDBOARD_{setting}", value)
    monkeypatch.setenv("CORDBOARD_PORT", "0")
    monkeypatch.setenv("CORDBOARD_DATA_DIR", str(tmp_path))
    ours = f"app.{extra}"
    for name in [one for one in sys.modules if one == ours or one.startswith(f"{ours}.")]:
        monkeypatch.delitem(sys.modules, name)
    for name in [one for one in sys.modules if one.split(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)

    assert main(["serve"]) == CANNOT_START
    said = capsys.readouterr().err
    assert f"CORDBOARD_{setting} needs the package {package}" in said
    assert f"pip install 'cordboard[{extra}]'" in said


def test_what_no_setting_asks_for_is_not_even_imported() -> None:
    code = (
        "import sys, app.server, app.stalls; from app.__main__ import _parts;"
        "from app.settings import Settings; list(_parts(Settings()));"
        "print([m for m in ('opentelemetry', 'watchfiles', 'app.tracing') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ran.stdout.splitlines()[-1] == "[]"


def test_a_port_in_use_is_one_line(port: int) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        ran = subprocess.run(
            [sys.executable, "-m", "app", "serve"],
            cwd=ROOT,
            env={**os.environ, "CORDBOARD_PORT": str(port), "CORDBOARD_ALLOW_ANONYMOUS": "1"},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    assert ran.returncode == CANNOT_START
    assert f"CORDBOARD_HOST=127.0.0.1 CORDBOARD_PORT={port}: Address already in use" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert "second terminal" not in ran.stdout


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid", "..x"])
def test_an_address_that_is_not_ours_is_one_line(
    host: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CORDBOARD_HOST", host)
    monkeypatch.setenv("CORDBOARD_ALLOW_ANONYMOUS", "1")

    assert main(["serve"]) == CANNOT_START
    assert f"cordboard: cannot listen on CORDBOARD_HOST={host}" in capsys.readouterr().err


def test_a_certificate_that_is_none_is_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "server.pem").write_text("no certificate")
    monkeypatch.setenv("CORDBOARD_PORT", "0")
    monkeypatch.setenv("CORDBOARD_ALLOW_ANONYMOUS", "1")
    monkeypatch.setenv("CORDBOARD_TLS_CERTIFICATE", str(tmp_path / "server.pem"))
    monkeypatch.setenv("CORDBOARD_TLS_KEY", str(tmp_path / "server.pem"))

    assert main(["serve"]) == CANNOT_START
    assert "CORDBOARD_TLS_KEY: expected PEM files" in capsys.readouterr().err


def test_a_bad_setting_stops_the_start_with_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CORDBOARD_PROT", "3000")

    assert main(["serve"]) == CANNOT_START
    assert capsys.readouterr().err == (
        "cordboard: CORDBOARD_PROT is not a setting, did you mean CORDBOARD_PORT?\n"
    )


def test_a_folder_without_handlers_is_told_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CORDBOARD_FOLDER", str(tmp_path))
    monkeypatch.setenv("CORDBOARD_DATA_DIR", str(tmp_path))

    assert main(["serve"]) == CANNOT_START
    assert "cordboard new DIR" in capsys.readouterr().err


def test_without_a_command_there_is_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    said = capsys.readouterr().out
    assert all(command in said for command in ("serve", "call", "new"))


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])

    assert capsys.readouterr().out == f"cordboard {version('cordboard')}\n"


@pytest.mark.parametrize("command", ["serve", "call", "new"])
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main([command, "--help"])

    assert f"cordboard {command}" in capsys.readouterr().out


def test_a_made_key_is_pointed_at_and_never_printed(tmp_path: Path) -> None:
    settings = ensure_key(Settings(data_dir=tmp_path))
    said = welcome(settings, APPLICATIONS)

    assert str(tmp_path / "api-key") in said
    assert settings.api_keys[0].get_secret_value() not in said
    assert "WARNING" not in said


def test_given_keys_are_never_printed() -> None:
    said = welcome(Settings(api_keys=(SecretStr("hunter2"),)), APPLICATIONS)

    assert "CORDBOARD_API_KEYS" in said
    assert "hunter2" not in said


def test_every_application_is_listed_where_jambonz_dials_it() -> None:
    settings = Settings(public_url="https://voice.example.com", ws_user="j", ws_password="p")
    said = welcome(settings, APPLICATIONS)

    assert "answers at wss://voice.example.com" in said
    assert "\n  /menu\n  /weather\n" in said


def test_every_application_is_listed_with_what_it_is() -> None:
    clinic = Application("/clinic")

    @clinic.session_new
    async def answer(session: Session) -> Verb:
        """A clinic.

        It has more to say than fits into a list.
        """
        return say("Hello.")

    assert "\n  /clinic   A clinic.\n  /menu\n" in welcome(Settings(), [clinic, *APPLICATIONS])


def test_the_next_command_dials_what_was_started() -> None:
    assert DIALLED_BY_DEFAULT == DEFAULT_URL
    first, other = welcome(Settings(), APPLICATIONS).splitlines()[-2:]
    assert first.endswith("  make call")
    assert other.endswith("  make call ARGS=/menu")
    first, other = welcome(Settings(port=4000), APPLICATIONS).splitlines()[-2:]
    assert first.endswith("  make call ARGS=ws://127.0.0.1:4000/weather")
    assert other.endswith("  make call ARGS=ws://127.0.0.1:4000/menu")


def test_a_lone_application_is_the_one_to_call() -> None:
    assert welcome(Settings(), APPLICATIONS[:1]).endswith("terminal:  make call ARGS=/menu")


def test_no_command_dials_a_path_that_wants_a_parameter() -> None:
    stored = Application("/agents/{agent_id}")

    assert "make call" not in welcome(Settings(), [stored])
    assert "ARGS=/agents" not in welcome(Settings(), [stored, *APPLICATIONS])


def test_a_password_is_asked_for_in_the_next_command() -> None:
    settings = Settings(ws_user="j", ws_password="p")

    said = welcome(settings, APPLICATIONS[1:])
    assert said.endswith('make call ARGS="--user j --password PASSWORD"')


@pytest.mark.parametrize(
    "settings",
    [
        Settings(public_url="https://voice.example.com"),
        Settings(host="0.0.0.0", allow_anonymous=True),
    ],
)
def test_open_websockets_that_others_can_reach_are_warned_of(settings: Settings) -> None:
    assert "WARNING" in welcome(settings, APPLICATIONS)


def test_help_does_not_wait_for_the_parts_of_the_server() -> None:
    code = (
        "import sys; from app.__main__ import main; main([]);"
        "print([m for m in ('aiohttp', 'app.server', 'app.twin') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ran.stdout.splitlines()[-1] == "[]"


def test_the_keys_of_the_settings_reach_the_models_of_a_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given: list[object] = []

    def run(*_: object, keys: object, **__: object) -> int:
        given.append(keys)
        return 0

    monkeypatch.setenv("CORDBOARD_LLM_KEYS", '{"openai": "sk-1"}')
    monkeypatch.setattr("app.phone.run", run)

    assert main(["call"]) == 0
    assert given == [{"openai": {"apiKey": "sk-1"}}]


@pytest.mark.parametrize("command", ["call", "sim"])
def test_keys_that_make_no_sense_are_said_in_one_line(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CORDBOARD_LLM_KEYS", "sk-1")

    assert main([command, *(["x.yaml"] if command == "sim" else [])]) == CANNOT_START
    assert capsys.readouterr().err == (
        "cordboard: CORDBOARD_LLM_KEYS: expected JSON, or a file that can be read, came a value"
        " that is not shown\n"
    )


@pytest.mark.parametrize("words", [["serve"], ["call"], ["models"], ["sim", "scenarios"]])
def test_a_key_of_a_vendor_that_does_not_exist_is_said_in_one_line(
    words: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("CORDBOARD_LLM_KEYS", '{"opnai": "sk-hunter2"}')
    monkeypatch.setenv("CORDBOARD_DATA_DIR", str(tmp_path))

    assert main(words) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(
        "cordboard: CORDBOARD_LLM_KEYS: no model vendor 'opnai'; did you mean 'openai'?; known: "
    )
    assert "hunter2" not in line


def test_a_worker_model_of_a_vendor_that_does_not_exist_stops_the_start(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CORDBOARD_WORKER_MODEL", "opnai:gpt-4o-mini")
    monkeypatch.setenv("CORDBOARD_DATA_DIR", str(tmp_path))

    assert main(["serve"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("cordboard: CORDBOARD_WORKER_MODEL: no model vendor 'opnai'; did you")
