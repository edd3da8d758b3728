"""Whatever boto3 raises, as a `ModelError`."""

from collections.abc import Mapping

from botocore.eventstream import ParserError
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    HTTPClientError,
    ParamValidationError,
    ReadTimeoutError,
)
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError
from urllib3.exceptions import TimeoutError as UrlTimeoutError

from app.llm.port import ErrorKind, ModelError

_KINDS: Mapping[str, tuple[ErrorKind, bool]] = {
    "ThrottlingException": ("rate_limit", True),
    "ServiceQuotaExceededException": ("rate_limit", False),
    "ModelNotReadyException": ("overloaded", True),
    "ServiceUnavailableException": ("overloaded", True),
    "InternalServerException": ("overloaded", True),
    "ModelErrorException": ("overloaded", True),
    "ModelStreamErrorException": ("overloaded", True),
    "ModelTimeoutException": ("timeout", True),
    "ValidationException": ("bad_request", False),
    "ResourceNotFoundException": ("bad_request", False),
    "AccessDeniedException": ("auth", False),
    "UnrecognizedClientException": ("auth", False),
    "InvalidSignatureException": ("auth", False),
    "ExpiredTokenException": ("auth", False),
}

CAUGHT = (ClientError, BotoCoreError, HTTPError, ParserError, ResponseParserError, OSError)
"""Every family of exceptions that comes out of a client or its streams."""


def to_model_error(error: Exception) -> ModelError:
    """The error in our words, with Bedrock's own message where it has one."""
    if isinstance(error, ClientError):
        return _refused(error)
    kind, retryable = _kind(error)
    return ModelError(_first_line(error), kind=kind, retryable=retryable, vendor="bedrock")


def _refused(error: ClientError) -> ModelError:
    """What the service said itself, as an HTTP error or in the middle of a stream."""
    found = error.response.get("Error", {})
    about = error.response.get("ResponseMetadata", {})
    code = found.get("Code", "")
    status = about.get("HTTPStatusCode")
    kind, retryable = _KINDS.get(code[:1].upper() + code[1:]) or _by_status(status)
    return ModelError(
        f"{code}: {found.get('Message') or 'no message'}",
        kind=kind,
        retryable=retryable,
        vendor="bedrock",
        status=status,
        request_id=about.get("RequestId", ""),
    )


def _by_status(status: int | None) -> tuple[ErrorKind, bool]:
    if status is None or status >= 500:
        return "overloaded", True
    if status in (401, 403):
        return "auth", False
    if status == 429:
        return "rate_limit", True
    return ("timeout", True) if status == 408 else ("bad_request", False)


def _kind(error: Exception) -> tuple[ErrorKind, bool]:
    if isinstance(error, ReadTimeoutError | ConnectTimeoutError | UrlTimeoutError | TimeoutError):
        return "timeout", True
    if isinstance(error, HTTPClientError | HTTPError | OSError):
        return "connection", True
    if isinstance(error, ParserError | ResponseParserError):
        return "protocol", True
    return (
        ("bad_request", False) if isinstance(error, ParamValidationError) else ("protocol", False)
    )


def _first_line(error: Exception) -> str:
    return str(error).strip() or type(error).__name__
