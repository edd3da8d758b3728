"""Settings from the environment: the only place that reads it."""

import difflib
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from app.settings.errors import SettingsError
from app.settings.llm_keys import read_llm_keys
from app.settings.model import Settings

PREFIX = "CORDBOARD_"
"""What the name of every variable begins with."""

_EXPECTED = re.compile(r"^(?:Input should be|[Vv]alue should be|value is not) ")
_SECRET_FIELDS = frozenset(
    {"api_keys", "ws_password", "llm_keys", "secret_key", "database_url", "bus_url"}
)


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings.

    Args:
        environ: The variables, instead of those of this process.

    Raises:
        SettingsError: One line that names every variable that is wrong.
    """
    variables = os.environ if environ is None else environ
    given = {
        name.upper().removeprefix(PREFIX).lower(): value
        for name, value in variables.items()
        if name.upper().startswith(PREFIX)
    }
    problems = [_unknown(name) for name in sorted(given.keys() - Settings.model_fields.keys())]
    values = {name: given[name] for name in given.keys() & Settings.model_fields.keys()}
    try:
        settings = Settings(**_not_empty(values))
    except ValidationError as error:
        problems += [_explain(detail) for detail in error.errors(include_url=False)]
    if problems:
        raise SettingsError("; ".join(problems))
    return settings


def load_llm_keys(environ: Mapping[str, str] | None = None) -> Mapping[str, Mapping[str, Any]]:
    """Read the credentials of model vendors alone, for what is no server.

    Args:
        environ: The variables, instead of those of this process.

    Raises:
        SettingsError: One line that says what is wrong.
    """
    value = (os.environ if environ is None else environ).get(f"{PREFIX}LLM_KEYS")
    try:
        return read_llm_keys(value) if value else {}
    except ValueError as error:
        raise SettingsError(f"{PREFIX}LLM_KEYS: {error}, came a value that is not shown") from None


def _not_empty(values: Mapping[str, str]) -> dict[str, Any]:
    # An empty variable counts as not set, since compose files write `NAME=${NAME:-}`.
    return {name: value for name, value in values.items() if value}


def _unknown(name: str) -> str:
    close = difflib.get_close_matches(name, Settings.model_fields, n=1)
    advice = f", did you mean {_variable(close[0])}?" if close else "; see docs/settings.md"
    return f"{_variable(name)} is not a setting{advice}"


def _explain(detail: ErrorDetails) -> str:
    location: Sequence[int | str] = detail["loc"]
    message = detail["msg"].removeprefix("Value error, ")
    if not location:
        return message
    name = str(location[0])
    expected = _EXPECTED.sub("expected ", message)
    is_secret = name in _SECRET_FIELDS or "@" in str(detail["input"])  # user:password@host
    came = "a value that is not shown" if is_secret else repr(detail["input"])
    return f"{_variable(name)}: {expected}, came {came[:100]}"


def _variable(name: str) -> str:
    return PREFIX + name.upper()


def is_color_unwanted() -> bool:
    """Whether the person at the terminal has set ``NO_COLOR`` to anything."""
    return bool(os.environ.get("NO_COLOR"))


def key_in_a_command() -> str:
    """What stands for the API key in a command to paste: the key's file, or a word to replace."""
    if os.environ.get(f"{PREFIX}API_KEYS"):
        return "KEY"
    return f"$(cat {os.environ.get(f'{PREFIX}DATA_DIR') or '.cordboard'}/api-key)"


def reach_of_a_command(environ: Mapping[str, str] | None = None) -> tuple[str, str, str]:
    """How a command reaches the server of this machine over REST.

    Args:
        environ: The variables, instead of those of this process.

    Returns:
        Its address, the first key that is set, and the key that the server has made itself; empty
        where there is none.
    """
    variables = os.environ if environ is None else environ
    port = variables.get(f"{PREFIX}PORT") or Settings.model_fields["port"].default
    key = variables.get(f"{PREFIX}API_KEYS", "").partition(",")[0].strip()
    path = Path(variables.get(f"{PREFIX}DATA_DIR") or ".cordboard") / "api-key"
    try:
        own = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        own = ""
    return f"http://127.0.0.1:{port}", key, own


def environment_of_worker(name: str, port: int, node_port: int) -> dict[str, str]:
    """The variables for one of several processes on one port: those of this process, but for that.

    Args:
        name: What it is called among the others.
        port: Where they all listen.
        node_port: Where this one alone does; 0 takes a free one.
    """
    own = {"WORKER": name, "PORT": str(port), "NODE_PORT": str(node_port)}
    return {**os.environ, **{PREFIX + variable: value for variable, value in own.items()}}
