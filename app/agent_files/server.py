"""The server whose agents are edited as files, over its REST API."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPException
from typing import Any, Final, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

__all__ = ["Checked", "Exported", "Listed", "Refused", "Server", "Unreachable", "is_loopback"]

SECONDS: Final = 30.0
MARKDOWN: Final = "text/markdown; charset=utf-8"


class Unreachable(Exception):
    """The server does not answer, or nothing that is of use; the message says why."""


class Refused(Exception):
    """The server refuses a request.

    Attributes:
        status: HTTP status.
        detail: Why.
        errors: The parts that are wrong, as (field, message).
    """

    def __init__(self, status: int, detail: str, errors: Sequence[tuple[str, str]] = ()) -> None:
        self.status, self.detail, self.errors = status, detail, tuple(errors)
        super().__init__(detail)


@dataclass(frozen=True, slots=True)
class Listed:
    """An agent on the server."""

    id: str
    name: str
    version: int


@dataclass(frozen=True, slots=True)
class Checked:
    """What would become of a file: see the operation `check_agent`."""

    id: str | None
    version: int | None
    is_current: bool
    is_same: bool
    before: str
    after: str
    warnings: Sequence[str]


class Exported(NamedTuple):
    """An agent as a file.

    Attributes:
        name: What the server calls the file.
        text: What it holds.
    """

    name: str
    text: str


class _Answered(NamedTuple):
    text: str
    headers: Message


class Server:
    """A server.

    Args:
        url: Where it is, such as `https://voice.example.com`.
        key: Of its REST API; empty where it asks for none.
    """

    def __init__(self, url: str, key: str) -> None:
        self.url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        # No redirects: they would take the key to somebody else. No proxy on this machine.
        self._opener = OpenerDirector()
        for handler in (
            *(HTTPHandler(), HTTPSHandler(), HTTPDefaultErrorHandler(), HTTPErrorProcessor()),
            ProxyHandler({} if is_loopback(url) else None),
        ):
            self._opener.add_handler(handler)

    def list(self) -> Sequence[Listed]:
        """All agents, the oldest first."""
        found = json.loads(self._ask("GET", "/api/agents").text)
        return [Listed(one["id"], one["name"], one["version"]) for one in reversed(found)]

    def export(self, agent_id: str, version: int | None = None) -> Exported:
        """An agent as a file, as it answers calls or in this version."""
        query = {} if version is None else {"version": version}
        answered = self._ask("GET", f"/api/agents/{agent_id}/export", query)
        about = answered.headers.get("Content-Disposition", "")
        return Exported(about.partition('filename="')[2].removesuffix('"'), answered.text)

    def check(self, text: str) -> Checked:
        """What would become of a file."""
        found = json.loads(self._ask("POST", "/api/agents/check", text=text).text)
        return Checked(**{name: found.get(name) for name in Checked.__slots__})

    def save(self, text: str, **options: Any) -> Mapping[str, Any]:
        """Save a file; gives the agent as it is then."""
        answered = self._ask("POST", "/api/agents/import", options, text=text)
        saved: dict[str, Any] = json.loads(answered.text)
        return saved

    def _ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, object] | None = None,
        *,
        text: str | None = None,
    ) -> _Answered:
        given = {name: _written(value) for name, value in (query or {}).items() if value}
        url = f"{self.url}{path}" + (f"?{urlencode(given)}" if given else "")
        headers = self._headers | ({"Content-Type": MARKDOWN} if text is not None else {})
        body = None if text is None else text.encode("utf-8", "surrogateescape")
        request = Request(url, body, headers, method=method)  # noqa: S310  # the opener has HTTP only
        try:
            with self._opener.open(request, timeout=SECONDS) as answer:
                return _Answered(_decoded(answer.read()), answer.headers)
        except HTTPError as error:
            with error:
                raise _refused(error, error.read()) from None
        except (URLError, OSError, HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise Unreachable(f"cannot reach {self.url}: {reason}") from None


def is_loopback(url: str) -> bool:
    """Whether it is a server of this machine."""
    return urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1")


def _written(value: object) -> str:
    return "true" if value is True else str(value)


def _decoded(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise Unreachable("the server answers no UTF-8; is it Cordboard?") from None


def _refused(error: HTTPError, body: bytes) -> Exception:
    if "Location" in error.headers:
        return Unreachable(f"it leads to {error.headers['Location']}; give that by --server")
    try:
        problem = json.loads(body)
        errors = [(one["field"], one["message"]) for one in problem.get("errors") or ()]
        return Refused(error.code, str(problem["detail"]), errors)
    except (ValueError, KeyError, TypeError, AttributeError):
        return Unreachable(f"{error.url} answers {error.code}; is it a Cordboard with a store?")
