"""Whatever boto3 raises, as a `ModelError`."""

from collections.abc import Mapping

from botocore.eventstream import ParserError
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    HTTPClientError,
    ReadTimeoutError,
)
from botocore.exceptions import (
    ConnectionError as BotoConnectionError,
)
from urllib3.exceptions import HTTPError
from urllib3.exceptions import TimeoutError as UrlTimeoutError

from app.llm.bedrock.request import VENDOR
from app.llm.errors import from_exception, from_status, shorten
from app.llm.port import ErrorKind, ModelError

_TELLING: Mapping[str, int] = {
    "AccessDeniedException": 403,
    "ExpiredTokenException": 403,
    "IncompleteSignatureException": 403,
    "InvalidSignatureException": 403,
    "UnrecognizedClientException": 403,
    "InternalServerException": 500,
    "ModelErrorException": 502,
    "ModelStreamErrorException": 502,
    "ModelNotReadyException": 503,
    "ServiceUnavailableException": 503,
    "ThrottlingException": 429,
    "ValidationException": 400,
}
"""The status that says what a code means: inside a stream there is none, and for models that are
not ready or failed Bedrock sends the 429 and the 424 of a fault of ours."""


def to_model_error(error: Exception) -> ModelError:
    """The error in our words, with Bedrock's own message where it has one."""
    if isinstance(error, ClientError):
        return _refused(error)
    kind = _kind(error)
    if kind is None:
        return from_exception(VENDOR, error)
    retryable = kind in ("timeout", "connection")
    return ModelError(shorten(f"{VENDOR}: {error}"), kind=kind, retryable=retryable, vendor=VENDOR)


def _refused(error: ClientError) -> ModelError:
    """What the service said itself, as an HTTP error or in the middle of a stream."""
    found = error.response.get("Error", {})
    about = error.response.get("ResponseMetadata", {})
    code = found.get("Code", "")
    code = code[:1].upper() + code[1:]  # inside a stream it begins with a small letter
    status = about.get("HTTPStatusCode", 500)
    known = from_status(
        VENDOR,
        _TELLING.get(code, status),
        f"{code}: {found.get('Message') or 'no message'}",
        headers=about.get("HTTPHeaders"),
    )
    known.status = about.get("HTTPStatusCode")
    known.request_id = about.get("RequestId", "")
    return known


def _kind(error: Exception) -> ErrorKind | None:
    if isinstance(error, ReadTimeoutError | ConnectTimeoutError | UrlTimeoutError):
        return "timeout"
    if isinstance(error, BotoConnectionError | HTTPClientError | HTTPError):
        return "connection"
    if isinstance(error, ParserError):
        return "protocol"
    return "bad_request" if isinstance(error, BotoCoreError) else None
