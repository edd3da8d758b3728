"""What nobody means well by: bodies without end, and words that are meant for the database."""

from typing import Any, Final
from urllib.parse import urlencode

import orjson
import pytest

from app.rest import Operation
from tests.tenants.filling import ALL_OPERATIONS, Filled, fill, unknown, without_query
from tests.tenants.party import Parties

pytestmark = pytest.mark.asyncio(loop_scope="module")

WITH_BODY: Final = [one for one in ALL_OPERATIONS if "body" in one.inputs]
WORDS: Final = (
    "' OR '1'='1", "'; DROP TABLE agents; --", '" OR ""="', "%_\\", "a* OR b*", 'NEAR("a" "b")',
    "((((", "a & !b", "' || (SELECT digest FROM api_keys) || '", "\u202e🙂",
)  # fmt: skip


def texts(operation: Operation) -> list[str]:
    """The parameters of a query that take words."""
    adapter = operation.inputs.get("query")
    found = {} if adapter is None else adapter.json_schema().get("properties", {})
    return [name for name, schema in found.items() if "string" in str(schema)]


WITH_WORDS: Final = [one for one in ALL_OPERATIONS if one.method == "GET" and texts(one)]


@pytest.mark.parametrize("operation", WITH_BODY, ids=lambda one: one.name)
async def test_a_body_without_end_is_refused_before_it_is_read(
    parties: Parties, operation: Operation
) -> None:
    party = parties["north"]
    before = await party.picture(without=["sessions"])
    asked = fill(operation, party.all_ids)
    data = b" " * (operation.largest + 1)
    kind = asked.content_type.replace("multipart/form-data", "text/plain").partition(";")[0]
    answer = await party.ask(Filled(asked.method, asked.path, data, kind))

    assert answer.status == 413, answer
    assert await party.picture(without=["sessions"]) == before


@pytest.mark.parametrize("operation", WITH_WORDS, ids=lambda one: one.name)
async def test_words_for_the_database_are_words(parties: Parties, operation: Operation) -> None:
    party, other = parties["north"], parties["default"]
    before = [await one.picture(without=["sessions"]) for one in (party, other)]
    owner = await party.person()
    for ids in (party.all_ids, unknown(party.ids)):
        path = without_query(fill(operation, ids)).path
        for word in WORDS:
            for name in texts(operation):
                asked = Filled(operation.method, f"{path}?{urlencode({name: word})}")
                answer = await party.ask(asked, owner)

                assert answer.status < 500, (asked, answer)
                assert f"of {other.name}" not in answer.text

    assert [await one.picture(without=["sessions"]) for one in (party, other)] == before


@pytest.mark.parametrize("word", ["%", "_", "\\", "A%t", "Agent_of"])
async def test_a_wildcard_that_is_searched_for_is_a_letter(parties: Parties, word: str) -> None:
    found = await parties["north"].ask(Filled("GET", f"/api/agents?{urlencode({'search': word})}"))
    there = await parties["north"].ask(Filled("GET", "/api/agents?search=aGENT+of"))
    named: list[Any] = orjson.loads(there.text)

    assert (found.status, orjson.loads(found.text)) == (200, [])
    assert [one["name"] for one in named] == ["Agent of north"]
