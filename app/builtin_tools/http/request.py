"""The request of a tool, and what the model gets of the answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from app.builtin_tools.http.definition import HttpTool
from app.builtin_tools.http.picking import NotThere, Path, pick, read_path
from app.builtin_tools.http.url import Unfit, UrlTemplate, read_url
from app.outward import Outward, OutwardError, Reply
from app.tool import ToolArgumentError, ToolError, encode_result
from app.tool.phrases import bad_arguments

LIMIT: Final = 512 * 1024
REDIRECTS: Final = 2
SHOWN: Final = 300
IN_QUERY: Final = frozenset({"GET", "DELETE"})

UNREACHABLE: Final = "This cannot be reached right now. Say so, and offer something else."
TOO_SLOW: Final = "This takes too long right now. Say so, and offer something else."
UNSURE: Final = (
    "There was no answer in time, so it is not known whether it was done. Do not do it again; tell "
    "the caller that it has to be checked."
)
FAILED: Final = "It did not work: HTTP {status}{said}."
NO_TEXT: Final = "The answer is no text, so there is nothing to tell of it."
NOT_THERE: Final = "The answer holds nothing of what was asked for."
DONE: Final = "Done."


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a request came to.

    Attributes:
        status: Of HTTP; None where there was no answer.
        encoded: What the model gets: JSON of an object.
        is_error: Whether that are words about a failure.
        problem: Why there was no answer, for whoever set the tool up.
    """

    status: int | None
    encoded: bytes
    is_error: bool = False
    problem: str = ""

    @property
    def result(self) -> dict[str, Any]:
        """What the model gets, read."""
        result: dict[str, Any] = orjson.loads(self.encoded)
        return result


@dataclass(frozen=True, slots=True)
class Plan:
    """A tool's definition, made ready."""

    tool: HttpTool
    url: UrlTemplate
    path: Path | None
    headers: Mapping[str, str]


def plan_of(tool: HttpTool) -> Plan:
    """Make a definition ready."""
    path = read_path(tool.result_path) if tool.result_path else None
    return Plan(tool, read_url(tool.url), path, {**tool.headers, **tool.secret_headers})


async def ask(
    plan: Plan, outward: Outward, arguments: Mapping[str, Any], call: Mapping[str, str]
) -> Outcome:
    """Make the request; whatever happens, the model gets something.

    Args:
        plan: Of the tool.
        outward: Sends it.
        arguments: From the model, checked.
        call: Values of the call, by the names of their places.

    Raises:
        ToolArgumentError: An argument cannot stand in the URL.
    """
    tool = plan.tool
    rest = {name: value for name, value in arguments.items() if name not in plan.url.names}
    in_query = tool.method in IN_QUERY
    try:
        url = plan.url.fill({**arguments, **call}, rest if in_query else {})
    except Unfit as error:
        text = bad_arguments(tool.name, [str(error)])
        raise ToolArgumentError(text, (str(error),)) from None
    body = None if in_query else orjson.dumps(rest)
    try:
        reply = await outward.request(
            tool.method,
            url,
            headers=plan.headers if in_query else with_type(plan.headers),
            body=body,
            within=tool.timeout,
            limit=LIMIT,
            redirects=REDIRECTS,
        )
    except OutwardError as error:
        return failed(words_of(error, tool), problem=str(error))
    return read(reply, plan)


def with_type(headers: Mapping[str, str]) -> Mapping[str, str]:
    """The headers of a request with a JSON body, unless they say what it is."""
    is_told = any(name.lower() == "content-type" for name in headers)
    return headers if is_told else {**headers, "Content-Type": "application/json"}


def words_of(error: OutwardError, tool: HttpTool) -> str:
    """What the model hears of a request without an answer."""
    if error.kind == "slow":
        return TOO_SLOW if tool.method == "GET" else UNSURE
    return UNREACHABLE


def read(reply: Reply, plan: Plan) -> Outcome:
    """What the model gets of an answer."""
    if not reply.is_fine:
        said = " ".join(reply.text.split())[:SHOWN] if is_text(reply) else ""
        return failed(FAILED.format(status=reply.status, said=said and f", {said}"), reply.status)
    if not reply.body.strip():
        return fine(reply, DONE, plan)
    try:
        value = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        value = reply.text if is_text(reply) else None
        if value is None or plan.path is not None:
            return failed(NO_TEXT if value is None else NOT_THERE, reply.status)
    if plan.path is None:
        return fine(reply, value, plan)
    try:
        return fine(reply, pick(value, plan.path), plan)
    except NotThere:
        return failed(NOT_THERE, reply.status, problem=f"nothing at {plan.tool.result_path}")


def fine(reply: Reply, value: Any, plan: Plan) -> Outcome:
    """A result."""
    return Outcome(reply.status, encode_result(value, limit=plan.tool.result_limit))


def failed(words: str, status: int | None = None, problem: str = "") -> Outcome:
    """A failure, in words."""
    return Outcome(status, encode_result({"error": words}), is_error=True, problem=problem)


def is_text(reply: Reply) -> bool:
    """Whether the body can be read."""
    kind = reply.content_type
    return b"\0" not in reply.body[:1024] and not kind.startswith(("image/", "audio/", "video/"))


def result_of(outcome: Outcome) -> object:
    """What a tool returns.

    Raises:
        ToolError: With the words of a failure.
    """
    if outcome.is_error:
        raise ToolError(str(outcome.result["error"]))
    return orjson.Fragment(outcome.encoded)
