"""No organisation sees or changes what another has: every operation, every tool, every message.

What is asked about another's ids must be answered as if nobody had them, and leave no trace there.
"""

import re
from collections.abc import AsyncIterator
from itertools import permutations
from typing import Any

import orjson
import pytest

from app.mcp_server.catalog import CATALOG
from app.mcp_server.offer import Offer
from app.protocol.messages import TYPES
from app.rest import OPERATIONS, Operation
from tests.server.jambonz import Jambonz, call_info
from tests.tenants.filling import arguments, fill, unknown
from tests.tenants.stage import ORGANISATIONS, Answer, Party, Stage, set_up

ALL_OPERATIONS = OPERATIONS
PAIRS = [*permutations(ORGANISATIONS, 2)]


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with set_up() as stage:
        yield stage


def pairs(stage: Stage) -> list[tuple[Party, Party]]:
    """Each organisation as the owner, and each other one as who asks."""
    return [(stage.parties[one], stage.parties[other]) for one, other in PAIRS]


def require_nothing_told(answer: Answer, owner: Party) -> None:
    """Nothing of the owner's stands in an answer that was not asked for by name."""
    for text in (*owner.ids.values(), f"of-{owner.name}", f"of {owner.name}"):
        assert text not in answer.text


@pytest.mark.parametrize("operation", ALL_OPERATIONS, ids=lambda one: one.name)
async def test_an_operation_knows_only_what_the_asking_organisation_has(
    stage: Stage, operation: Operation
) -> None:
    for owner, stranger in pairs(stage):
        before = owner.picture()
        nobodys = unknown(owner.ids)
        theirs, none = fill(operation, owner.ids), fill(operation, nobodys)
        answer = await stranger.ask(theirs)
        if theirs == none:
            require_nothing_told(answer, owner)
        else:
            expected = await stranger.ask(none)
            assert answer.without(owner.ids) == expected.without(nobodys)
        assert owner.picture() == before

    for owner in stage.parties.values():  # and it was worth asking
        own = fill(operation, owner.all_ids)
        answer = await owner.ask(own)
        assert answer.status < 300, answer


@pytest.mark.parametrize("offer", CATALOG.values(), ids=lambda one: one.name)
async def test_a_tool_of_mcp_knows_only_what_the_asking_organisation_has(
    stage: Stage, offer: Offer
) -> None:
    for owner, stranger in pairs(stage):
        before = owner.picture()
        nobodys = unknown(owner.ids)
        theirs, none = arguments(offer, owner.ids), arguments(offer, nobodys)
        answer = await stranger.use(offer.name, theirs)
        if theirs == none:
            require_nothing_told(answer, owner)
        else:
            expected = await stranger.use(offer.name, none)
            assert answer.without(owner.ids) == expected.without(nobodys)
        assert owner.picture() == before

    for owner in stage.parties.values():
        answer = await owner.use(offer.name, arguments(offer, owner.all_ids))
        assert answer.status == 200, answer.text


@pytest.mark.parametrize("kind", [*TYPES, "newer:message"])
async def test_a_message_reaches_only_calls_of_the_socket_s_organisation(
    stage: Stage, kind: str
) -> None:
    for owner, stranger in pairs(stage):
        before = owner.picture()
        told = []
        for call_sid in (owner.call.call_sid, unknown(owner.ids)["call_sid"]):
            socket = await stranger.dial(call_sid=call_sid)
            await say(socket, kind, owner.ids["account_sid"])
            frames = await heard(socket)
            text = re.sub(rb"/mcp/tools/[^\"]+", b"<offered>", orjson.dumps(frames))
            told.append(text.replace(call_sid.encode(), b"<call_sid>"))

        assert told[0] == told[1]
        assert owner.picture() == before


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
