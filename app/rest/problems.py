"""Errors over HTTP, as problem documents (RFC 9457): what was expected, what came, the fix."""

import re
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Annotated, Final

import structlog
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from app.logs import Event
from app.store import StoreUnavailable

__all__ = [
    "FieldProblem",
    "Problem",
    "ProblemDocument",
    "invalid",
    "no_such_call",
    "problem_middleware",
    "respond",
]

MEDIA_TYPE: Final = "application/problem+json"
REQUEST_ID: Final = web.RequestKey("request_id", str)
HEADERS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_SAFE_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,64}")

log = structlog.get_logger()

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class FieldProblem(BaseModel):
    """What is wrong with one part of a request."""

    model_config = ConfigDict(frozen=True)

    field: Annotated[str, Field(description="Path of the part, for example `messages[0].role`.")]
    message: Annotated[str, Field(description="What was expected and what came.")]


class ProblemDocument(BaseModel):
    """Why a request failed (RFC 9457)."""

    model_config = ConfigDict(frozen=True, title="Problem")

    type: Annotated[str, Field(description="Kind of the problem; stable, for programs.")]
    title: Annotated[str, Field(description="The kind in words; always the same for one type.")]
    status: Annotated[int, Field(ge=400, le=599)]
    detail: Annotated[str, Field(description="What happened here, and what to do about it.")]
    errors: Annotated[
        tuple[FieldProblem, ...] | None, Field(description="The parts that are wrong.")
    ] = None
    id: Annotated[str | None, Field(description="Under this id the log says more.")] = None


class Problem(Exception):
    """Ends a request with a problem document.

    Args:
        status: HTTP status.
        detail: What happened and what to do about it.
        kind: Slug that names the kind for programs; "" where the status says it all.
        title: The kind in words; the name of the status by default.
        errors: The parts of the request that are wrong, as (field, message).
        headers: More headers of the answer.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        kind: str = "",
        title: str | None = None,
        errors: Iterable[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        fields = tuple(FieldProblem(field=field, message=message) for field, message in errors)
        self.headers = dict(headers or {})
        self.document = ProblemDocument(
            type=f"urn:cordboard:problem:{kind}" if kind else "about:blank",
            title=title or HTTPStatus(status).phrase,
            status=status,
            detail=detail,
            errors=fields or None,
        )


def respond(problem: Problem, *, request_id: str | None = None) -> web.Response:
    """The answer that a problem stands for."""
    document = problem.document.model_copy(update={"id": request_id})
    return web.Response(
        body=document.model_dump_json(exclude_none=True).encode(),
        status=document.status,
        content_type=MEDIA_TYPE,
        headers={**HEADERS, **problem.headers},
    )


def no_such_call(detail: str) -> Problem:
    """There is no such call."""
    return Problem(404, detail, kind="no-such-call", title="No such call")


def invalid(detail: str, errors: Iterable[tuple[str, str]] = ()) -> Problem:
    """The request is not as the OpenAPI document describes it."""
    return Problem(422, detail, kind="invalid-request", title="Invalid request", errors=errors)


@web.middleware
async def problem_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give a request an id, and turn whatever it fails with into a problem document."""
    request_id = request[REQUEST_ID] = _request_id(request)
    try:
        response = await handler(request)
    except Problem as problem:
        response = respond(problem)
    except web.HTTPException as error:
        if error.status < HTTPStatus.BAD_REQUEST:
            raise
        response = respond(_from_aiohttp(request, error))
    except StoreUnavailable:
        log.warning(Event.STORE_UNAVAILABLE, request_id=request_id, exc_info=True)
        response = respond(_store_is_away())
    except Exception as error:  # the boundary: nothing of ours may reach the client
        if _has_begun(request):
            raise
        log.exception(Event.REST_FAILED, request_id=request_id, exc_info=error)
        response = respond(_unexpected(), request_id=request_id)
    if not response.prepared:
        response.headers["X-Request-Id"] = request_id
    return response


def _request_id(request: web.Request) -> str:
    given = request.headers.get("X-Request-Id", "")
    return given if _SAFE_ID.fullmatch(given) else uuid.uuid4().hex


def _has_begun(request: web.Request) -> bool:
    """Whether an answer is on its way already, as in a WebSocket or a stream."""
    return request.writer is not None and request.writer.output_size > 0


def _store_is_away() -> Problem:
    detail = "The store does not answer; calls that go on are not touched. Try again soon."
    headers = {"Retry-After": "2"}
    return Problem(503, detail, kind="store-unavailable", title="No store", headers=headers)


def _unexpected() -> Problem:
    detail = "The server made a mistake. Its log says more under this id."
    return Problem(500, detail, kind="internal", title="Internal error")


def _from_aiohttp(request: web.Request, error: web.HTTPException) -> Problem:
    kept = {
        name: error.headers[name]
        for name in ("Allow", "Retry-After", "WWW-Authenticate")
        if name in error.headers
    }
    return Problem(error.status, _detail(request, error), headers=kept)


def _detail(request: web.Request, error: web.HTTPException) -> str:
    if isinstance(error, web.HTTPMethodNotAllowed):
        allowed = ", ".join(sorted(error.allowed_methods))
        return f"{error.method[:40]} is not possible here; use {allowed}."
    if isinstance(error, web.HTTPRequestEntityTooLarge):
        return error.text or "The body is too large."
    default = f"{error.status}: {error.reason}"
    if error.text and error.text != default:
        return error.text
    if error.status == HTTPStatus.NOT_FOUND:
        return f"There is nothing at {request.path[:200]}; see /openapi.json."
    return f"{error.reason}."
