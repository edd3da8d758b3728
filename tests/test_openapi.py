"""The OpenAPI document: right in itself, and held to the running server by schemathesis."""

import asyncio
from pathlib import Path
from typing import Any

from app.feed import Feed
from app.rest import OPERATIONS
from app.rest.openapi import describe
from tests.rest_server import FakeCalls, FakeSession, serving
from tests.schemathesis import schemathesis


def documented(*, secured: bool = True) -> dict[str, Any]:
    return describe(OPERATIONS, ways=("bearer",) if secured else ())


async def test_the_document_is_served_to_everybody() -> None:
    async with serving() as rest:
        response = await rest.client.get("/openapi.json")

        assert response.status == 200
        assert response.content_type == "application/json"
        assert await response.json() == documented()


def test_every_operation_is_described_once() -> None:
    paths = documented()["paths"]
    described = {(method, path) for path, methods in paths.items() for method in methods}

    assert described == {(each.method.lower(), each.route) for each in OPERATIONS}
    ids = [operation["operationId"] for methods in paths.values() for operation in methods.values()]
    assert len(ids) == len(set(ids))


def test_every_operation_says_what_it_does_and_what_may_go_wrong() -> None:
    for path, methods in documented()["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"], (method, path)
            (security,) = operation["security"]
            assert security["bearer"] == ["calls:read" if method == "get" else "calls:write"]
            assert {"401", "403", "429"} <= set(operation["responses"])
            assert ("requestBody" in operation) == (method in {"post", "put"})


def test_all_references_lead_somewhere() -> None:
    document = documented()
    schemas = document["components"]["schemas"]

    def references(value: object) -> set[str]:
        if isinstance(value, dict):
            here = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
            return here.union(*(references(item) for item in value.values()))
        if isinstance(value, list):
            return set().union(*(references(item) for item in value))
        return set()

    assert references(document) == {f"#/components/schemas/{name}" for name in schemas}


def test_an_open_server_asks_for_no_key_in_its_document_either() -> None:
    document = documented(secured=False)

    assert document["components"]["securitySchemes"] == {}
    assert document["paths"]["/v1/calls"]["get"]["security"] == []
    answers = document["paths"]["/v1/calls"]["get"]["responses"]
    assert "401" not in answers
    assert "429" in answers, "without keys each address has its limit"


class SomeCalls(FakeCalls):
    """Half of all call_sids are live; each has an account of its own and a feed that has ended."""

    feed: Feed

    def get(self, call_sid: str) -> FakeSession | None:
        if len(call_sid) % 2:
            return None
        self.feed.publish(call_sid, "event", {"type": "turn_end"})
        self.feed.end(call_sid)
        return self.sessions.setdefault(call_sid, FakeSession(call_sid))


# Their bodies hold verbs with all their options: to go through each alternative takes a minute.
DEEP = ("send_command", "update_call")
ALL = "examples,coverage,fuzzing"


async def test_the_server_keeps_what_its_document_says(tmp_path: Path) -> None:
    calls = SomeCalls()
    async with serving(calls=calls, rate_limit="100000/second") as rest:
        calls.feed = rest.feed
        url = str(rest.client.make_url("/openapi.json"))
        without = [f"--exclude-operation-id={name}" for name in (*DEEP, "update_call_by_post")]
        only = [f"--include-operation-id={name}" for name in DEEP]
        runs = await asyncio.gather(
            schemathesis(url, tmp_path, f"--phases={ALL}", "--max-examples=10", *without),
            schemathesis(url, tmp_path, "--phases=examples,fuzzing", "--max-examples=30", *only),
        )

    for code, report in runs:
        assert code == 0, report
    assert calls.sent
