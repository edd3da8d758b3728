"""The definition of a tool, checked as a whole."""

import re
from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal, Self

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from app.builtin_tools.http.picking import read_path
from app.builtin_tools.http.url import CALL, read_url
from app.builtin_tools.json_schema import BadSchema, compile_check
from app.outward.client import OURS

RESERVED: Final = frozenset(
    {
        *("query_knowledge", "lookup_caller", "end_call", "transfer_call"),
        *("transfer_to_human", "hangup"),  # jambonz' own
    }
)
"""Names of other tools that an agent may have."""
MAX_SCHEMA: Final = 8192
LONGEST: Final = 15.0
HEADER: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
HeaderValue = Annotated[
    str, Field(min_length=1, max_length=4000, pattern=r"^[\x20-\x7e\xa0-\xff]+$")
]
Headers = Annotated[dict[str, HeaderValue], Field(default_factory=dict, max_length=20)]
NOTHING: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {},
    "additionalProperties": False,
}


class HttpTool(BaseModel):
    """A tool: what the model is told of it, and the request that it makes.

    An argument that the URL names stands there, escaped. The others go into the query string of GET
    and DELETE, else into a JSON body.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)

    name: Annotated[
        str,
        Field(
            pattern=r"^[A-Za-z_][A-Za-z0-9_-]{0,63}$",
            description="What the model calls it; the organisation has no other of this name.",
            examples=["find_order"],
        ),
    ]
    description: Annotated[
        str,
        Field(
            min_length=1,
            max_length=1000,
            pattern=r"\S",
            description="What it does and when to use it, for the model.",
        ),
    ]
    method: Method = "GET"
    url: Annotated[
        str,
        Field(
            min_length=1,
            max_length=2000,
            description="With `{argument}` in its path or query string, and `{call.number}`, "
            "`{call.from}`, `{call.to}`, `{call.call_sid}`, `{call.direction}` of the call.",
            examples=["https://shop.example/orders/{order}?phone={call.number}"],
        ),
    ]
    headers: Annotated[Headers, Field(description="Sent with the request, and shown.")]
    secret_headers: Annotated[
        Headers, Field(description="Sent with the request; the values are shown as `***`.")
    ]
    parameters: Annotated[
        dict[str, Any],
        Field(
            default_factory=lambda: dict(NOTHING),
            description="JSON Schema of the arguments: an object with `properties`.",
        ),
    ]
    timeout: Annotated[
        float, Field(gt=0, le=LONGEST, strict=False, description="Seconds for the whole request.")
    ] = 4.0
    result_path: Annotated[
        str | None,
        Field(
            max_length=200,
            description="The part of a JSON answer that the model gets, as `orders[0].status` or "
            "`orders[*].id`; all of it where null.",
        ),
    ] = None
    result_limit: Annotated[
        int, Field(ge=128, le=16_384, description="Bytes of the result; the rest is cut off.")
    ] = 4096
    filler: Annotated[
        str | None,
        Field(min_length=1, max_length=200, description="What the caller hears while it takes."),
    ] = None
    once: Annotated[bool, Field(description="Run at most once per call and arguments.")] = False

    @model_validator(mode="after")
    def _check(self) -> Self:
        faults = list(self._find_faults())
        if faults:
            raise ValidationError.from_exception_data("tool", faults)
        return self

    def _find_faults(self) -> Iterator[InitErrorDetails]:
        if self.name in RESERVED:
            yield fault(("name",), f"{self.name!r} is the name of a built-in tool; choose another")
        yield from self._find_in_schema()
        yield from self._find_in_url()
        yield from self._find_in_headers()
        if self.result_path is not None:
            try:
                read_path(self.result_path)
            except ValueError as error:
                yield fault(("result_path",), str(error))
        if self.filler is not None and self.timeout <= 1:
            yield fault(("filler",), "is heard after 1 s, and `timeout` is not longer")

    def _find_in_schema(self) -> Iterator[InitErrorDetails]:
        if len(orjson.dumps(self.parameters)) > MAX_SCHEMA:
            yield fault(("parameters",), f"expected at most {MAX_SCHEMA} bytes of JSON")
            return
        try:
            compile_check(self.parameters)
        except BadSchema as error:
            yield fault(("parameters", *error.path), str(error))

    def _find_in_url(self) -> Iterator[InitErrorDetails]:
        try:
            url = read_url(self.url)
        except ValueError as error:
            yield fault(("url",), str(error))
            return
        known = self.parameters.get("properties", {})
        required = self.parameters.get("required", ())
        known = known if isinstance(known, dict) else {}
        for name in sorted(url.names - CALL):
            if name not in known:
                what = "a value of the call" if name.startswith("call.") else "one of `parameters`"
                yield fault(("url",), f"{{{name}}} is not {what}")
            elif name in url.path_names and name not in required:
                yield fault(("url",), f"{{{name}}} stands in the path, so it must be required")

    def _find_in_headers(self) -> Iterator[InitErrorDetails]:
        seen: set[str] = set()
        for option in ("headers", "secret_headers"):
            for name in getattr(self, option):
                if not HEADER.fullmatch(name) or name.lower() in OURS:
                    yield fault((option, name), "is no name of a header that may be set")
                if name.lower() in seen:
                    yield fault((option, name), "is set twice")
                seen.add(name.lower())


def fault(path: tuple[str | int, ...], text: str) -> InitErrorDetails:
    """One thing that is wrong."""
    kind = PydanticCustomError("http_tool", "{text}", {"text": text})
    return InitErrorDetails(type=kind, loc=path, input=None)
