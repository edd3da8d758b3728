"""The tool that calls an application of this server by the twin, and gives the transcript."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import BaseModel, Field

from app.keys import TWIN_CALLS
from app.mcp_server.offer import Asked, Json, Offer, read_arguments
from app.rest.twin import show_entry
from app.rest.twin.models import Step, TwinBody

if TYPE_CHECKING:
    from app.twin import Entry

__all__ = ["START_TWIN_CALL"]


class Rehearsal(TwinBody):
    """A twin call with a script, since nobody is there to give steps."""

    script: Annotated[
        list[Step],
        Field(min_length=1, max_length=200, description="What the caller does; a text is said."),
    ]


class Line(BaseModel):
    """One line of the transcript."""

    seconds: Annotated[float, Field(description="Since the call began.")]
    kind: Annotated[
        str, Field(description="said, heard, tool_call, tool_output, update, error, note or end.")
    ]
    data: Any


class Transcript(BaseModel):
    """What came of a twin call."""

    call_sid: str
    transcript: list[Line]
    reason: Annotated[str, Field(description="Why the call ended.")]
    fault: Annotated[str, Field(description="What stopped the script; empty if nothing did.")]
    errors: Annotated[list[Any], Field(description="What jambonz would have complained of.")]
    hash: Annotated[
        str | None, Field(description="Of all that happened; the same for the same `seed`.")
    ]
    spoken: Annotated[list[str], Field(description="All that the caller heard.")]


TOLD: Final = (
    "said",
    "heard",
    "tool_call",
    "tool_output",
    "update",
    "error",
    "reconnect",
    "note",
    "end",
)


async def rehearse(asked: Asked, arguments: Json) -> Json:
    """Make the call, report what is said as progress, and give it all at the end."""
    order: Rehearsal = read_arguments(Rehearsal, arguments)
    async with asked.request.app[TWIN_CALLS].call(asked.request, order) as playing:
        lines: list[Json] = []
        async for _, entry in playing.entries:
            if entry.kind in TOLD:
                told = show_entry(entry.time, entry.data)
                lines.append({"seconds": told["time"], "kind": entry.kind, "data": told["data"]})
                await asked.tell(len(lines), " ".join(words(entry)))
        return {"call_sid": playing.call_sid, "transcript": lines, **playing.result()}


def words(entry: "Entry") -> Iterator[str]:
    """An entry in a line."""
    yield f"{entry.kind}:"
    for key in ("text", "digits", "name", "type", "reason"):
        if entry.data.get(key):
            yield str(entry.data[key])


START_TWIN_CALL: Final = Offer(
    "start_twin_call",
    "Call an application",
    "Call an application of this server without a telephone: a stand-in for jambonz plays the "
    "platform and the caller, who follows the script. Gives the transcript with tool calls and "
    "errors when the call is over. The agent's own vendor plays its model where there is a key for "
    "it, else an offline model that needs none; set `llm` to `offline` to spend nothing.",
    Rehearsal.model_json_schema(),
    Transcript.model_json_schema(),
    rehearse,
    needs="calls:write",
    changes=True,
)
