"""What the REST API takes and gives: pydantic models, the source of its OpenAPI document too."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, field_validator

from app.protocol import AgentUpdate, parse_update, read_event

__all__ = [
    "UPDATE_BODIES",
    "AgentView",
    "Body",
    "CallFilter",
    "CallPath",
    "CallView",
    "LatencyView",
    "OtherLeg",
    "ReceiptView",
    "Sid",
    "StreamEvent",
    "TurnView",
    "UpdateBody",
    "View",
    "to_update",
]

Text = Annotated[str, Field(min_length=1, pattern=r"\S")]
Sid = Annotated[str, Field(min_length=1, max_length=128)]


class Body(BaseModel):
    """A request body: exact types, nothing unknown."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class View(BaseModel):
    """An answer: what we know, written by its wire names."""

    model_config = ConfigDict(
        extra="ignore", frozen=True, from_attributes=True, populate_by_name=True
    )


OtherLeg = Annotated[
    Sid | None, Field(alias="callSid", description="Another leg of the call to act on.")
]


class CallPath(BaseModel):
    """Which call."""

    call_sid: Annotated[Sid, Field(description="The call's id, as jambonz gives it.")]


class CallFilter(BaseModel):
    """Which calls to list."""

    model_config = ConfigDict(extra="forbid")

    application: Annotated[
        Annotated[str, Field(max_length=256)] | None,
        Field(description="Path of an application, for example `/weather`."),
    ] = None
    direction: Literal["inbound", "outbound"] | None = None


class MessageBody(Body):
    """A message of the conversation."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str | list[Any] | dict[str, Any]


class ToolBody(Body):
    """A function that is offered to the model."""

    model_config = ConfigDict(extra="allow")

    name: Annotated[str, Field(min_length=1)]
    description: str = ""
    parameters: Annotated[dict[str, Any], Field(description="JSON Schema of the arguments.")] = {}


class WrappedToolBody(Body):
    """The same in the form of OpenAI."""

    type: Literal["function"] = "function"
    function: ToolBody


def _form_of_tool(value: object) -> str:
    if isinstance(value, dict):  # when it is read; a model when it is written
        return "~wrapped" if "function" in value else "~flat"
    return "~wrapped" if isinstance(value, WrappedToolBody) else "~flat"


AnyTool = Annotated[
    Annotated[ToolBody, Tag("~flat")] | Annotated[WrappedToolBody, Tag("~wrapped")],
    Discriminator(_form_of_tool),
]


class UpdateInstructionsBody(Body):
    """Replace the agent's instructions, from the next request to the model."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"type": "update_instructions", "instructions": "You handle billing now."}]
        }
    )

    type: Literal["update_instructions"]
    instructions: Text


class InjectContextBody(Body):
    """Add messages to the conversation; the agent doesn't speak by itself."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "inject_context",
                    "messages": [{"role": "system", "content": "The caller is a gold member."}],
                }
            ]
        }
    )

    type: Literal["inject_context"]
    messages: Annotated[list[MessageBody], Field(min_length=1)]


class UpdateToolsBody(Body):
    """Replace all tools that the model is offered, from the next turn."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "update_tools",
                    "tools": [
                        {
                            "name": "transfer_call",
                            "description": "Send the caller to a specialist.",
                            "parameters": {
                                "type": "object",
                                "properties": {"department": {"type": "string"}},
                            },
                        }
                    ],
                }
            ]
        }
    )

    type: Literal["update_tools"]
    tools: Annotated[list[AnyTool], Field(description="Each name at most once.")]


