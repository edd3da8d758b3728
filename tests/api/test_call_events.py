"""Following a call from its record, and then live."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from app.keys import FEED, RECORDER
from app.store import Store
from app.testing import Cordboard, Twin
from tests.api.conftest import Api
from tests.records.conftest import desk


@pytest.fixture
def cordboard_store(store: Store) -> Store:
    return store


@pytest.fixture
def cordboard_applications() -> list[Any]:
    return [desk]


@dataclass(frozen=True)
class Event:
    id: int
    kind: str
    data: Any


async def read(response: aiohttp.ClientResponse) -> AsyncIterator[Event]:
    fields: dict[str, str] = {}
    async for line in response.content:
        name, _, value = line.decode().rstrip("\n").partition(": ")
        if name:
            fields[name] = value
        elif "id" in fields:
            yield Event(int(fields["id"]), fields["event"], json.loads(fields["data"])["data"])
            fields = {}


async def follow(api: Api, call_sid: str, after: int | None = None) -> aiohttp.ClientResponse:
    resume = {} if after is None else {"Last-Event-ID": str(after)}
    path = f"/api/calls/{call_sid}/events"
    return await api.http.get(path, headers={**api.headers, **resume})


async def test_a_call_is_followed_from_its_first_event_to_its_end(
    api: Api, jambonz: Twin, cordboard: Cordboard
) -> None:
    async with await jambonz.call("/desk") as call:
        for number in range(150):  # more than the feed keeps
            await call.event("user_interruption", number=number)
        await call.settled()
        response = await follow(api, call.call_sid)
        stream = read(response)
        first = [await anext(stream) for _ in range(20)]
        await call.say("Hello.")
    rest = [event async for event in stream]

    numbers = [event.data["number"] for event in (*first, *rest) if "number" in event.data]
    assert first[0].id == 1
    assert numbers == [*range(150)]
    assert "gap" not in {event.kind for event in rest}
    assert rest[-1].kind == "end"
    assert [event.id for event in rest] == sorted({event.id for event in rest})


async def test_what_was_followed_live_has_the_same_ids_in_the_record(
    api: Api, jambonz: Twin, cordboard: Cordboard
) -> None:
    async with await jambonz.call("/desk") as call:
        response = await follow(api, call.call_sid)
        await call.say("Hello.")
    live = {event.id: event.kind async for event in read(response)}
    del cordboard.app[FEED]._ended[call.call_sid]  # the minute is over

    recorded = [event async for event in read(await follow(api, call.call_sid))]

    assert recorded[-1].kind == "end"
    assert {event.id: event.kind for event in recorded} == {
        number: kind for number, kind in live.items() if kind != "ack"
    }


async def test_a_stream_is_resumed_behind_the_last_event_and_ends_for_good(
    api: Api, jambonz: Twin
) -> None:
    async with await jambonz.call("/desk") as call:
        await call.say("Hello.")
    everything = [event async for event in read(await follow(api, call.call_sid))]

    resumed = [event async for event in read(await follow(api, call.call_sid, everything[2].id))]

    assert resumed == everything[3:]
    assert (await follow(api, call.call_sid, everything[-1].id)).status == 204


async def test_a_call_is_followed_live_while_the_store_is_slow(
    api: Api, jambonz: Twin, cordboard: Cordboard
) -> None:
    async with await jambonz.call("/desk") as call:
        await cordboard.app[RECORDER].settle(call.call_sid, patience=10)
        stream = read(await follow(api, call.call_sid, 1))
        await call.event("user_interruption", number=1)
        while (event := await anext(stream)).data.get("number") != 1:
            pass

    assert event.kind == "event"
