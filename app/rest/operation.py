"""Operation: one declaration of an endpoint, which checks requests and writes its own OpenAPI.

The annotations of the function are the declaration: parameters named `path`, `query`, `headers` and
`body` are read, validated against their types and passed in.
"""

import inspect
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_type_hints

import orjson
import structlog
from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from app.identity import PUBLIC, Need
from app.keys import PEERS
from app.logs import Event
from app.rest.access import ACCESS
from app.rest.body import JSON, LARGEST, read_json, read_text
from app.rest.elsewhere import Sought, answer_of_owner
from app.rest.explain import explain
from app.rest.own import acting, ids_of, key_of
from app.rest.problems import HEADERS, REQUEST_ID, Problem, invalid
from app.rest.upload import FORM, read_upload

__all__ = ["Answer", "Operation", "Reply", "misfit", "operation"]

PARTS: Final = ("path", "query", "headers", "body")
PLACES: Final = {"headers": "header"}

log = structlog.get_logger()

Function = Callable[..., Awaitable[object]]
About = Literal["calls", "legs", "twin-calls", "records", "lists"] | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What an operation may answer.

    Args:
        description: For the reader of the OpenAPI document.
        type: Of the body, as pydantic understands it; None for no body.
        media_type: Of the body.
        or_media_type: Another one that may be asked for.
    """

    description: str
    type: Any = None
    media_type: str = JSON
    or_media_type: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What an operation returns where it says more than a body.

    Args:
        body: As the annotations of the answers have it.
        headers: Beside those that every answer has, or in their place.
        status: Which of the answers it is; the lowest by default.
    """

    body: object
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """An endpoint: made by `@operation`, served by `handle`."""

    name: str
    method: str
    route: str
    function: Function
    answers: Mapping[int, Answer]
    problems: Mapping[int, str]
    needs: Need
    inputs: Mapping[str, TypeAdapter[Any]]
    output: TypeAdapter[Any]
    takes: str = JSON
    largest: int = LARGEST
    about: About = None

    @property
    def is_public(self) -> bool:
        """Whether everybody may ask."""
        return self.needs == PUBLIC

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve a request: admit, validate, call, answer; and log a line."""
        begun, bound = time.perf_counter(), structlog.contextvars.bound_contextvars
        with bound(request_id=request[REQUEST_ID]):
            with self._telling_refusals():
                if not self.is_public:
                    await request.app[ACCESS].admit(request, self.needs)
            # Only whose call it is may be told of it, by its ids in the lines from here on.
            with bound(**ids_of(request, request.match_info.get("call_sid"))):
                with self._telling_refusals(), acting(request):
                    response = await self._serve_where_it_is(request)
                milliseconds = round((time.perf_counter() - begun) * 1000, 1)
                log.info(
                    Event.REST_REQUEST,
                    operation=self.name,
                    status=response.status,
                    milliseconds=milliseconds,
                )
        return response

    @contextmanager
    def _telling_refusals(self) -> Iterator[None]:
        try:
            yield
        except Problem as problem:
            status, kind = problem.document.status, problem.document.type
            log.info(Event.REST_REFUSED, operation=self.name, status=status, kind=kind)
            raise

    async def _serve_where_it_is(self, request: web.Request) -> web.StreamResponse:
        """Serve it, or have it served by the node that holds what it is about."""
        if self.about is not None and self.about != "lists" and PEERS in request.app:
            sought = Sought(key_of(request, request.match_info["call_sid"]), self.about)
            if (answer := await answer_of_owner(request, sought)) is not None:
                return answer
        return await self._serve(request)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        values = {part: await self._read(part, request) for part in self.inputs}
        return self._answer(await self.function(request, **values))

    async def _read(self, part: str, request: web.Request) -> Any:
        adapter = self.inputs[part]
        try:
            if part == "body" and self.takes == FORM:
                return adapter.validate_python(await read_upload(request, self.largest))
            if part == "body" and self.takes != JSON:
                return adapter.validate_python(await read_text(request, self.takes))
            if part == "body":
                return adapter.validate_json(await read_json(request, self.largest))
            return adapter.validate_strings(_strings(part, request))
        except ValidationError as error:
            raise misfit(PLACES.get(part, part), error, adapter) from None

    async def call(self, request: web.Request, given: Mapping[str, Mapping[str, Any]]) -> Any:
        """Do the same for another edge, which has let the request in and asked for the scope.

        Args:
            request: By which it was asked for.
            given: The parts as JSON values.

        Returns:
            The body of the answer, as JSON values.

        Raises:
            Problem: As over HTTP.
        """
        values = {part: self._take(part, given.get(part, {})) for part in self.inputs}
        result = await self.function(request, **values)
        body = result.body if isinstance(result, Reply) else result
        return self.output.dump_python(body, mode="json", by_alias=True)

    def _take(self, part: str, value: Mapping[str, Any]) -> Any:
        adapter = self.inputs[part]
        try:
            if part == "body":
                return adapter.validate_json(orjson.dumps(value))
            return adapter.validate_python(value)
        except ValidationError as error:
            raise misfit("arguments", error, adapter) from None
        except TypeError as error:  # a lone surrogate, a number of more than 64 bits
            raise invalid(f"The arguments hold what nobody can send on: {error}.") from None

    def _answer(self, result: object) -> web.StreamResponse:
        if isinstance(result, web.StreamResponse):
            return result
        reply = result if isinstance(result, Reply) else Reply(result)
        return web.Response(
            body=self.output.dump_json(reply.body, by_alias=True),
            status=reply.status or min(self.answers),
            content_type=JSON,
            headers={**HEADERS, **reply.headers},
        )


def operation(
    method: str,
    route: str,
    *,
    needs: Need,
    answers: Mapping[int, Answer],
    problems: Mapping[int, str] | None = None,
    name: str = "",
    takes: str = JSON,
    largest: int = LARGEST,
    about: About = None,
) -> Callable[[Function], Operation]:
    """Declare an endpoint.

    Args:
        method: HTTP method.
        route: Path with `{names}`, which the fields of the parameter `path` must match.
        needs: Which scope; or ``signed in`` for whoever is known, ``public`` for everybody.
        answers: By status; what the function returns is written with the lowest one.
        problems: What else it may answer, by status, with the reason.
        name: Its operationId; the function's name by default.
        takes: Media type of the body; one that is not JSON is passed in as text, and a form as the
            file in it.
        largest: Bytes of the body, where it is JSON or a file.
        about: What `{call_sid}` in the route names, which another node may hold: a call, a call or
            one of its legs, a twin call, or the record of a call; or that it lists what each node
            holds.
    """

    def declare(function: Function) -> Operation:
        hints = get_type_hints(function, include_extras=True)
        parts = [name for name in inspect.signature(function).parameters if name in PARTS]
        return Operation(
            name or function.__name__,
            method,
            route,
            function,
            answers,
            dict(problems or {}),
            needs,
            {part: TypeAdapter(hints[part]) for part in parts},
            TypeAdapter(answers[min(answers)].type),
            takes,
            largest,
            about,
        )

    return declare


def _strings(part: str, request: web.Request) -> dict[str, str]:
    if part == "path":
        return dict(request.match_info)
    if part == "headers":
        return {name.lower(): value for name, value in request.headers.items()}
    repeated = [key for key in set(request.query) if len(request.query.getall(key)) > 1]
    if repeated:
        errors = [(key[:80], "is given more than once") for key in sorted(repeated)]
        raise invalid("A query parameter is repeated.", errors)
    return dict(request.query)


def misfit(where: str, error: ValidationError, expected: TypeAdapter[Any] | None = None) -> Problem:
    """What came is not what the annotations say.

    Args:
        where: Names the part of the request.
        error: What pydantic says.
        expected: What the annotations say.
    """
    errors = explain(error, expected)
    shown = "; ".join(f"{field}: {message}" if field else message for field, message in errors[:3])
    named = [(field or where, message) for field, message in errors]
    verb = "are" if where.endswith("s") else "is"
    return invalid(f"The {where} {verb} not as expected: {shown}.", named)
