"""No organisation sees or changes what another has: every operation, every tool, every message.

What is asked about another's ids must be answered as if nobody had them, and leave no trace there.
All is asked on one node, since nothing of it may change anything for anybody else.
"""

import re
from typing import Any
from urllib.parse import quote

import orjson
import pytest

from app.mcp_server.catalog import CATALOG
from app.mcp_server.offer import Offer
from app.protocol.messages import TYPES
from app.rest import Operation
from tests.server.jambonz import Jambonz, call_info
from tests.tenants.filling import (
    ALL_OPERATIONS,
    Filled,
    arguments,
    fill,
    in_turn,
    like,
    unknown,
    without_query,
)
from tests.tenants.party import Answer, Parties, Party

IN_TURN = sorted(ALL_OPERATIONS, key=in_turn)
PAIRS = [("north", "default"), ("default", "south")]
pytestmark = pytest.mark.asyncio(loop_scope="module")


def pairs(parties: Parties) -> list[tuple[Party, Party]]:
    """Owners, and who asks: one of them runs the node, the other can do nothing but be one more."""
    return [(parties[one], parties[other]) for one, other in PAIRS]


def require_nothing_told(answer: Answer, owner: Party) -> None:
    """Nothing of the owner's stands in an answer that was not asked for by name."""
    for text in (*owner.ids.values(), f"of-{owner.name}", f"of {owner.name}"):
        assert text not in answer.text


async def test_every_organisation_has_something_in_every_table(parties: Parties) -> None:
    for party in parties.values():
        await party.person()  # who is signed in somewhere
        await party.picture()  # for which all records are written
        assert party.empty_tables() == set(), "make it in tests/tenants/seed.py"


@pytest.mark.parametrize("operation", ALL_OPERATIONS, ids=lambda one: one.name)
async def test_an_operation_knows_only_what_the_asking_organisation_has(
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
        else:
            require_nothing_told(answer, owner)
        everything = without_query(theirs)
        if not everything.names_any(owner.ids):
            require_nothing_told(await stranger.ask(everything), owner)
        assert await owner.picture() == before


@pytest.mark.parametrize("offer", CATALOG.values(), ids=lambda one: one.name)
async def test_a_tool_of_mcp_knows_only_what_the_asking_organisation_has(
    parties: Parties, offer: Offer
) -> None:
    for owner, stranger in pairs(parties):
        before = await owner.picture()
        nobodys = unknown(owner.ids)
        theirs, none = arguments(offer, owner.ids), arguments(offer, nobodys)
        answer = await stranger.use(offer.name, theirs)
        if theirs == none:
            require_nothing_told(answer, owner)
        else:
            expected = await stranger.use(offer.name, none)
            assert answer.without(owner.ids) == expected.without(nobodys)
        assert await owner.picture() == before


@pytest.mark.parametrize("kind", [*TYPES, "newer:message"])
async def test_a_message_reaches_only_calls_of_the_socket_s_organisation(
    parties: Parties, kind: str
) -> None:
    for owner, stranger in pairs(parties):
        before = await owner.picture()
        told = []
        for call_sid in (owner.call.call_sid, unknown(owner.ids)["call_sid"]):
            socket = await stranger.dial(call_sid=call_sid)
            await say(socket, kind, owner.ids["account_sid"])
            frames = await heard(socket)
            text = re.sub(rb"/mcp/tools/[^\"]+", b"<offered>", orjson.dumps(frames))
            told.append(text.replace(call_sid.encode(), b"<call_sid>"))
            await socket.close()

        assert told[0] == told[1]
        assert await owner.picture() == before


async def test_a_stored_agent_answers_calls_of_its_organisation_only(parties: Parties) -> None:
    for owner, stranger in pairs(parties):
        before = await owner.picture()
        agent_id, nobodys = owner.ids["agent_id"], unknown(owner.ids)["agent_id"]
        told = [await opening(stranger, f"/agents/{one}") for one in (agent_id, nobodys)]

        assert told[0] == told[1]
        assert await owner.picture() == before
        assert "Secret of" in repr(await opening(owner, f"/agents/{agent_id}"))


async def opening(party: Party, path: str) -> Any:
    """How a call is answered."""
    socket = await party.dial(path)
    ack = await socket.open(account_sid=f"account-of-{party.name}")
    await socket.close()
    return ack["data"]


async def test_the_counters_of_the_node_are_for_who_runs_it(parties: Parties) -> None:
    for name, status in [("default", 200), ("north", 403)]:
        key = {"Authorization": f"Bearer {parties[name].key}", "X-Forwarded-For": "203.0.113.7"}
        answer = await parties[name].ask(Filled("GET", "/metrics"), key)

        assert answer.status == status
        assert ("cordboard_calls" in answer.text) == (status == 200)


async def test_a_number_that_two_organisations_know_is_erased_for_one(parties: Parties) -> None:
    number = like("+")
    for party in parties.values():
        await party.ring(number)
    before = await parties["north"].picture()
    assert number in repr(before["rows"]["calls"])
    for name in ("default", "south"):
        erased = await parties[name].ask(Filled("DELETE", f"/api/calls?number={quote(number)}"))
        assert erased.status == 200, erased
        assert number not in repr((await parties[name].picture())["rows"]["calls"])

    assert await parties["north"].picture() == before


@pytest.mark.parametrize("operation", IN_TURN, ids=lambda one: one.name)
async def test_the_owner_is_given_what_nobody_else_is(
    parties: Parties, operation: Operation
) -> None:
    """So it was worth asking. What takes away comes last."""
    for owner in parties.values():
        answer = await owner.ask(fill(operation, owner.all_ids))
        assert answer.status < 300, answer


@pytest.mark.parametrize("offer", CATALOG.values(), ids=lambda one: one.name)
async def test_the_owner_is_given_the_same_over_mcp(parties: Parties, offer: Offer) -> None:
    for owner in parties.values():
        answer = await owner.use(offer.name, arguments(offer, owner.all_ids))
        assert answer.status == 200, answer.text


async def say(socket: Jambonz, kind: str, account_sid: str) -> None:
    """Send a message of a kind as if it were about this call; then begin, so that one answers."""
    data = {
        **call_info(socket.call_sid), "account_sid": account_sid, "type": "turn_end",
        "parent_call_sid": socket.call_sid, "tool_call_id": "t1", "name": "price", "arguments": {},
        "call_status": "completed",
    }  # fmt: skip
    await socket.send(kind, data, msgid="m1", hook="/x")
    await socket.send("session:new", {**data, "call_status": "trying"}, msgid="m2")


async def heard(socket: Jambonz) -> list[dict[str, Any]]:
    """All that is answered."""
    await socket.ack("m2")
    return [*socket.frames]
