"""HTTP tools over REST: what is asked for, and what is shown."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from app.builtin_tools.http import HttpTool, Outcome
from app.rest.api.pages import ID
from app.store.tools import StoredTool

__all__ = ["HIDDEN", "ToolPath", "ToolShown", "Trial", "TrialShown", "show_tool", "show_trial"]

HIDDEN = "***"
"""Stands for a secret that is kept; sent back, it stays what it was."""
Value = Annotated[str, Field(max_length=200)]


class ToolPath(BaseModel):
    """Which tool."""

    tool_id: Annotated[str, Field(pattern=rf"^{ID}$", description="The tool's id.")]


class ToolShown(HttpTool):
    """A tool as it is kept; each secret is shown as `***`."""

    id: str
    created_at: datetime
    updated_at: datetime


class Trial(BaseModel):
    """A call of the tool, as a model would make it."""

    model_config = ConfigDict(extra="forbid")

    arguments: Annotated[
        dict[str, Any], Field(default_factory=dict, description="As `parameters` has them.")
    ]
    call: Annotated[
        dict[str, Value],
        Field(
            default_factory=dict,
            max_length=10,
            description="Values of a call: `number`, `from`, `to`, `call_sid`, `direction`.",
        ),
    ]


class TrialShown(BaseModel):
    """What came of it."""

    status: Annotated[int | None, Field(description="Of HTTP; null where there was no answer.")]
    result: Annotated[dict[str, Any], Field(description="What the model would get.")]
    is_error: Annotated[bool, Field(description="Whether that are words about a failure.")]
    problem: Annotated[str, Field(description="Why there was no answer, and the fix.")]
    milliseconds: float


def show_tool(tool: StoredTool) -> ToolShown:
    """A tool, without its secrets; as it was checked when it was saved."""
    secrets = dict.fromkeys(tool.secrets, HIDDEN)
    about = {"id": tool.id, "created_at": tool.created_at, "updated_at": tool.updated_at}
    shown: dict[str, Any] = {**tool.data, "secret_headers": secrets, **about}
    return ToolShown.model_construct(**shown)


def show_trial(outcome: Outcome, seconds: float) -> TrialShown:
    """What came of a call."""
    return TrialShown(
        status=outcome.status,
        result=outcome.result,
        is_error=outcome.is_error,
        problem=outcome.problem,
        milliseconds=round(seconds * 1000, 1),
    )
