"""Failures of vendors as our one error: what kind, and whether to try again."""

import json
from collections.abc import Mapping
from typing import Any

from app.llm.port import ErrorKind, ModelError

LONGEST = 500
"""Characters of a vendor's message that are kept."""

_BY_STATUS: Mapping[int, tuple[ErrorKind, bool]] = {
    401: ("auth", False),
    402: ("auth", False),  # no credit
    403: ("auth", False),
    408: ("timeout", True),
    409: ("overloaded", True),
    429: ("rate_limit", True),
}
_BY_CLASS: Mapping[str, tuple[ErrorKind, bool]] = {
    "APITimeoutError": ("timeout", True),
    "TimeoutException": ("timeout", True),  # httpx and httpx2
    "TimeoutError": ("timeout", True),
    "RemoteProtocolError": ("connection", True),
    "TransportError": ("connection", True),
    "APIConnectionError": ("connection", True),
    "ClientError": ("connection", True),
    "GoogleAuthError": ("auth", False),  # no token for a service account
    "OSError": ("connection", True),
    "JSONDecodeError": ("protocol", False),
    "UnknownApiResponseError": ("protocol", False),
    "APIResponseValidationError": ("protocol", False),
    "UnicodeDecodeError": ("protocol", False),
}


def from_status(
    vendor: str,
    status: int,
    message: str,
    *,
    headers: Mapping[str, str] | None = None,
    code: str = "",
) -> ModelError:
    """The error of an HTTP answer; `code` is the vendor's own word for it."""
    kind, retryable = _BY_STATUS.get(
        status, ("overloaded", True) if status >= 500 else ("bad_request", False)
    )
    if code in ("insufficient_quota", "billing_hard_limit_reached"):
        kind, retryable = "auth", False  # as 402: no credit
    found = {key.lower(): value for key, value in (headers or {}).items()}
    return ModelError(
        f"{vendor} answered {status}: {shorten(message) or kind}",
        kind=kind,
        retryable=retryable,
        vendor=vendor,
        status=status,
        request_id=found.get("x-request-id") or found.get("request-id") or "",
        retry_after=_retry_after(found),
    )


def from_exception(vendor: str, error: BaseException) -> ModelError:
    """The error of anything else that is raised, told by the names of its classes.

    The two families of httpx and the SDKs are told apart by no import, which would load them.
    """
    if isinstance(error, ModelError):
        return error
    classes = [each.__name__ for each in type(error).__mro__]
    kind, retryable = next(
        (_BY_CLASS[name] for name in classes if name in _BY_CLASS), ("protocol", False)
    )
    cause = error.__cause__ or error
    detail = shorten(_words_of(cause)) or type(cause).__name__
    text = {
        "timeout": f"{vendor} kept silent for too long ({detail})",
        "connection": f"{vendor} cannot be reached, or hung up ({detail})",
        "auth": f"{vendor} does not take the credential ({detail})",
    }.get(kind, f"{vendor} sent what cannot be read ({type(error).__name__}: {detail})")
    return ModelError(text, kind=kind, retryable=retryable, vendor=vendor)


def truncated(vendor: str) -> ModelError:
    """The error of a stream that ended cleanly, without saying that it ended."""
    text = f"{vendor} ended its answer in the middle"
    return ModelError(text, kind="truncated", retryable=True, vendor=vendor)


def message_of(body: Any) -> str:
    """The words of a vendor's error body, whatever shape it has."""
    if isinstance(body, bytes | str):
        try:
            return message_of(json.loads(body))
        except ValueError:
            return body.decode(errors="replace") if isinstance(body, bytes) else body
    if isinstance(body, list):
        return message_of(body[0]) if body else ""
    if isinstance(body, Mapping):
        inner = body.get("error", body.get("message"))
        return message_of(inner) if inner is not None else json.dumps(dict(body), default=str)
    return "" if body is None else str(body)


def shorten(text: str) -> str:
    """A vendor's message on one line, and not endless."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def _words_of(error: BaseException) -> str:
    """What an exception says; those of google-auth carry another one, or the whole answer."""
    first = error.args[0] if error.args else ""
    if isinstance(first, BaseException):
        return _words_of(first)
    is_pair = len(error.args) > 1 and isinstance(error.args[1], Mapping)
    return str(first) if is_pair else str(error)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait; OpenAI and Azure also say it in milliseconds, which is more exact."""
    exact = _seconds(headers.get("retry-after-ms"))
    return _seconds(headers.get("retry-after")) if exact is None else exact / 1000


def _seconds(value: str | None) -> float | None:
    try:
        return float(value) if value else None
    except ValueError:  # a date: far enough away
        return None
