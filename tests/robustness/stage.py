"""A server with another call on it, which stays and must not notice anything."""

from collections.abc import Sequence
from contextlib import AsyncExitStack

import orjson
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult

from app import logs, tracing
from app.calls import Calls
from app.keys import COUNTERS
from app.server import build
from app.session import Limits, Runtime
from app.settings import Settings
from tests.robustness.application import OPENINGS, make_application
from tests.robustness.census import Census, take_census, until_as_before
from tests.robustness.far_end import FarEnd, connect
from tests.server.conftest import Logbook, Server, agent_application, serving_on_loopback
from tests.server.jambonz import Jambonz

# The quickest that a server can be, so that what a call leaves behind shows at once.
LIMITS = Limits(ack_deadline=0.03, linger=0.02, tool_hook_timeout=0.03, hook_timeout=0.05)
# Lines at level error that what comes may cause. Whatever else is one is a mistake of ours.
EXPECTED = {"message_refused", "jambonz_error", "client_not_reading", "speech_failed"}
EXPECTED |= {"answer_not_allowed", "tool_result_unusable", "tool_call_given_up"}
FAILURES = {"Deliberate", "FrameTooLarge"}
# asyncio, of frames that were written before it told that the far end is gone.
WRITTEN_TOO_LATE = "socket.send() raised exception."


class Stage:
    """What all tests here play on."""

    def __init__(self, server: Server, bystander: Jambonz, logbook: Logbook) -> None:
        self.server = server
        self.bystander = bystander
        self.logbook = logbook
        self.before = Census()

    async def connect(self, path: str, *, is_patient: bool = True) -> FarEnd:
        """Open a control socket."""
        return await connect(self.server, path, is_patient=is_patient)

    async def breathe(self) -> None:
        """Another call is answered, as quickly as ever."""
        assert await self.bystander.tool_call("ping") == {"result": "pong"}

    async def until_as_before(self) -> None:
        """Wait until nothing is left of any call, and read what was logged of them."""
        await until_as_before(self.server, self.before)
        self.read_log()

    def look(self) -> None:
        """As watchers, metrics and other calls do."""
        for session in self.server.calls:
            orjson.dumps(session.snapshot())
        assert self.server.web_app[COUNTERS].write()

    def read_log(self) -> None:
        """Nothing personal, no traceback but of the author's code, no error but the expected."""
        for line in self.logbook.lines:
            assert "PRIVATE" not in str(line), f"personal data in the log: {line}"
            if line["event"] == "handler_failed":
                told = line.get("exception", [{"exc_type": line.get("error_type")}])
                assert {one["exc_type"] for one in told} <= FAILURES, line
            elif line["event"] == "library":
                assert line["message"] == WRITTEN_TOO_LATE, line
            elif line["level"] in ("error", "critical"):
                assert line["event"] in EXPECTED, line
        self.logbook.lines.clear()
        self.logbook.seek(0)
        self.logbook.truncate()


class Forgetful(SpanExporter):
    """Takes spans and keeps none."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return SpanExportResult.SUCCESS


async def set_stage(stack: AsyncExitStack, *, is_direct: bool) -> Stage:
    """Start the server, traced and logged as in production, and the call that stays."""
    logbook = Logbook()
    logs.configure(Settings(log_format="json"), stream=logbook)
    applications = [*map(make_application, OPENINGS), agent_application("/bystander")]
    web_app = build(Settings(), applications, calls=Calls(Runtime(limits=LIMITS)))
    tracing.start(web_app, SimpleSpanProcessor(Forgetful()))
    server = await stack.enter_async_context(serving_on_loopback(web_app, is_direct=is_direct))
    stage = Stage(server, await server.call("/bystander"), logbook)
    await stage.breathe()
    stage.before = take_census(server)
    return stage
