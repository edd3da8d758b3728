"""The OpenAPI 3.1 document, made of the same declarations that check the requests."""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from importlib import metadata
from typing import Any, Final, Literal

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from app.identity import ALL
from app.rest.operation import Answer, Operation
from app.rest.problems import MEDIA_TYPE, ProblemDocument

__all__ = ["describe"]

REF: Final = "#/components/schemas/{model}"
PLACES: Final = {"path": "path", "query": "query", "headers": "header"}
NO_KEY: Final = {401: "No API key, or a wrong one."}
NO_SCOPE: Final = "The key lacks the scope `{scope}`."
TOO_MANY: Final = {429: "Too many requests; `Retry-After` says how long to wait."}
LISTED_ELSEWHERE: Final = {503: "Not all nodes answer; `Retry-After` says how long to wait."}
HELD_ELSEWHERE: Final = {
    503: "The call is moving, its node is gone, or nobody knows which has it: nothing was done. "
    "`Retry-After` says how long to wait.",
    504: "The node that has the call did not answer: what was asked may have been done.",
}
ELSEWHERE: Final[Mapping[str, Mapping[int, str]]] = {"lists": LISTED_ELSEWHERE, "records": {}}
WITH_BODY: Final = {
    400: "The body cannot be read.",
    408: "The body did not come in time.",
    413: "The body is too large.",
}

Json = dict[str, Any]
Way = Literal["bearer", "session"]
"""A key, or the cookie of a person who is signed in."""

SCHEMES: Final[Mapping[Way, Json]] = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A key."},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "cordboard-session",
        "description": "Set by `POST /api/session`, over TLS as `__Host-cordboard-session`; changes"
        " carry the `csrf_token` of `GET /api/session` as `X-CSRF-Token` too.",
    },
}


def describe(operations: Iterable[Operation], *, ways: Sequence[Way] = ("bearer",)) -> Json:
    """The OpenAPI document.

    Args:
        operations: What the server offers.
        ways: By which one may prove who asks; none where nobody is asked.
    """
    operations = tuple(operations)
    schemas, definitions = _schemas(operations)
    paths: dict[str, Json] = {}
    for each in operations:
        described = _operation(each, schemas, () if each.is_public else ways)
        paths.setdefault(each.route, {})[each.method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {"title": "Cordboard", "version": _version(), "description": _ABOUT},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": definitions,
            "securitySchemes": {way: SCHEMES[way] for way in ways},
        },
    }


_ABOUT: Final = (
    "Agents, knowledge, records of calls, and calls that go on: watch and steer them. "
    "Errors are problem documents (RFC 9457)."
)


def _version() -> str:
    try:
        return metadata.version("cordboard")
    except metadata.PackageNotFoundError:
        return "0"


def _schemas(operations: Iterable[Operation]) -> tuple[dict[str, Json], Json]:
    """The schema of every input and answer, by name, and the definitions that they share."""
    wanted: list[tuple[str, JsonSchemaMode, TypeAdapter[Any]]] = [
        ("problem", "serialization", TypeAdapter(ProblemDocument))
    ]
    for each in operations:
        if "body" in each.inputs:
            wanted.append((f"{each.name} body", "validation", each.inputs["body"]))
        wanted += [
            (f"{each.name} {status}", "serialization", TypeAdapter(answer.type))
            for status, answer in each.answers.items()
            if answer.type is not None
        ]
    made, shared = TypeAdapter.json_schemas(wanted, ref_template=REF)
    schemas = {name: schema for (name, _), schema in made.items()}
    definitions = shared.get("$defs", {})
    return schemas, {name: definitions[name] for name in sorted(_referred(schemas, definitions))}


def _referred(schemas: Json, definitions: Json) -> set[str]:
    """The definitions that schemas refer to, by way of others too."""
    found: set[str] = set()
    rest = list(schemas.values())
    while rest:
        part = rest.pop()
        if isinstance(part, dict):
            rest += part.values()
            name = str(part.get("$ref", "")).rpartition("/")[2]
            if name in definitions and name not in found:
                found.add(name)
                rest.append(definitions[name])
        elif isinstance(part, list):
            rest += part
    return found


def _operation(each: Operation, schemas: Mapping[str, Json], ways: Sequence[Way]) -> Json:
    summary, _, text = (each.function.__doc__ or each.name).strip().partition("\n")
    described: Json = {
        "operationId": each.name,
        "summary": summary.rstrip("."),
        "parameters": [
            parameter
            for part, place in PLACES.items()
            if part in each.inputs
            for parameter in _parameters(each.inputs[part], place)
        ],
        "responses": _answers(each, schemas) | _problems(each, schemas["problem"], bool(ways)),
        "security": [{way: [_scope(each)] if _scope(each) else []} for way in ways],
    }
    if text.strip():
        described["description"] = " ".join(text.split())
    if "body" in each.inputs:
        content = {each.takes: {"schema": schemas[f"{each.name} body"]}}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _scope(each: Operation) -> str:
    """The scope that it needs, if it needs one."""
    return each.needs if each.needs in ALL else ""


def _parameters(adapter: TypeAdapter[Any], place: str) -> list[Json]:
    whole = adapter.json_schema()
    required = whole.get("required", ())
    return [
        _parameter(name, place, dict(schema), is_required=name in required)
        for name, schema in whole["properties"].items()
    ]


def _parameter(name: str, place: str, schema: Json, *, is_required: bool) -> Json:
    description = schema.pop("description", None)
    schema.pop("default", None)
    # A parameter is left out, never null.
    options = [option for option in schema.pop("anyOf", ()) if option != {"type": "null"}]
    schema |= options[0] if len(options) == 1 else {"anyOf": options} if options else {}
    parameter = {"name": name, "in": place, "required": is_required, "schema": schema}
    return parameter | ({"description": description} if description else {})


def _answers(each: Operation, schemas: Mapping[str, Json]) -> Json:
    return {
        str(status): _answer(answer, schemas.get(f"{each.name} {status}"))
        for status, answer in each.answers.items()
    }


def _answer(answer: Answer, schema: Json | None) -> Json:
    described: Json = {"description": answer.description}
    if schema is not None:
        kinds = filter(None, (answer.media_type, answer.or_media_type))
        described["content"] = {kind: {"schema": schema} for kind in kinds}
    return described


def _problems(each: Operation, schema: Json, secured: bool) -> Json:
    reasons = TOO_MANY | (NO_KEY if secured else {})
    if secured and (scope := _scope(each)):
        reasons[403] = NO_SCOPE.format(scope=scope)
    if each.inputs:
        reasons[422] = "The request is not as described here; see `errors`."
    if "body" in each.inputs:
        reasons |= WITH_BODY | {415: f"The body is not sent as {each.takes}."}
    if each.about:
        reasons |= ELSEWHERE.get(each.about, HELD_ELSEWHERE)
    reasons |= each.problems
    return {
        str(status): _answer(Answer(reason, media_type=MEDIA_TYPE), schema)
        | (_RETRY_AFTER if status in LATER else {})
        for status, reason in sorted(reasons.items())
    }


LATER: Final = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
_RETRY_AFTER: Final = {
    "headers": {
        "Retry-After": {
            "description": "Seconds to wait.",
            "schema": {"type": "integer", "minimum": 1},
        }
    }
}
