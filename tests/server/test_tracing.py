"""Traces: call, turn and tool as children of jambonz' spans, and requests of who asks."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from opentelemetry import trace
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from pydantic import SecretStr

from app import Agent, Application, Session, ToolError, pause, say, tool, tracing
from app.server import build
from app.settings import Settings
from tests.server.conftest import AGENT, KEY, Logbook, Server, answering, serving_on_loopback
from tests.server.jambonz import CALLER, TRACE

SPAN = "19ab34cd56ef7801"
B3 = f"{TRACE}-{SPAN}-1"


@tool
async def look(session: Session, word: str) -> str:
    """Look a word up.

    Args:
        word: What to look for.
    """
    if word == "bad":
        raise ToolError("No such word.")
    if word == "worse":
        raise RuntimeError("broken")
    trace.get_current_span().set_attribute("seen.by.the.tool", True)
    return f"PRIVATE {word}"


@asynccontextmanager
async def traced(
    application: Application[Any, Any] | None = None, **settings: Any
) -> AsyncIterator[tuple[Server, InMemorySpanExporter]]:
    """A server whose spans are kept in memory."""
    spans = InMemorySpanExporter()
    given = Settings(api_keys=(SecretStr(KEY),), **settings)
    web_app = build(given, [application or answering(lambda: Agent(**AGENT, tools=[look]))])
    tracing.start(web_app, SimpleSpanProcessor(spans))
    async with serving_on_loopback(web_app) as server:
        yield server, spans


async def talk(server: Server, book: Logbook) -> None:
    """A call of two turns; the first has three tool calls."""
    call = await server.dial()
    data = {**AGENT, "trace_id": TRACE, "account_sid": "acc", "call_sid": call.call_sid}
    await call.ack(await call.send("session:new", {**data, "from": CALLER}, b3=B3))
    await call.event("user_transcript", transcript="PRIVATE QUESTION")
    for word in ("good", "bad", "worse"):
        await call.tool_call("look", {"word": word})
    latency = {"stt_ms": 310, "llm_ms": 640, "preflight": {"result": "hit"}}
    await call.event("turn_end", transcript="PRIVATE QUESTION", latency=latency)
    await call.event("turn_end", interrupted=True)
    await call.close()
    await book.line("call_ended")


def by_name(spans: InMemorySpanExporter) -> dict[str, list[ReadableSpan]]:
    found: dict[str, list[ReadableSpan]] = {}
    for span in spans.get_finished_spans():
        found.setdefault(span.name, []).append(span)
    return found


def is_child(child: ReadableSpan, parent: ReadableSpan) -> bool:
    return (
        child.parent is not None
        and parent.context is not None
        and child.parent.span_id == parent.context.span_id
        and child.parent.trace_id == parent.context.trace_id
    )


async def test_a_call_its_turns_and_their_tools_continue_the_trace_of_jambonz(
    logbook: Logbook,
) -> None:
    async with traced() as (server, spans):
        await talk(server, logbook)
    found = by_name(spans)
    (call,), turns, tools = found["call /call"], found["turn"], found["tool look"]

    assert call.parent is not None
    assert f"{call.parent.trace_id:032x}" == TRACE
    assert f"{call.parent.span_id:016x}" == SPAN
    assert call.parent.is_remote
    assert all(is_child(turn, call) for turn in turns)
    assert all(is_child(one, turns[0]) for one in tools)
    assert len(turns) == 2
    assert len(tools) == 3


async def test_a_turn_carries_what_was_measured_and_a_tool_its_outcome(logbook: Logbook) -> None:
    async with traced() as (server, spans):
        await talk(server, logbook)
    found = by_name(spans)
    first, second = [dict(turn.attributes or {}) for turn in found["turn"]]
    tools = found["tool look"]

    assert first["cordboard.latency.stt_ms"] == 310
    assert first["cordboard.latency.llm_ms"] == 640
    assert first["cordboard.preflight"] == "hit"
    assert (first["cordboard.interrupted"], second["cordboard.interrupted"]) == (False, True)
    outcomes = [dict(one.attributes or {})["cordboard.outcome"] for one in tools]
    assert outcomes == ["ok", "tool_error", "failed"]
    assert [one.status.status_code for one in tools] == [
        StatusCode.UNSET,
        StatusCode.UNSET,
        StatusCode.ERROR,
    ]
    assert dict(found["call /call"][0].attributes or {})["cordboard.turns"] == 2
    assert dict(tools[0].attributes or {})["seen.by.the.tool"] is True


async def test_what_was_said_is_in_no_span_unless_the_settings_want_it(logbook: Logbook) -> None:
    async with traced() as (server, spans):
        await talk(server, logbook)
    without = "".join(span.to_json() for span in spans.get_finished_spans())
    async with traced(log_pii=True) as (server, spans):
        await talk(server, logbook)
    attributes = [dict(span.attributes or {}) for span in spans.get_finished_spans()]

    assert "PRIVATE" not in without
    assert CALLER not in without
    assert {"cordboard.pii.transcript": "PRIVATE QUESTION"}.items() <= attributes[3].items()
    assert attributes[0]["cordboard.pii.arguments"] == '{"word":"good"}'
    assert attributes[0]["cordboard.pii.result"] == '{"result":"PRIVATE good"}'
    for one in attributes:
        assert all(".pii." in key for key, value in one.items() if "PRIVATE" in str(value))


async def test_without_a_span_of_jambonz_its_trace_is_continued_all_the_same(
    logbook: Logbook,
) -> None:
    async with traced() as (server, spans):
        call = await server.call()
        await call.close()
        await logbook.line("call_ended")
    (span,) = spans.get_finished_spans()

    assert span.context is not None
    assert f"{span.context.trace_id:032x}" == TRACE


async def test_what_is_open_when_a_call_ends_is_ended_with_it(logbook: Logbook) -> None:
    async with traced() as (server, spans):
        call = await server.call()
        await call.event("user_transcript", transcript="x")
        await call.tool_call("look", {"word": "good"})
        await call.close()
        await logbook.line("call_ended")
    found = by_name(spans)

    assert dict(found["turn"][0].attributes or {})["cordboard.cut"] is True


async def test_what_knows_no_turns_has_its_tools_below_the_call(logbook: Logbook) -> None:
    async with traced(application=answering(lambda: [say("hi"), pause(length=9)])) as (
        server,
        spans,
    ):
        call = await server.call()
        await call.event("response.done")
        await call.ask_tool("nowhere")
        await call.close()
        await logbook.line("call_ended")
    found = by_name(spans)

    assert is_child(found["tool nowhere"][0], found["call /call"][0])
    assert dict(found["tool nowhere"][0].attributes or {})["cordboard.outcome"] == "unknown"
    assert "turn" not in found


async def test_health_checks_and_scrapes_leave_no_spans(logbook: Logbook) -> None:
    async with traced() as (server, spans):
        for path in ("/livez", "/readyz", "/metrics"):
            async with server.client.get(server.url(path)) as answer:
                assert answer.status == 200

    assert spans.get_finished_spans() == ()


@pytest.mark.parametrize(
    "headers",
    [
        {"traceparent": f"00-{TRACE}-{SPAN}-01"},
        {"b3": B3},
        {"X-B3-TraceId": TRACE, "X-B3-SpanId": SPAN, "X-B3-Sampled": "1"},
    ],
)
async def test_a_request_continues_the_trace_of_who_asks(
    logbook: Logbook, headers: dict[str, str]
) -> None:
    async with traced() as (server, spans):
        given = {"Authorization": f"Bearer {KEY}", **headers}
        async with server.client.get(server.url("/v1/calls/none"), headers=given) as answer:
            assert answer.status == 404
        (span,) = spans.get_finished_spans()

    assert span.name == "GET /v1/calls/{call_sid}"
    assert span.parent is not None
    assert f"{span.parent.trace_id:032x}/{span.parent.span_id:016x}" == f"{TRACE}/{SPAN}"
    assert dict(span.attributes or {})["http.response.status_code"] == 404


async def test_spans_reach_a_collector_before_the_server_has_left(logbook: Logbook) -> None:
    received: list[ExportTraceServiceRequest] = []

    async def collect(request: web.Request) -> web.Response:
        assert request.path == "/v1/traces"
        received.append(ExportTraceServiceRequest.FromString(await request.read()))
        return web.Response(body=b"", content_type="application/x-protobuf")

    collector = web.Application()
    collector.router.add_post("/v1/traces", collect)
    runner = web.AppRunner(collector, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    endpoint = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        web_app = build(
            Settings(otlp_endpoint=endpoint), [answering(lambda: Agent(**AGENT, tools=[look]))]
        )
        tracing.setup(web_app)
        async with serving_on_loopback(web_app) as server:
            await talk(server, logbook)
    finally:
        await runner.cleanup()

    scopes = [
        scope for one in received for found in one.resource_spans for scope in found.scope_spans
    ]
    names = [span.name for scope in scopes for span in scope.spans]
    assert sorted(names) == ["call /call", "tool look", "tool look", "tool look", "turn", "turn"]


async def test_a_collector_that_is_not_there_harms_no_call(logbook: Logbook) -> None:
    logbook.without_call.add("library")
    settings = Settings(otlp_endpoint="http://127.0.0.1:9")
    web_app = build(settings, [answering(lambda: Agent(**AGENT, tools=[look]))])
    tracing.setup(web_app)
    begun = asyncio.get_running_loop().time()
    async with serving_on_loopback(web_app) as server:
        await talk(server, logbook)

    assert asyncio.get_running_loop().time() - begun < 4


async def test_an_event_of_no_type_at_all_does_not_disturb_a_call_that_is_traced(
    logbook: Logbook,
) -> None:
    async with traced() as (server, _):
        call = await server.call()
        odd: list[Any] = [[], {}, 7, None]
        for kind in odd:
            await call.send("agent:event", {"type": kind})

        assert await call.tool_call("look", {"word": "good"}) == {"result": "PRIVATE good"}
