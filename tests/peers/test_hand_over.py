"""A call that jambonz brings to another node: the one that had it lets it go when it is asked."""

import asyncio

from app.keys import PEERS
from tests.peers.conftest import Join, Member
from tests.peers.test_forwarding import INSTRUCTIONS
from tests.server.jambonz import LIMIT, Jambonz


async def brought_to(member: Member, call: Jambonz) -> Jambonz:
    """The same call, on a new socket to another node, as after a cut in the network."""
    again = await member.server.dial(call_sid=call.call_sid)
    await again.open("session:reconnect")
    return again


async def test_a_call_is_found_where_jambonz_has_brought_it(join: Join) -> None:
    first, second, third = await join(), await join(), await join()
    call = await first.server.call()
    await call.tool_call("ping")
    again = await brought_to(second, call)
    path = f"/v1/calls/{call.call_sid}"

    assert first.server.calls.get(call.call_sid) is None
    assert await again.tool_call("ping") == {"result": "pong"}
    for member in (first, second, third):
        assert (await member.rest("GET", path))[0] == 200
        status, _ = await member.rest("POST", f"{path}/agent", json=INSTRUCTIONS)
        assert status == 202
    assert len(await again.commands("agent:update", 3)) == 3


async def test_who_follows_a_call_goes_on_where_it_is_then(join: Join) -> None:
    first, second = await join(), await join()
    call = await first.server.call()
    await call.tool_call("ping")
    path = f"/v1/calls/{call.call_sid}/events"
    async with asyncio.timeout(LIMIT):
        async with second.stream(path) as answer:
            begun = (await answer.content.readuntil(b"event: session")).decode()
            again = await brought_to(second, call)
            rest = (await answer.read()).decode()
        last = max(int(line[4:]) for line in (begun + rest).splitlines() if line[:4] == "id: ")
        await again.tool_call("ping")
        async with first.stream(path, **{"Last-Event-ID": str(last)}) as answer:
            told = (await answer.content.readuntil(b"tool_output")).decode()

    assert "event: end" not in rest, "the call goes on"
    ids = [int(line[4:]) for line in told.splitlines() if line[:4] == "id: "]
    assert ids == sorted(ids)
    assert ids[0] > last


async def test_a_node_lets_nothing_go_that_it_does_not_have(join: Join) -> None:
    first, second = await join(), await join()

    assert not await first.server.web_app[PEERS].ask_hand_over(second.node, "nobody's", 1.0)
