"""Calls of the twin, with several processes on one port."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from app.identity import Principal
from app.keys import TWIN_CALLS
from app.organisation import DEFAULT_ORGANISATION
from app.peers import Pass
from tests.peers.conftest import Join, Member
from tests.server.conftest import KEY
from tests.server.jambonz import LIMIT

CALLS = "/v1/twin/calls"
STEERER = Principal(DEFAULT_ORGANISATION, "key:s", "key", "s", frozenset(("calls:write",)))


async def told(response: aiohttp.ClientResponse) -> AsyncIterator[tuple[str, Any]]:
    """Kind and data of each event."""
    kind = ""
    async for line in response.content:
        name, _, text = line.decode().strip().partition(": ")
        if name == "event":
            kind = text
        elif name == "data":
            yield kind, json.loads(text)


def start(member: Member, **order: Any) -> Any:
    headers = {"Authorization": f"Bearer {KEY}"}
    body = {"application": "/call", "llm": "offline", **order}
    return member.server.client.post(member.server.url(CALLS), json=body, headers=headers)


async def test_a_process_that_shares_its_port_calls_itself(join: Join) -> None:
    first = await join(shared_port=0)
    second = await join(shared_port=first.server.port)

    async with asyncio.timeout(LIMIT):
        for _ in range(6):  # the system would spread them over both
            async with start(first) as answer:
                _, call = await anext(told(answer))
                here = [len(one.server.web_app[TWIN_CALLS]) for one in (first, second)]
                assert here == [len(one.server.calls) for one in (first, second)]
                assert sum(here) == 1
                path = f"{CALLS}/{call['call_sid']}/steps"
                status, _ = await first.rest("POST", path, json={"hang_up": True})
                assert status == 200
                await answer.read()


async def test_a_step_is_taken_by_the_node_that_plays_the_call(join: Join) -> None:
    first, second = await join(), await join()

    async with asyncio.timeout(LIMIT), start(first) as answer:
        story = told(answer)
        _, call = await anext(story)
        path = f"{CALLS}/{call['call_sid']}/steps"
        _, listed = await second.rest("GET", CALLS)
        status, heard = await second.rest("POST", path, json={"hang_up": True})
        *_, (kind, result) = [event async for event in story]
        gone, _ = await second.rest("POST", path, json={"hang_up": True})

    assert [one["call_sid"] for one in listed] == [call["call_sid"]]
    assert (status, heard["is_over"]) == (200, True)
    assert (kind, result["reason"]) == ("result", "the caller hung up")
    assert gone == 404


@pytest.mark.parametrize(("is_local", "status"), [(True, 200), (False, 403)])
async def test_twin_calls_are_for_who_is_on_the_machine_of_the_node_that_was_asked(
    join: Join, is_local: bool, status: int
) -> None:
    first, second = await join(), await join()

    async with asyncio.timeout(LIMIT), start(first) as answer:
        _, call = await anext(told(answer))
        path = f"{CALLS}/{call['call_sid']}/steps"
        headers = second.pass_for(first, "POST", path, Pass(STEERER, is_local=is_local))
        step = second.server.client.post(
            first.private(path), json={"hang_up": True}, headers=headers
        )
        async with step as taken:
            assert taken.status == status
