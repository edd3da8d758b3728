"""Where spans go: over OTLP to a collector, in batches, by a thread of its own."""

import asyncio
import contextlib
from importlib.metadata import version
from typing import Final

from aiohttp import web
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from app.keys import CALLS, SETTINGS
from app.tracing.requests import trace_requests
from app.tracing.spans import CallTracer

TRACES: Final = "/v1/traces"
FLUSH_SECONDS: Final = 1.0
"""What the last spans may take when the server leaves; it has 5 seconds for everything."""


def setup(web_app: web.Application) -> None:
    """Trace calls and requests to the endpoint of the settings."""
    endpoint = web_app[SETTINGS].otlp_endpoint
    assert endpoint is not None
    where = endpoint.removesuffix(TRACES) + TRACES
    provider = start(web_app, BatchSpanProcessor(OTLPSpanExporter(where, timeout=FLUSH_SECONDS)))
    trace.set_tracer_provider(provider)  # for spans that an author's code makes


def start(web_app: web.Application, processor: SpanProcessor) -> TracerProvider:
    """Trace calls and requests to this processor."""
    release = version("cordboard")
    resource = Resource.create({"service.name": "cordboard", "service.version": release})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(processor)
    maker = provider.get_tracer("cordboard", release)
    runtime = web_app[CALLS].runtime
    runtime.tracer = CallTracer(maker, log_pii=web_app[SETTINGS].log_pii)
    web_app.middlewares.insert(0, trace_requests(maker))

    async def flush(_: web.Application) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.to_thread(provider.shutdown), FLUSH_SECONDS + 0.5)

    web_app.on_cleanup.append(flush)  # after the calls have ended
    return provider
