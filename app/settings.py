"""Every setting of the server: one frozen object, read once from ``CORDBOARD_…`` variables.

This module is the only reader of the environment; all else is handed a `Settings`.
"""

import difflib
import ipaddress
import json
import os
import re
import secrets
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    IPvAnyNetwork,
    PrivateAttr,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails

PREFIX = "CORDBOARD_"
"""What the name of every variable begins with."""

Seconds = Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)]

_RATE = re.compile(r"[1-9]\d*\s*/\s*(?:[1-9]\d*\s*)?(?:second|minute|hour|day)s?")
_HOST = re.compile(r"(?!.*\d$)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*")
_EXPECTED = re.compile(r"^(?:Input should be|[Vv]alue should be|value is not) ")
_SECRET_FIELDS = frozenset({"api_keys", "ws_password", "llm_keys", "secret_key", "database_url"})
_LEAST_SECRET = 32


class SettingsError(Exception):
    """The server cannot start with these settings; the message is one line that says why."""


class Settings(BaseModel):
    """The settings, checked. Field ``max_frame`` is the variable ``CORDBOARD_MAX_FRAME``."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    host: str = Field(default="127.0.0.1", min_length=1, description="Address to listen on.")
    port: int = Field(default=3000, ge=0, le=65535, description="Port; 0 takes a free one.")
    public_url: str | None = Field(
        default=None,
        description="How the outside reaches the server, such as `https://voice.example.com`.",
    )
    api_keys: tuple[SecretStr, ...] = Field(
        default=(), description="Bearer keys of the REST API, separated by commas."
    )
    ws_user: str | None = Field(
        default=None, description="User name that jambonz gives when it opens a WebSocket."
    )
    ws_password: SecretStr | None = Field(
        default=None, description="Password that belongs to `CORDBOARD_WS_USER`."
    )
    allow_anonymous: bool = Field(
        default=False, description="Start without keys or credentials, even on an open address."
    )
    tls_certificate: Path | None = Field(
        default=None, description="PEM file with the certificate chain; needs the key too."
    )
    tls_key: Path | None = Field(default=None, description="PEM file with the private key.")
    trusted_proxies: tuple[IPvAnyNetwork, ...] = Field(
        default=(),
        description="Networks whose `X-Forwarded-…` headers are believed, separated by commas.",
    )
    allow_private: tuple[str, ...] = Field(
        default=(),
        description="Networks and names of hosts, separated by commas, that look-ups, HTTP tools"
        " and imports may reach although they are private.",
    )
    folder: Path = Field(
        default=Path(), description="The folder that holds `handlers/` and `hooks/`."
    )
    reload: bool = Field(
        default=False,
        description="Take up changes in `handlers/` and `hooks/` while running; for development.",
    )
    twin: bool = Field(
        default=False,
        description="Let `POST /v1/twin/calls` be used from other machines too.",
    )
    llm_keys: Mapping[str, Mapping[str, Any]] = Field(
        default_factory=dict,
        repr=False,
        description="Credentials of model vendors, as JSON: a key, or its fields, for each vendor;"
        " or the path of a file that holds it.",
    )
    data_dir: Path = Field(
        default=Path(".cordboard"), description="Where the server keeps its own files."
    )
    secret_key: tuple[SecretStr, ...] = Field(
        default=(),
        description="Seals the secrets in the store and signs cookies: 32 characters or more. After"
        " a comma, older ones that still open.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="Where agents and call records are kept: `postgresql://user:password@host/name`"
        " or `sqlite:///file.db`; without, in `cordboard.db` in the data folder.",
    )
    max_calls: int = Field(
        default=20_000, ge=1, description="Calls at once; one more is declined, the others go on."
    )
    max_silent_sockets: int = Field(
        default=1000,
        ge=1,
        description="Sockets at once without a first message; one more is refused with 503.",
    )
    max_frame: int = Field(
        default=24 * 1024,
        ge=1024,
        le=64 * 1024 * 1024,
        description="Largest frame that we send, in bytes; on a larger one jambonz closes.",
    )
    max_message: int = Field(
        default=4 * 1024 * 1024,
        ge=64 * 1024,
        le=256 * 1024 * 1024,
        description="Largest message that we take, in bytes.",
    )
    ack_deadline: float = Field(
        default=4.0,
        gt=0,
        lt=5,
        description="Seconds after which a slow handler is answered for; jambonz waits 5.",
    )
    first_message_timeout: Seconds = Field(
        default=10.0, description="Seconds that a new socket has for its first message."
    )
    ping_interval: Seconds = Field(default=25.0, description="Seconds between pings.")
    session_linger: float = Field(
        default=60.0,
        ge=0,
        le=3600,
        description="Seconds that a call outlives its socket, waiting for jambonz to redial.",
    )
    slow_turn: Seconds = Field(
        default=2.0, description="Seconds of a turn after which the log says what took so long."
    )
    stall_limit: Seconds = Field(
        default=0.1,
        description="Seconds of a blocked event loop after which the log names the line.",
    )
    rate_limit: str = Field(
        default="50/second", description="REST requests allowed to one key: `50/second`."
    )
    otlp_endpoint: str | None = Field(
        default=None,
        description="Where traces go, such as `http://127.0.0.1:4318`; none go without.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least level that is logged."
    )
    log_format: Literal["auto", "json", "console"] = Field(
        default="auto", description="`auto` is `console` on a terminal and `json` elsewhere."
    )
    log_pii: bool = Field(
        default=False, description="Log personal data too: numbers, words, prompts, arguments."
    )

    _generated_key: Path | None = PrivateAttr(default=None)

    @field_validator("api_keys", "secret_key", "trusted_proxies", "allow_private", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(part for part in (piece.strip() for piece in value.split(",")) if part)

    @field_validator("llm_keys", mode="before")
    @classmethod
    def _read_llm_keys(cls, value: object) -> object:
        return read_llm_keys(value) if isinstance(value, str) else value

    @field_validator("log_level", "log_format", mode="before")
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("api_keys")
    @classmethod
    def _check_keys(cls, keys: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if not all(re.fullmatch(r"[!-~]+", key.get_secret_value()) for key in keys):
            raise ValueError("expected keys of visible ASCII characters, without spaces")
        return keys

    @field_validator("secret_key")
    @classmethod
    def _check_secret(cls, keys: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if not all(len(key.get_secret_value()) >= _LEAST_SECRET for key in keys):
            raise ValueError(f"expected keys of {_LEAST_SECRET} characters or more")
        return keys

    @field_validator("allow_private")
    @classmethod
    def _check_private(cls, entries: tuple[str, ...]) -> tuple[str, ...]:
        for entry in entries:
            if not _HOST.fullmatch(entry) and not _is_network(entry):
                raise ValueError("expected networks and names of hosts: 10.0.0.0/8,crm.internal")
        return entries

    @field_validator("otlp_endpoint")
    @classmethod
    def _check_endpoint(cls, url: str | None) -> str | None:
        if url is None:
            return None
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
            raise ValueError("expected the address of a collector, such as http://127.0.0.1:4318")
        return url.rstrip("/")

    @field_validator("public_url")
    @classmethod
    def _check_public_url(cls, url: str | None) -> str | None:
        if url is None:
            return None
        parts = urlsplit(url)
        is_plain = not (parts.query or parts.fragment or "@" in parts.netloc)
        if parts.scheme not in {"http", "https"} or not parts.hostname or not is_plain:
            raise ValueError("expected an address such as https://voice.example.com")
        return url.rstrip("/")

    @field_validator("rate_limit")
    @classmethod
    def _check_rate(cls, rate: str) -> str:
        if not _RATE.fullmatch(rate.strip()):
            raise ValueError("expected a number and a unit of time, such as 50/second")
        return rate.strip()

    @field_validator("folder")
    @classmethod
    def _check_folder(cls, folder: Path) -> Path:
        if not folder.is_dir():
            raise ValueError("expected a folder that exists")
        return folder

    @field_validator("tls_certificate", "tls_key")
    @classmethod
    def _check_file(cls, path: Path | None) -> Path | None:
        if path is not None and not path.is_file():
            raise ValueError("expected a file that exists")
        return path

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if problems := list(self._problems()):
            raise ValueError("; ".join(problems))
        return self

    def _problems(self) -> Iterator[str]:
        if (self.tls_certificate is None) != (self.tls_key is None):
            yield "CORDBOARD_TLS_CERTIFICATE and CORDBOARD_TLS_KEY: set both or neither"
        if (self.ws_user is None) != (self.ws_password is None):
            yield "CORDBOARD_WS_USER and CORDBOARD_WS_PASSWORD: set both or neither"
        if missing := self._missing_for_open_address():
            yield (
                f"CORDBOARD_HOST={self.host} can be reached from outside: set "
                f"{' and '.join(missing)}, or CORDBOARD_ALLOW_ANONYMOUS=1 to start without"
            )

    def _missing_for_open_address(self) -> list[str]:
        if self.is_loopback or self.allow_anonymous:
            return []
        missing = [] if self.api_keys else ["CORDBOARD_API_KEYS"]
        if self.ws_user is None:
            missing.append("CORDBOARD_WS_USER with CORDBOARD_WS_PASSWORD")
        return missing

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        if self.host.lower() == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return False

    @property
    def has_tls(self) -> bool:
        """Whether the server speaks TLS by itself."""
        return self.tls_certificate is not None

    @property
    def base_url(self) -> str:
        """Where the server is reached: the public address, else the one it listens on."""
        if self.public_url is not None:
            return self.public_url
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104
        shown = f"[{host}]" if ":" in host and not host.startswith("[") else host
        return f"{'https' if self.has_tls else 'http'}://{shown}:{self.port}"

    @property
    def websocket_url(self) -> str:
        """`base_url` as jambonz dials it: ``ws://`` or ``wss://``."""
        return "ws" + self.base_url.removeprefix("http")

    @property
    def store_url(self) -> str:
        """Where the store is: the database of the settings, else a file in the data folder."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.data_dir.absolute()}/cordboard.db"

    @property
    def generated_key(self) -> Path | None:
        """The file of the key that we made ourselves; None where keys were given."""
        return self._generated_key


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


def read_llm_keys(value: str) -> dict[str, dict[str, Any]]:
    """Credentials by vendor, from JSON or from a file of it; a text stands for `{"apiKey": …}`.

    Raises:
        ValueError: If it is neither.
    """
    text = value.strip()
    if not text.startswith("{"):
        try:
            text = Path(text).read_text(encoding="utf-8")
        except (OSError, ValueError):
            raise ValueError("expected JSON, or a file that can be read") from None
    try:
        read = json.loads(text)
    except ValueError:
        read = None
    if not isinstance(read, dict) or not all(
        key and isinstance(key, str | dict) for key in read.values()
    ):
        raise ValueError('expected JSON such as {"openai": "sk-…", "bedrock": {"apiKey": "…"}}')
    return {
        vendor.lower(): {"apiKey": key} if isinstance(key, str) else key
        for vendor, key in read.items()
    }


def ensure_key(settings: Settings) -> Settings:
    """Give a server without API keys one of its own, kept in ``data_dir/api-key``.

    Raises:
        SettingsError: The file cannot be written or read.
    """
    if settings.api_keys or settings.allow_anonymous:
        return settings
    key, path = _kept(settings, "api-key", "an API key")
    keyed = settings.model_copy(update={"api_keys": (key,)})
    keyed._generated_key = path
    return keyed


def ensure_secret(settings: Settings) -> Settings:
    """Give a server without a secret key one of its own, kept in ``data_dir/secret-key``.

    Raises:
        SettingsError: The file cannot be written or read.
    """
    if settings.secret_key:
        return settings
    key, path = _kept(settings, "secret-key", "a secret key (or set CORDBOARD_SECRET_KEY)")
    if len(key.get_secret_value()) < _LEAST_SECRET:
        raise SettingsError(f"{path}: expected {_LEAST_SECRET} characters or more, came fewer")
    secured = settings.model_copy(update={"secret_key": (key,)})
    secured._generated_key = settings._generated_key
    return secured


def _kept(settings: Settings, name: str, what: str) -> tuple[SecretStr, Path]:
    """A key that stands in a file of the data folder, made the first time."""
    path = settings.data_dir / name
    try:
        key = _read_or_make_key(path)
    except OSError as error:
        raise SettingsError(
            f"CORDBOARD_DATA_DIR: cannot keep {what} in {path}: {error.strerror}"
        ) from None
    if not re.fullmatch(r"[!-~]+", key):
        raise SettingsError(f"{path} holds no key; remove the file to get a new one")
    return SecretStr(key), path


def _read_or_make_key(path: Path) -> str:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        _make_key(path)
    if path.stat().st_mode & 0o077:
        path.chmod(0o600)
    return path.read_text(encoding="utf-8", errors="replace").strip()


def _make_key(path: Path) -> None:
    """Write a new key, unless another process that starts right now was quicker."""
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # owner-only rights
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
        os.link(draft, path)
    except FileExistsError:
        pass
    except OSError:  # a file system without hard links
        os.replace(draft, path)  # noqa: PTH105
    finally:
        Path(draft).unlink(missing_ok=True)


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


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
