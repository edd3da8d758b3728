"""``/api/statistics``: how many calls, how long, how quick, as time goes by."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Self

from aiohttp import web
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from app.rest.api.agent_models import AgentPath
from app.rest.api.saving import NO_AGENT, no_agent
from app.rest.models import View
from app.rest.operation import Answer, operation
from app.rest.problems import invalid
from app.rest.tenant import tenant_of
from app.store import now
from app.store.statistics import By, Figures, count_periods

__all__ = ["OPERATIONS"]

READ: Final = "records:read"
UNLESS_SET: Final = timedelta(days=7)
MOST_PERIODS: Final = 1000
FIRST_YEAR, LAST_YEAR = 2000, 2100


def _in_utc(moment: datetime) -> datetime:
    """The same moment in UTC, which it is in where it has no zone."""
    known = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if not FIRST_YEAR <= known.year <= LAST_YEAR:
        raise ValueError(f"expected a time of the years {FIRST_YEAR} to {LAST_YEAR}")
    return known.astimezone(UTC)


Moment = Annotated[datetime, AfterValidator(_in_utc)]


class Span(BaseModel):
    """Of which time."""

    model_config = ConfigDict(extra="forbid")

    from_: Annotated[
        Moment | None,
        Field(alias="from", description="From then on, such as `2026-03-01`; 7 days unless set."),
    ] = None
    to: Annotated[Moment | None, Field(description="Up to then; now unless set.")] = None
    by: Annotated[By, Field(description="How long a period is; it begins in UTC.")] = "day"


class StageView(View):
    """How long one stage of the turns took."""

    turns: Annotated[int, Field(description="In how many turns it was measured.")]
    p50_ms: Annotated[int | None, Field(description="Half of them took no longer.")]
    p95_ms: Annotated[int | None, Field(description="95 in a hundred took no longer.")]


class FiguresView(View):
    """What is known of a time."""

    start: datetime
    calls: Annotated[int, Field(description="That began in it.")]
    ended: Annotated[int, Field(description="How many of them are over.")]
    seconds: Annotated[float, Field(description="Their length together.")]
    mean_seconds: Annotated[float | None, Field(description="Their length on the average.")]
    turns: int
    interruptions: Annotated[int, Field(description="Turns in which the caller broke in.")]
    tool_calls: int
    tool_failures: int
    tool_success: Annotated[
        float | None, Field(description="The share of tool calls that did not fail, 0 to 1.")
    ]
    latency: Annotated[
        Mapping[str, StageView],
        Field(description="By stage: `stt`, `eot`, `llm`, `tool`, `tts`, and `total`, their sum."),
    ]

    @classmethod
    def of(cls, figures: Figures) -> Self:
        """With what follows from the counts."""
        known = figures.summary
        fine = known.tool_calls - known.tool_failures
        return cls(
            start=figures.start,
            calls=known.calls,
            ended=known.ended,
            seconds=round(known.seconds, 3),
            mean_seconds=round(known.seconds / known.ended, 3) if known.ended else None,
            turns=known.turns,
            interruptions=known.interruptions,
            tool_calls=known.tool_calls,
            tool_failures=known.tool_failures,
            tool_success=round(max(0, fine) / known.tool_calls, 4) if known.tool_calls else None,
            latency={
                name: StageView.model_validate(stage) for name, stage in figures.latency.items()
            },
        )


class StatisticsView(View):
    """Figures of calls."""

    from_: Annotated[datetime, Field(alias="from")]
    to: datetime
    by: By
    total: FiguresView
    periods: Annotated[
        Sequence[FiguresView], Field(description="One after the other, also where nothing was.")
    ]


SHOWN: Final = {200: Answer("The whole time, and each period of it.", StatisticsView)}


@operation("GET", "/api/statistics", needs=READ, answers=SHOWN)
async def get_statistics(request: web.Request, query: Span) -> StatisticsView:
    """Count the calls of the organisation, and what they took."""
    return await _read(request, query)


@operation("GET", "/api/agents/{agent_id}/statistics", needs=READ, answers=SHOWN, problems=NO_AGENT)
async def get_agent_statistics(
    request: web.Request, path: AgentPath, query: Span
) -> StatisticsView:
    """Count the calls of one agent, and what they took; also of one that was deleted."""
    view = await _read(request, query, path.agent_id)
    if not view.total.calls and await tenant_of(request).agents.get(path.agent_id) is None:
        raise no_agent(path.agent_id)
    return view


OPERATIONS: Final = (get_statistics, get_agent_statistics)


async def _read(request: web.Request, query: Span, agent_id: str | None = None) -> StatisticsView:
    until = query.to or now()
    since = query.from_ or until - UNLESS_SET
    _check(since, until, query.by)
    total, periods = await tenant_of(request).statistics.read(
        since=since, until=until, by=query.by, agent_id=agent_id
    )
    return StatisticsView(
        from_=since,
        to=until,
        by=query.by,
        total=FiguresView.of(total),
        periods=[FiguresView.of(one) for one in periods],
    )


def _check(since: datetime, until: datetime, by: By) -> None:
    if since >= until:
        text = f"expected a time before `to`, which is {until.isoformat()}"
        raise invalid(f"from: {text}.", [("from", text)])
    if (periods := count_periods(since, until, by)) > MOST_PERIODS:
        text = f"expected {MOST_PERIODS} periods at most, came {periods:,}; ask for less, or by day"
        raise invalid(f"from: {text}.", [("from", text)])
