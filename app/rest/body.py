"""The body of a request: JSON of a bounded size that comes in a bounded time."""

import asyncio
from typing import Final

import orjson
from aiohttp import ClientConnectionError, web
from aiohttp.web import RequestPayloadError

from app.keys import SETTINGS
from app.rest.problems import Problem

__all__ = ["JSON", "LARGEST", "read_body", "read_json", "read_text"]

JSON: Final = "application/json"
LARGEST: Final = 256 * 1024
SECONDS: Final = 10.0


async def read_json(request: web.Request, largest: int = LARGEST) -> bytes:
    """The body as clean JSON: no NaN, no lone surrogates, no numbers that nobody can send on.

    Raises:
        Problem: 400, 408, 413 or 415.
    """
    if not _is_json(request):
        raise _unexpected(request, JSON)
    body = await read_body(request, largest)
    if not body.strip():
        raise Problem(400, "The body is empty; send a JSON object.", kind="malformed-json")
    try:
        return orjson.dumps(orjson.loads(body))
    except (orjson.JSONDecodeError, TypeError, RecursionError) as error:
        raise Problem(400, f"The body is not JSON: {error}.", kind="malformed-json") from None


async def read_text(request: web.Request, kind: str) -> str:
    """The body as text of a media type, in UTF-8.

    Raises:
        Problem: 400, 408, 413 or 415.
    """
    if request.content_type.lower() != kind or not _is_utf8(request):
        raise _unexpected(request, kind)
    try:
        return (await read_body(request)).decode()
    except UnicodeDecodeError as error:
        detail = f"The body is not UTF-8: {error.reason} at byte {error.start}."
        raise Problem(400, detail, kind="malformed-body") from None


async def read_body(
    request: web.Request, largest: int = LARGEST, *, seconds: float | None = None
) -> bytes:
    """The bytes; who has a key may still be slow, break off, or send what swells.

    Args:
        request: Whose body.
        largest: How many bytes it may have.
        seconds: How long it may take to come; 10 s if not said.

    Raises:
        Problem: 400, 408 or 413.
    """
    # What jambonz takes must come through, even where JSON writes a letter in more bytes.
    largest = max(largest, 2 * request.app[SETTINGS].max_frame)
    seconds = SECONDS if seconds is None else seconds
    try:
        async with asyncio.timeout(seconds):
            return await request.clone(client_max_size=largest).read()
    except TimeoutError:
        raise Problem(408, f"The body did not come within {seconds:g} s.") from None
    except RequestPayloadError as error:
        reason = " ".join(str(getattr(error.__cause__, "message", error)).split())[:200]
        raise Problem(400, f"The body cannot be read: {reason}.", kind="malformed-body") from None
    except (ConnectionError, ClientConnectionError):  # nobody will read this
        raise Problem(400, "The connection broke before the body was complete.") from None


def _is_json(request: web.Request) -> bool:
    kind = request.content_type.lower()
    is_json = kind == JSON or (kind.startswith("application/") and kind.endswith("+json"))
    return is_json and "Content-Type" in request.headers and _is_utf8(request)


def _is_utf8(request: web.Request) -> bool:
    return (request.charset or "utf-8").lower() in {"utf-8", "utf8"}


def _unexpected(request: web.Request, kind: str) -> Problem:
    came = request.headers.get("Content-Type", "no content type")[:80]
    detail = f"Send the body as `Content-Type: {kind}` in UTF-8; got {came!r}."
    return Problem(415, detail, headers={"Accept": kind})
