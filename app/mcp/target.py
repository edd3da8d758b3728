"""Where a server is: a URL with what proves who asks, or a command."""

import base64
import re
import shlex
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from app.mcp.errors import McpError

Pin = Callable[[str, int], Awaitable[str]]
"""From host and port to the address to connect to; raises `PermissionError` where there is none."""

Way = Literal["Streamable HTTP", "SSE", "stdio"]

SECRET: Final = re.compile(r"-{0,2}[\w.-]*(?:key|token|secret|password|auth)[\w.-]*", re.IGNORECASE)
STARTS_WITHIN: Final = 30.0
"""Seconds that a command may take to answer; some install what they run first."""
ANSWERS_WITHIN: Final = 5.0


@dataclass(frozen=True, slots=True)
class Target:
    """Where a server is.

    Attributes:
        label: What logs and errors call it; holds no secret.
        ways: How to speak with it, the likeliest first.
        url: Empty where it is a command.
        command: The words of the command.
        headers: Sent with each request.
        env: Environment variables of the command, beside the few that it inherits.
        roots: Folders that are offered to it, as ``file://`` addresses.
        pin: Finds the address to connect to for a host; the system does without it.
    """

    label: str
    ways: tuple[Way, ...]
    url: str = ""
    command: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    roots: tuple[str, ...] = ()
    pin: Pin | None = None

    @property
    def connect_timeout(self) -> float:
        """Seconds until it should have connected and told its tools."""
        return STARTS_WITHIN if self.command else ANSWERS_WITHIN

    @property
    def identity(self) -> tuple[object, ...]:
        """Equal for what one connection can serve."""
        headers, env = sorted(self.headers.items()), sorted(self.env.items())
        # What may go anywhere shares no connection with what may not.
        return (self.url, self.command, tuple(headers), tuple(env), self.roots, self.pin)


def read_target(
    target: str | Sequence[str],
    *,
    auth: Mapping[str, Any] | None = None,
    env: Mapping[str, str] | None = None,
    roots: Sequence[object] = (),
    pin: Pin | None = None,
) -> Target:
    """Read a URL, or a command as one text or as its words; with ``pin`` a URL only.

    Raises:
        McpError: It is neither.
    """
    offered = tuple(root_of(root) for root in roots)
    if isinstance(target, str) and ("://" in target.split(" ")[0] or pin is not None):
        return replace(read_url(target, headers_of(auth), offered), pin=pin)
    words = split(target) if isinstance(target, str) else tuple(target)
    if not words or not all(isinstance(word, str) for word in words):
        raise McpError(f"expected the URL of an MCP server or a command; got {target!r:.80}")
    return Target(label_of(words), ("stdio",), command=words, env=dict(env or {}), roots=offered)


def split(command: str) -> tuple[str, ...]:
    """The words of a command line, as a shell reads them."""
    try:
        return tuple(shlex.split(command))
    except ValueError as error:
        raise McpError(f"the command of an MCP server is not well formed: {error}") from None


def read_url(url: str, headers: Mapping[str, str], roots: tuple[str, ...]) -> Target:
    """A server at a URL; one whose path ends in ``/sse`` most likely speaks the older SSE."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise McpError(
            f"expected http:// or https:// and a host in the URL of an MCP server; got {url[:80]!r}"
        )
    label = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    ways: tuple[Way, ...] = ("Streamable HTTP", "SSE")
    if parts.path.rstrip("/").endswith("/sse"):
        ways = ("SSE", "Streamable HTTP")
    return Target(label, ways, url=url, headers=headers, roots=roots)


def headers_of(auth: Mapping[str, Any] | None) -> dict[str, str]:
    """The headers that an ``auth`` object stands for: what is no known name is a header itself."""
    given = {re.sub(r"[-_]", "", key).lower(): key for key in auth or {}}
    headers: dict[str, str] = {}
    for plain, key in given.items():
        value = (auth or {})[key]
        match plain:
            case "apikey" | "token" | "accesstoken":
                headers["Authorization"] = f"Bearer {value}"
            case "username":
                pair = f"{value}:{(auth or {}).get(given.get('password', ''), '')}"
                headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
            case "password":
                continue
            case "headers" if isinstance(value, Mapping):
                headers.update({str(name): str(one) for name, one in value.items()})
            case _ if isinstance(value, str):
                headers[key] = value
    return headers


def root_of(root: object) -> str:
    """The address of a folder, given as a path, as an address, or as an object with ``uri``."""
    value = root.get("uri") if isinstance(root, Mapping) else root
    text = str(value or "")
    return text if "://" in text else Path(text).resolve().as_uri()


def label_of(words: Sequence[str]) -> str:
    """A command without what may be a secret in it."""
    shown: list[str] = []
    for before, word in zip(("", *words), words, strict=False):
        name, has_value, _ = word.partition("=")
        if has_value and SECRET.fullmatch(name):
            shown.append(f"{name}=…")
        else:
            shown.append("…" if before.startswith("-") and SECRET.fullmatch(before) else word)
    return shlex.join(shown)[:120]
