"""Counters: what this process counts, for Prometheus."""

from collections.abc import Iterator
from typing import Final

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.tally import HistogramTally, Tally
from app.timings import Timings

__all__ = ["Counters"]

CALL_SECONDS: Final = (1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)
TOOL_SECONDS: Final = (
    *(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0),
    *(2.0, 4.0, 8.0, 15.0, 30.0, 60.0),
)
HTTP_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
LATE: Final = {False: "false", True: "true"}


class Counters(Collector):
    """The counters of one server, each server its own registry.

    Attributes:
        registry: What Prometheus reads.
        timings: How long turns and answers take.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.timings = Timings()
        self._live = 0
        self._calls = Tally("cordboard_calls_started", "Calls by application.", "application")
        self._refused = Tally("cordboard_calls_refused", "Calls not taken, by reason.", "reason")
        self._resumed = Tally(
            "cordboard_calls_resumed", "Calls that another process had.", "application"
        )
        self._moved = Tally("cordboard_calls_moved", "Calls that went on elsewhere.", "application")
        self._acks = Tally("cordboard_acks", "Acks sent, in time or late.", "late")
        self._tools = Tally(
            "cordboard_tool_calls", "Tool calls by tool and outcome.", "tool", "outcome"
        )
        self._resent = Tally(
            "cordboard_tool_outputs_resent",
            "Tool outputs sent again, since the first may not have arrived.",
        )
        self._errors = Tally("cordboard_handler_errors", "Failed handlers by kind.", "kind")
        self._frames = Tally("cordboard_frames_refused", "Outgoing frames refused for their size.")
        self._events = Tally("cordboard_events_dropped", "Incoming events dropped by a full queue.")
        self._written = Tally("cordboard_records_written", "Pieces of call records written.")
        self._lost = Tally(
            "cordboard_records_lost", "Entries of call records, or whole calls, lost.", "what"
        )
        self._requests = Tally(
            "cordboard_http_requests", "Requests by route.", "route", "method", "status"
        )
        self._call_seconds = HistogramTally(
            "cordboard_call_seconds", "Length of calls.", "application", CALL_SECONDS
        )
        self._tool_seconds = HistogramTally(
            "cordboard_tool_seconds", "Time until a tool's result.", "tool", TOOL_SECONDS
        )
        self._request_seconds = HistogramTally(
            "cordboard_http_request_seconds", "Time to a whole answer.", "route", HTTP_SECONDS
        )
        for collector in (self, self.timings):
            self.registry.register(collector)
        ProcessCollector(registry=self.registry)

    def call_started(self, path: str) -> None:
        """A call began on the application with this path."""
        self._live += 1
        self._calls.count(path)

    def call_refused(self, reason: str) -> None:
        """A call was not taken; `reason` is a short fixed word such as "max_calls"."""
        self._refused.count(reason)

    def call_ended(self, path: str, seconds: float) -> None:
        """A call on this application is over."""
        self._live -= 1
        self._call_seconds.observe(path, seconds)

    def call_resumed(self, path: str) -> None:
        """A call on this application came from another process."""
        self._live += 1
        self._resumed.count(path)

    def call_moved(self, path: str) -> None:
        """A call on this application goes on in another process."""
        self._live -= 1
        self._moved.count(path)

    def tool_called(self, name: str, seconds: float, outcome: str) -> None:
        """A tool call was answered; `outcome` is a short fixed word such as "ok" or "error"."""
        self._tools.count(name, outcome)
        self._tool_seconds.observe(name, seconds)

    def outputs_resent(self, number: int) -> None:
        """So many tool outputs go out again: it is not known whether the first ones arrived."""
        self._resent.add(number)

    def ack_sent(self, late: bool) -> None:
        """An ack went out; `late` means the default did, in place of a slow handler's answer."""
        self._acks.count(LATE[late])

    def handler_failed(self, kind: str) -> None:
        """User code raised or hung; `kind` is a short fixed word such as "session_new"."""
        self._errors.count(kind)

    def frame_refused(self) -> None:
        """A frame was over the platform's limit and was not sent."""
        self._frames.count()

    def event_dropped(self) -> None:
        """An event found its call's queue full."""
        self._events.count()

    def records_written(self, number: int) -> None:
        """So many pieces of call records are in the store."""
        self._written.add(number)

    def records_lost(self, what: str, number: int) -> None:
        """So many ``entries`` or ``calls`` are not: the store was away for too long."""
        self._lost.add(number, what)

    def request_served(self, method: str, route: str, status: int, seconds: float | None) -> None:
        """A request was answered.

        Args:
            method: As known to HTTP; anything else counts as "other".
            route: The route's template, never the path itself.
            status: Of the answer.
            seconds: None for an answer that is a stream, such as a whole call.
        """
        self._requests.count(route, method, str(status))
        if seconds is not None:
            self._request_seconds.observe(route, seconds)

    def collect(self) -> Iterator[Metric]:
        """All of it, for a scrape."""
        yield GaugeMetricFamily("cordboard_calls", "Calls now live.", value=self._live)
        for tally in (
            *(self._calls, self._resumed, self._moved, self._refused),
            *(self._acks, self._tools, self._resent),
            *(self._errors, self._frames, self._events, self._requests, self._written, self._lost),
        ):
            yield from tally.collect()
        for histograms in (self._call_seconds, self._tool_seconds, self._request_seconds):
            yield from histograms.collect()

    def write(self) -> bytes:
        """All of it in the text format of Prometheus."""
        return generate_latest(self.registry)
