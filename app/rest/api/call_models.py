"""Records of calls over REST: what is asked for, and what is shown."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator

from app.records import Story
from app.rest.api.pages import ID, After, Limit
from app.rest.models import View
from app.store.calls import Call, CallFilter

__all__ = ["CallListed", "CallQuery", "CallShown", "Erased", "ExportQuery", "NumberQuery"]

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(9000, 1, 1, tzinfo=UTC)

Number = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        pattern=r"^[^\x00]*$",
        description="Of either party, as it was signalled; `+` is `%2B` in a URL.",
    ),
]
Word = Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")]
Moment = Annotated[AwareDatetime, Field(description="With its zone, as `2026-11-25T10:00:00Z`.")]


class Wanted(BaseModel):
    """Which calls."""

    model_config = ConfigDict(extra="forbid")

    agent_id: Annotated[
        str | None, Field(pattern=rf"^{ID}$", description="The stored agent that answered.")
    ] = None
    application: Annotated[Word | None, Field(description="Its path, as `/weather`.")] = None
    direction: Literal["inbound", "outbound"] | None = None
    number: Number | None = None
    status: Annotated[
        Literal["live", "ended", "lost"] | None,
        Field(description="`lost` are those whose node went away."),
    ] = None
    end_reason: Annotated[Word | None, Field(description="As `completed` or `no-answer`.")] = None
    since: Annotated[Moment | None, Field(description="Not begun before this moment.")] = None
    until: Annotated[Moment | None, Field(description="Begun before this moment.")] = None

    @field_validator("number")
    @classmethod
    def _mend(cls, number: str | None) -> str | None:
        """A plus that was not quoted comes as a space."""
        return f"+{number[1:]}" if number is not None and number.startswith(" ") else number

    @field_validator("since", "until")
    @classmethod
    def _bound(cls, moment: datetime | None) -> datetime | None:
        """No call is older or newer; what is beyond, an engine could not compare."""
        return None if moment is None else min(max(moment.astimezone(UTC), EARLIEST), LATEST)

    def to_filter(self) -> CallFilter:
        """The same for the store."""
        return CallFilter(**{name: getattr(self, name) for name in CallFilter.__dataclass_fields__})


class CallQuery(Wanted):
    """Which calls to list."""

    limit: Annotated[Limit, Field(description="How many at most.")] = 50
    after: After | None = None


class ExportQuery(Wanted):
    """Which calls to export, and how."""

    format: Annotated[
        Literal["csv", "jsonl"],
        Field(description="`csv`: a row for each call. `jsonl`: all that is known of each."),
    ] = "csv"


class NumberQuery(BaseModel):
    """Whose calls to erase."""

    model_config = ConfigDict(extra="forbid")

    number: Number

    _mend = field_validator("number")(Wanted._mend.__func__)  # type: ignore[attr-defined]


class Erased(View):
    """What was erased."""

    calls: Annotated[int, Field(description="How many records there were.")]


class CallListed(View):
    """A call, live or past."""

    call_sid: str
    application: Annotated[str, Field(description="Its path.")]
    agent_id: Annotated[str | None, Field(description="The stored agent; null of one in code.")]
    agent_version: int | None
    direction: str
    from_number: Annotated[str, Field(alias="from")]
    to_number: Annotated[str, Field(alias="to")]
    started_at: datetime
    ended_at: datetime | None
    seconds: float | None
    status: Literal["live", "ended", "lost"]
    end_reason: Annotated[
        str | None, Field(description="`completed`, `busy`, `no-answer`, `failed` …")
    ]
    turns: int
    interruptions: int
    tool_calls: int
    tool_failures: int
    input_tokens: Annotated[int | None, Field(description="Null where no event told of usage.")]
    output_tokens: int | None
    cost: Annotated[
        float | None, Field(description="US dollars, by estimate; null where it is not known.")
    ]


class TurnShown(View):
    """What was said in one exchange."""

    at: datetime
    caller: str
    agent: Annotated[str, Field(description="What was spoken, if the caller interrupted.")]
    intended: Annotated[str | None, Field(description="All of it, where it was interrupted.")]
    interrupted: bool
    confidence: float | None
    latency: Annotated[dict[str, Any], Field(description="Milliseconds by stage: `stt_ms` …")]


class ToolShown(View):
    """A tool call."""

    tool_call_id: str
    name: str
    at: datetime
    arguments: Any
    output: Any
    outcome: Annotated[
        str,
        Field(
            description="`ok`, `tool_error`, `bad_arguments`, `failed`, `unknown` …; `pending` "
            "while it runs, `cut` where the call ended before."
        ),
    ]
    milliseconds: float | None
    by: Annotated[str | None, Field(description="`mcp` where jambonz called it by itself.")]


class UpdateShown(View):
    """An update of the agent, or a command."""

    at: datetime
    by: Annotated[str, Field(description="`code`, or who sent it: `key:…`, `person:…` …")]
    type: str
    update_id: str
    data: Any


class CallShown(CallListed):
    """A call with all that is known of it."""

    transcript: Sequence[TurnShown]
    tools: Sequence[ToolShown]
    updates: Sequence[UpdateShown]
    knowledge: Annotated[
        Sequence[dict[str, Any]], Field(description="What knowledge bases were asked.")
    ]
    recordings: Sequence[dict[str, Any]]
    statuses: Annotated[
        Sequence[dict[str, Any]], Field(description="Of the call, and of legs that it dialed.")
    ]
    errors: Annotated[Sequence[dict[str, Any]], Field(description="As jambonz reported them.")]

    @classmethod
    def of(cls, call: Call, story: Story) -> "CallShown":
        """A call and its story."""
        known = CallListed.model_validate(call).model_dump()
        told = {
            name: getattr(story, name)
            for name in (
                *("transcript", "updates", "knowledge", "recordings"),
                *("statuses", "errors"),
            )
        }
        return cls.model_validate({**known, **told, "tools": story.tool_calls})
