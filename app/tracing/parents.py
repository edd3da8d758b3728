"""Whose child a span is: what jambonz and HTTP clients say in B3 and W3C form."""

from collections.abc import Mapping
from typing import Final

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.propagators.b3 import B3MultiFormat
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

# B3MultiFormat reads the single header too.
B3: Final = B3MultiFormat()
HTTP: Final = CompositePropagator([B3, TraceContextTextMapPropagator()])


def parent_of_call(b3: str, trace_id: str) -> Context:
    """The context of a call: jambonz' span where it names one, or else only its trace."""
    context = B3.extract({"b3": b3}, Context())
    if trace.get_current_span(context).get_span_context().is_valid:
        return context
    # Of the trace alone no parent is known; any id of a span keeps the two together.
    return B3.extract({"b3": f"{trace_id}-{trace_id[:16]}-1"}, Context())


def link_to(b3: str) -> list[trace.Link]:
    """Jambonz' span of one message, to find from ours; none where it names none."""
    found = trace.get_current_span(B3.extract({"b3": b3}, Context())).get_span_context()
    return [trace.Link(found)] if found.is_valid else []


def parent_of_request(headers: Mapping[str, str]) -> Context:
    """The context of a request: W3C, or else B3 in either form."""
    return HTTP.extract({name.lower(): value for name, value in headers.items()}, Context())
