"""A span for each request of the REST API; control sockets have those of their calls."""

from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer, use_span

from app.tracing.parents import parent_of_request

API: Final = "/v1/"


def trace_requests(maker: Tracer) -> Middleware:
    """A middleware that continues the trace of who asks."""

    @web.middleware
    async def trace(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith(API):
            return await handler(request)
        span = maker.start_span(
            f"{request.method[:10]} {route_of(request)}",
            context=parent_of_request(request.headers),
            kind=SpanKind.SERVER,
            attributes={
                "http.request.method": request.method[:10],
                "http.route": route_of(request),
            },
        )
        # What an exception says may be personal.
        with use_span(
            span, end_on_exit=True, record_exception=False, set_status_on_exception=False
        ):
            response = await handler(request)
            span.set_attribute("http.response.status_code", response.status)
            if response.status >= 500:
                span.set_status(Status(StatusCode.ERROR))
            return response

    return trace


def route_of(request: web.Request) -> str:
    """The template of its route, never the path itself."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "none"
