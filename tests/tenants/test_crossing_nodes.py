"""The same by way of another node: no organisation sees or changes what another has."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from app.mcp_server.catalog import CATALOG
from app.mcp_server.offer import Offer
from app.rest import Operation
from tests.tenants.filling import ALL_OPERATIONS, arguments, fill, unknown, without_query
from tests.tenants.party import Parties
from tests.tenants.stage import a_desk_elsewhere
from tests.tenants.test_crossing import pairs, require_nothing_told

SENT_ON = [one for one in ALL_OPERATIONS if one.about is not None]
ABOUT_CALLS = [one for one in CATALOG.values() if "call_sid" in one.input_schema["properties"]]
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def desk_elsewhere(parties: Parties) -> AsyncIterator[None]:
    """Whoever asks in this module does so at a node that has none of the calls."""
    for party in parties.values():
        await party.picture()  # for which all records are written
    async with a_desk_elsewhere(parties):
        yield


@pytest.mark.parametrize("operation", SENT_ON, ids=lambda one: one.name)
async def test_an_operation_that_is_sent_on_knows_only_what_the_asking_organisation_has(
    parties: Parties, operation: Operation
) -> None:
    for owner, stranger in pairs(parties):
        before = await owner.picture()
        nobodys = unknown(owner.ids)
        theirs, none = fill(operation, owner.ids), fill(operation, nobodys)
        answer = await stranger.ask(theirs)
        if theirs.names_any(owner.ids):
            expected = await stranger.ask(none)
            assert answer.without(owner.ids) == expected.without(nobodys)
            assert answer.status == (200 if "{call_sid}" not in operation.route else 404)
        everything = without_query(theirs)
        if not everything.names_any(owner.ids):
            require_nothing_told(await stranger.ask(everything), owner)
        assert await owner.picture() == before


@pytest.mark.parametrize("offer", ABOUT_CALLS, ids=lambda one: one.name)
async def test_a_tool_that_is_sent_on_knows_only_what_the_asking_organisation_has(
    parties: Parties, offer: Offer
) -> None:
    for owner, stranger in pairs(parties):
        before = await owner.picture()
        nobodys = unknown(owner.ids)
        answer = await stranger.use(offer.name, arguments(offer, owner.ids))
        expected = await stranger.use(offer.name, arguments(offer, nobodys))
        assert answer.without(owner.ids) == expected.without(nobodys)
        assert answer.status == 500
        assert await owner.picture() == before


@pytest.mark.parametrize("operation", SENT_ON, ids=lambda one: one.name)
async def test_whose_call_it_is_reaches_it(parties: Parties, operation: Operation) -> None:
    for party in parties.values():
        asked = fill(operation, party.ids)
        if asked.method == "GET":
            assert (await party.ask(asked)).status == 200