class GenerateReplyBody(Body):
    """Make the agent speak: when the turn ends, or at once with `interrupt`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"type": "generate_reply", "user_input": "Tell of the sale.", "interrupt": True}
            ]
        }
    )

    type: Literal["generate_reply"]
    user_input: Annotated[str | None, Field(description="Taken as if the caller had said it.")] = (
        None
    )
    instructions: Annotated[str | None, Field(description="For this one reply.")] = None
    interrupt: Annotated[bool | None, Field(description="Cut off what is being said.")] = None


UPDATE_BODIES: Final[dict[str, type[Body]]] = {
    "update_instructions": UpdateInstructionsBody,
    "inject_context": InjectContextBody,
    "update_tools": UpdateToolsBody,
    "generate_reply": GenerateReplyBody,
}


def _kind_of_update(value: object) -> str | None:
    kind = value.get("type") if isinstance(value, dict) else None
    return f"~{kind}" if isinstance(kind, str) and kind in UPDATE_BODIES else None


UpdateBody = Annotated[
    Annotated[UpdateInstructionsBody, Tag("~update_instructions")]
    | Annotated[InjectContextBody, Tag("~inject_context")]
    | Annotated[UpdateToolsBody, Tag("~update_tools")]
    | Annotated[GenerateReplyBody, Tag("~generate_reply")],
    Discriminator(
        _kind_of_update,
        custom_error_type="update_type",
        custom_error_message="expected an object whose {field} is one of {known}",
        custom_error_context={"field": "type", "known": ", ".join(UPDATE_BODIES)},
    ),
]


def to_update(body: Body) -> AgentUpdate:
    """The update that a body stands for.

    Raises:
        BadUpdate: What a schema cannot say is wrong, such as a tool that is there twice.
    """
    return parse_update(body.model_dump(exclude_unset=True))


class StreamEvent(View):
    """One event of a stream, as the fields of Server-Sent Events."""

    id: Annotated[str, Field(pattern=r"^\d+$", description="Counts up within the call.")]
    event: Annotated[str, Field(description="Its kind.")]
    data: Annotated[str, Field(description="JSON: an object with `time` and `data`.")]


class ReceiptView(View):
    """What was sent to jambonz; it answers neither updates nor commands."""

    update_id: str
    type: Annotated[str, Field(description="The kind of update, or the name of the command.")]
    sent: Annotated[Any, Field(description="The frame or frames, as JSON.")]
    sent_at: datetime
    queued: Annotated[
        bool, Field(description="The socket is lost for now; sent when jambonz has redialled.")
    ]
    warnings: Sequence[str]


class AgentView(View):
    """The agent that runs in a call."""

    llm: Annotated[str | None, Field(description="`vendor:model`.")] = None
    instructions_length: Annotated[int, Field(description="In characters.")] = 0
    tools: Annotated[Sequence[str], Field(description="Names of what the model is offered.")] = ()


class LatencyView(View):
    """Where the time of a turn went; what jambonz doesn't tell is null."""

    stt_ms: float | None = None
    eot_ms: float | None = None
    llm_ms: float | None = None
    tool_ms: float | None = None
    tts_ms: float | None = None


class TurnView(View):
    """The last turn."""

    interrupted: bool = False
    latency: LatencyView | None = None


class CallView(View):
    """A live call."""

    call_sid: str
    account_sid: str
    application_sid: str | None = None
    application: Annotated[str, Field(description="Path of the application that answers.")]
    direction: str
    from_: Annotated[str, Field(alias="from")]
    to: str
    caller_name: str | None = None
    call_status: str
    trace_id: str | None = None
    started_at: datetime
    duration_seconds: float = 0.0
    state: Annotated[
        Literal["open", "reconnecting"],
        Field(description="`reconnecting` while the socket is lost and jambonz may redial."),
    ]
    agent: Annotated[AgentView | None, Field(description="Null where none runs.")] = None
    turns: int = 0
    tool_calls: int = 0
    interruptions: int = 0
    last_turn: TurnView | None = None

    @field_validator("started_at")
    @classmethod
    def _with_zone(cls, value: datetime) -> datetime:
        return value if value.tzinfo else value.replace(tzinfo=UTC)

    @classmethod
    def of(cls, snapshot: Mapping[str, Any]) -> Self:
        """The view of what `Session.snapshot()` gives; its last turn is as on the wire."""
        last_turn = snapshot.get("last_turn")
        turn = read_event(last_turn) if last_turn else None
        view = cls.model_validate({**snapshot, "last_turn": turn})
        seconds = (datetime.now(UTC) - view.started_at).total_seconds()
        return view.model_copy(update={"duration_seconds": round(max(0.0, seconds), 3)})
