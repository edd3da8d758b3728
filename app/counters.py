"""Counters: what this process counts, for Prometheus.

Series are bound once per label, so that counting costs a dict lookup and an addition. Labels whose
values come from outside are bounded: what is too many is counted under "other".
"""

from collections.abc import Callable
from typing import Final, Generic, TypeVar

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

from app.timings import Timings

__all__ = ["Counters"]

OTHER: Final = "other"
MOST_LABELS: Final = 200
CALL_SECONDS: Final = (1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600)
TOOL_SECONDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60)
HTTP_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)

S = TypeVar("S")


class _Series(dict[str, S], Generic[S]):
    """The series of one metric by its label; made when first asked for, bounded in number."""

    def __init__(self, bind: Callable[[str], S], most: int = MOST_LABELS) -> None:
        super().__init__()
        self._bind = bind
        self._most = most

    def __missing__(self, label: str) -> S:
        if len(self) >= self._most and label != OTHER:
            return self[OTHER]
        series = self[label] = self._bind(label)
        return series


class Counters:
    """The counters of one server, each server its own registry.

    Attributes:
        registry: What Prometheus reads.
        timings: How long turns and answers take.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.timings = Timings()
        self.registry.register(self.timings)
        ProcessCollector(registry=self.registry)
        self._bind_calls()
        self._bind_tools()
        self._bind_faults()
        self._bind_http()

    def _bind_calls(self) -> None:
        live = Gauge("cordboard_calls", "Calls now live.", registry=self.registry)
        total = self._counter("cordboard_calls_started", "Calls by application.", "application")
        seconds = self._histogram(
            "cordboard_call_seconds", "Length of calls.", CALL_SECONDS, "application"
        )
        refused = self._counter("cordboard_calls_refused", "Calls not taken, by reason.", "reason")
        acks = self._counter("cordboard_acks", "Acks sent, in time or late.", "late")
        self._live = live
        self._calls = _Series[Counter](total.labels)
        self._refused = _Series[Counter](refused.labels, most=16)
        self._call_seconds = _Series[Histogram](seconds.labels)
        self._acks = {late: acks.labels(str(late).lower()) for late in (False, True)}

    def _bind_tools(self) -> None:
        total = self._counter(
            "cordboard_tool_calls", "Tool calls by tool and outcome.", "tool", "outcome"
        )
        seconds = self._histogram(
            "cordboard_tool_seconds", "Time until a tool's result.", TOOL_SECONDS, "tool"
        )
        self._tools = _Series[_Series[Counter]](
            lambda tool: _Series[Counter](lambda outcome: total.labels(tool, outcome), most=16)
        )
        self._tool_seconds = _Series[Histogram](seconds.labels)

    def _bind_faults(self) -> None:
        errors = self._counter("cordboard_handler_errors", "Failed handlers by kind.", "kind")
        refused = "Outgoing frames refused for their size."
        dropped = "Incoming events dropped by a full queue."
        self._errors = _Series[Counter](errors.labels, most=50)
        self._frames = Counter("cordboard_frames_refused", refused, registry=self.registry)
        self._events = Counter("cordboard_events_dropped", dropped, registry=self.registry)

    def _bind_http(self) -> None:
        total = self._counter(
            "cordboard_http_requests", "Requests by route.", "method", "route", "status"
        )
        seconds = self._histogram(
            "cordboard_http_request_seconds", "Time to a whole answer.", HTTP_SECONDS, "route"
        )
        self._requests: dict[tuple[str, str, int], Counter] = {}
        self._bind_request: Callable[..., Counter] = total.labels
        self._request_seconds = _Series[Histogram](seconds.labels)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name, text, labels, registry=self.registry)

    def _histogram(
        self, name: str, text: str, buckets: tuple[float, ...], *labels: str
    ) -> Histogram:
        return Histogram(name, text, labels, buckets=buckets, registry=self.registry)

    def call_started(self, path: str) -> None:
        """A call began on the application with this path."""
        self._live.inc()
        self._calls[path].inc()

    def call_refused(self, reason: str) -> None:
        """A call was not taken; `reason` is a short fixed word such as "max_calls"."""
        self._refused[reason].inc()

    def call_ended(self, path: str, seconds: float) -> None:
        """A call on this application is over."""
        self._live.dec()
        self._call_seconds[path].observe(seconds)

    def tool_called(self, name: str, seconds: float, outcome: str) -> None:
        """A tool call was answered; `outcome` is a short fixed word such as "ok" or "error"."""
        self._tools[name][outcome].inc()
        self._tool_seconds[name].observe(seconds)

    def ack_sent(self, late: bool) -> None:
        """An ack went out; `late` means the default did, in place of a slow handler's answer."""
        self._acks[late].inc()

    def handler_failed(self, kind: str) -> None:
        """User code raised or hung; `kind` is a short fixed word such as "session_new"."""
        self._errors[kind].inc()

    def frame_refused(self) -> None:
        """A frame was over the platform's limit and was not sent."""
        self._frames.inc()

    def event_dropped(self) -> None:
        """An event found its call's queue full."""
        self._events.inc()

    def request_served(self, method: str, route: str, status: int, seconds: float | None) -> None:
        """A request was answered.

        Args:
            method: As known to HTTP; anything else counts as "other".
            route: The route's template, never the path itself.
            status: Of the answer.
            seconds: None for an answer that is a stream, such as a whole call.
        """
        key = (method, route, status)
        series = self._requests.get(key)
        if series is None:
            series = self._requests[key] = self._bind_request(*key)
        series.inc()
        if seconds is not None:
            self._request_seconds[route].observe(seconds)

    def write(self) -> bytes:
        """All of it in the text format of Prometheus."""
        return generate_latest(self.registry)
