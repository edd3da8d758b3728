"""`Settings`: every setting of the server, checked."""

import ipaddress
import re
from collections.abc import Iterator, Mapping
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
    field_validator,
    model_validator,
)

from app.settings.llm_keys import read_llm_keys
from app.settings.llm_prices import Price, check_llm_prices, read_llm_prices

Seconds = Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)]

_RATE = re.compile(r"[1-9]\d*\s*/\s*(?:[1-9]\d*\s*)?(?:second|minute|hour|day)s?")
_HOST = re.compile(r"(?!.*\d$)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*")
LEAST_SECRET = 32


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
    worker_model: str = Field(
        default="openai:gpt-4o-mini",
        pattern=r"^\s*[\w.-]+(:.+)?$",
        max_length=200,
        description="The model that answers from knowledge bases, as `vendor:model`, where an"
        " organisation has not chosen one.",
    )
    knowledge_budget: int = Field(
        default=60_000,
        ge=1000,
        le=2_000_000,
        description="Characters of documents that go to it with one question; of more, the best"
        " passages go.",
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
    checkpoints: bool = Field(
        default=True,
        description="Keep what calls need to go on in another process, after a crash or a restart.",
    )
    bus_url: SecretStr | None = Field(
        default=None,
        description="Where the nodes of a cluster note who holds which call:"
        " `redis://:password@host:6379`; without, in the store.",
    )
    node_host: str = Field(
        default="127.0.0.1",
        min_length=1,
        description="Address that other nodes reach this one at, and no one else should.",
    )
    node_port: int = Field(
        default=0,
        ge=0,
        le=65535,
        description="Port of that address; 0 takes a free one. Workers take turns with it and"
        " those that follow.",
    )
    node_url: str | None = Field(
        default=None,
        description="How other nodes reach this one, where it is not that address:"
        " `http://10.0.0.7:3100`.",
    )
    node_lease: float = Field(
        default=15.0,
        ge=1,
        le=300,
        description="Seconds that a node counts as alive after it was last heard of.",
    )
    worker: str | None = Field(
        default=None,
        pattern=r"^[\w.-]{1,64}$",
        description="Name of this process among others on one port; `serve --workers` sets it.",
    )
    records: bool = Field(
        default=True, description="Keep a record of every call: parties, words, tools, timing."
    )
    llm_prices: Mapping[str, Mapping[str, Price]] = Field(
        default_factory=dict,
        description="US dollars for a million tokens, for the estimates in records, as JSON by"
        ' model: `{"gpt-4.1-mini": {"input": 0.4, "output": 1.6}}`; or the path of a file.',
    )
    max_calls: int = Field(
        default=20_000,
        ge=1,
        description="Calls at once in one process; one more is declined, the others go on.",
    )
    max_total_calls: int | None = Field(
        default=None,
        ge=1,
        description="Calls at once on all nodes together; no bound unless set.",
    )
    max_organisation_calls: int | None = Field(
        default=None,
        ge=1,
        description="Calls at once of any one organisation, on all nodes together; it may set"
        " itself a lower bound.",
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
    drain_seconds: float = Field(
        default=5.0,
        ge=1,
        le=3600,
        description="Seconds that the process has for its end: to give its calls to others, in"
        " waves, and then for all else.",
    )
    drain_delay: float = Field(
        default=0.0,
        ge=0,
        le=600,
        description="Seconds before that in which `/readyz` says 503 already and calls are still"
        " taken, for balancers that ask it.",
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

    @field_validator("llm_prices", mode="before")
    @classmethod
    def _read_llm_prices(cls, value: object) -> object:
        return read_llm_prices(value) if isinstance(value, str) else value

    @field_validator("llm_prices")
    @classmethod
    def _check_llm_prices(
        cls, prices: Mapping[str, Mapping[str, float]]
    ) -> Mapping[str, Mapping[str, float]]:
        check_llm_prices(prices)
        return prices

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
        if not all(len(key.get_secret_value()) >= LEAST_SECRET for key in keys):
            raise ValueError(f"expected keys of {LEAST_SECRET} characters or more")
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

    @field_validator("bus_url")
    @classmethod
    def _check_bus_url(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None:
            parts = urlsplit(url.get_secret_value())
            if parts.scheme not in {"redis", "rediss"} or not parts.hostname:
                raise ValueError("expected an address such as redis://:password@host:6379")
        return url

    @field_validator("public_url", "node_url")
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
    def is_clustered(self) -> bool:
        """Whether there may be other nodes: workers, a bus, or a database that many can share."""
        has_server = self.store_url.startswith("postgres")
        return self.worker is not None or self.bus_url is not None or has_server

    @property
    def generated_key(self) -> Path | None:
        """The file of the key that we made ourselves; None where keys were given."""
        return self._generated_key


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True
