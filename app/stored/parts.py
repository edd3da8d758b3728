"""Parts of a stored agent: its tools, whom it may transfer to, its hooks, its limits."""

import re
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from app.stored.faults import fault, refuse_all
from app.stored.realtime import Data, Named

E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
CallEventName = Literal["call.started", "call.ended"]
EVENTS: Final[tuple[CallEventName, ...]] = ("call.started", "call.ended")
Label = Annotated[str, Field(min_length=1, max_length=120, pattern=r"\S")]
Secret = Annotated[str, Field(min_length=1, max_length=2000)]


def check_number(value: str) -> str:
    """A telephone number as it is dialed anywhere."""
    number = re.sub(r"[\s().-]", "", value)
    if E164.fullmatch(number) is None:
        text = f"expected a number in E.164, such as +14155550123; got {value!r:.40}"
        refuse_all([fault((), text)])
    return number


def check_web_url(value: str) -> str:
    """An address that is reached over HTTP."""
    try:
        url = urlsplit(value)
        is_web = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:
        is_web = False
    if not is_web or re.search(r"\s", value):
        refuse_all([fault((), f"expected a URL with http:// or https://; got {value!r:.80}")])
    return value


Number = Annotated[
    str, AfterValidator(check_number), Field(max_length=40, examples=["+14155550123"])
]
WebUrl = Annotated[
    str, AfterValidator(check_web_url), Field(max_length=2000, examples=["https://crm.example/h"])
]


class ToolSwitches(Data):
    """Which of the built-in tools the model is offered, where the organisation can serve them."""

    query_knowledge: Annotated[bool, Field(description="Where knowledge bases are linked.")] = True
    lookup_caller: Annotated[
        bool, Field(description="Where the organisation has a `client_lookup_url`.")
    ] = True
    end_call: bool = True
    transfer_call: Annotated[bool, Field(description="Needs `transfer_targets`.")] = False


class TransferTarget(Data):
    """Somebody to whom the caller may be transferred."""

    number: Annotated[Number, Field(description="In E.164.")]
    name: Annotated[Label, Field(description="How the model knows it.")]
    description: Annotated[
        Annotated[str, Field(max_length=500)] | None,
        Field(description="When to transfer there, for the model."),
    ] = None


class McpSource(Data):
    """An MCP server whose tools the agent has; this server calls them."""

    url: Annotated[WebUrl, Field(description="Streamable HTTP or SSE.")]
    headers: Annotated[
        dict[str, Secret],
        Field(
            default_factory=dict,
            max_length=20,
            description="Sent with each request; the values are secrets.",
        ),
    ]
    only: Annotated[
        Annotated[list[Named], Field(max_length=100)] | None,
        Field(description="The tools to offer; all where null."),
    ] = None
    prefix: Annotated[
        str, Field(max_length=32, pattern=r"^[A-Za-z0-9_-]*$", description="Before each name.")
    ] = ""


class CallHook(Data):
    """A URL that is told of the calls of this agent."""

    url: WebUrl
    events: Annotated[
        list[CallEventName],
        Field(
            default_factory=lambda: list(EVENTS),
            min_length=1,
            description="Which of them it hears.",
        ),
    ]
    username: Annotated[str, Field(max_length=200)] | None = None
    password: Annotated[
        Secret | None, Field(description="With `username`, for HTTP basic authentication.")
    ] = None


class Limits(Data):
    """When a call is ended by this server; what is null has no limit."""

    max_duration: Annotated[
        Annotated[int, Field(ge=10, le=24 * 3600)] | None, Field(description="Seconds.")
    ] = None
    max_turns: Annotated[
        Annotated[int, Field(ge=1, le=1000)] | None,
        Field(description="Answers of the model, its first words too; then the call ends."),
    ] = None
    goodbye: Annotated[
        Annotated[str, Field(min_length=1, max_length=500, pattern=r"\S")] | None,
        Field(description="Said before the call is ended so."),
    ] = None
