"""Twin calls over HTTP: a call to this very server, and its story as a stream."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiohttp import ClientResponse, ClientSession

from app import Agent, Application, Session, gather, hangup, say, tool
from app.keys import TWIN_CALLS
from app.rest.twin import calls as twin_calls
from app.testing import Cordboard

desk = Application("/desk")
menu = Application("/menu/{floor}")
broken = Application("/broken")
CALLS = "/v1/twin/calls"


@tool
async def count(things: str) -> dict[str, int]:
    """How many there are.

    Args:
        things: What to count.
    """
    return {"number": len(things)}


@desk.session_new
async def answer(session: Session[Any, Any]) -> Agent:
    return Agent(
        llm={"vendor": "openai", "model": "gpt-4.1-mini", "auth": {"apiKey": "sk-secret"}},
        stt="deepgram:nova-3-general",
        tts="cartesia:sonic-english",
        instructions="You count.",
        tools=[count],
    )


@menu.session_new
async def offer(session: Session[Any, Any]) -> list[Any]:
    floor = session.path_params["floor"]
    return [gather(input=["digits"], num_digits=1, say=say(f"Floor {floor}. Press.")), hangup()]


@broken.session_new
async def fail(session: Session[Any, Any]) -> list[Any]:
    return []


@pytest.fixture
def cordboard_applications() -> list[Application[Any, Any]]:
    return [desk, menu, broken]


@dataclass
class Rest:
    """The REST API of the server under test, with its key."""

    client: ClientSession
    server: Cordboard
    headers: dict[str, str] = field(default_factory=dict)

    def post(self, path: str, body: object) -> Any:
        if path == CALLS and isinstance(body, dict):
            body = {"llm": "offline", **body}  # the agent's own vendor is not asked here
        return self.client.post(self.server.url + path, json=body, headers=self.headers)

    def get(self, path: str) -> Any:
        return self.client.get(self.server.url + path, headers=self.headers)


@pytest.fixture
async def rest(cordboard: Cordboard) -> AsyncIterator[Rest]:
    async with ClientSession(headers=cordboard.headers) as client:
        yield Rest(client, cordboard)


async def read(response: ClientResponse) -> AsyncIterator[tuple[str, Any]]:
    assert response.status == 200, await response.text()
    kind = ""
    async for line in response.content:
        name, _, text = line.decode().strip().partition(": ")
        if name == "event":
            kind = text
        elif name == "data":
            yield kind, json.loads(text)


async def problem(response: ClientResponse) -> tuple[int, str]:
    document = await response.json(content_type=None)
    return response.status, document["detail"]


async def all_gone(server: Cordboard) -> None:
    async with asyncio.timeout(5):
        while len(server.app[TWIN_CALLS]) or len(server.calls):  # noqa: ASYNC110
            await asyncio.sleep(0)


async def test_a_script_is_played_and_told_to_its_result(rest: Rest) -> None:
    order = {"application": "/desk", "script": ["How are you?", "Goodbye"], "from": "+15085550199"}
    async with rest.post(CALLS, order) as response:
        story = [event async for event in read(response)]

    kinds = [kind for kind, _ in story]
    assert (kinds[0], kinds[-2:]) == ("call", ["end", "result"])
    assert story[0][1]["application"] == "/desk"
    said = [told["data"]["text"] for kind, told in story if kind == "said"]
    assert said == ["How are you?", "Goodbye"]
    assert {"sent", "received", "heard", "event"} <= set(kinds)
    result = story[-1][1]
    assert (result["reason"], result["fault"]) == ("the caller hung up", "")
    assert len(result["spoken"]) >= 2
    (new,) = [
        told["data"]
        for kind, told in story
        if kind == "sent" and told["data"]["type"] == "session:new"
    ]
    assert new["data"]["from"] == "+15085550199"
    await all_gone(rest.server)


async def test_the_same_seed_plays_the_same_call(rest: Rest) -> None:
    order = {"application": "/desk", "script": ["Hello", {"silence": 12}, "Bye"], "seed": 7}
    hashes = set()
    for _ in range(3):
        async with rest.post(CALLS, order) as response:
            story = [event async for event in read(response)]
        hashes.add(story[-1][1]["hash"])
        spent = story[-3][1]["time"]

    assert len(hashes) == 1
    assert spent >= 12, "by its virtual clock"


async def test_the_keys_of_an_agent_are_not_told(rest: Rest) -> None:
    async with rest.post(CALLS, {"application": "/desk", "script": ["Hello"]}) as response:
        text = await response.text()

    assert "sk-secret" not in text
    assert "(hidden)" in text


async def test_without_a_script_the_caller_is_steered_step_by_step(rest: Rest) -> None:
    async with rest.post(CALLS, {"application": "/menu/3"}) as response:
        story = read(response)
        call_sid = (await anext(story))[1]["call_sid"]
        listed = await (await rest.get(CALLS)).json()
        shown = await (await rest.get(f"/v1/calls/{call_sid}")).json()
        pressed = await rest.post(f"{CALLS}/{call_sid}/steps", {"press": "1"})
        rest_of_it = [event async for event in story]

    assert [one["call_sid"] for one in listed] == [call_sid]
    assert shown["application"] == "/menu/{floor}"
    assert pressed.status == 200, await pressed.text()
    assert "1" in [told["data"].get("digits") for kind, told in rest_of_it if kind == "said"]
    assert rest_of_it[-1][0] == "result"
    await all_gone(rest.server)
    gone = await rest.post(f"{CALLS}/{call_sid}/steps", {"press": "1"})
    assert gone.status == 404


async def test_a_caller_interrupts_and_hangs_up_from_outside(rest: Rest) -> None:
    async with rest.post(CALLS, {"application": "/desk"}) as response:
        story = read(response)
        call_sid = (await anext(story))[1]["call_sid"]
        steps = f"{CALLS}/{call_sid}/steps"
        heard = await (await rest.post(steps, {"say": "Hello"})).json()
        interrupted = await (await rest.post(steps, {"interrupt": "Stop"})).json()
        over = await (await rest.post(steps, {"hang_up": True})).json()
        kinds = [kind async for kind, _ in story]

    assert heard["heard"]
    assert interrupted["heard"]
    assert over["is_over"] is True
    assert kinds[-1] == "result"


async def test_a_listener_who_goes_away_hangs_up(rest: Rest) -> None:
    response = await rest.post(CALLS, {"application": "/desk"})
    await anext(read(response))
    assert len(rest.server.calls) == 1

    response.close()

    await all_gone(rest.server)


async def test_the_shutdown_of_the_server_ends_twin_calls(rest: Rest) -> None:
    response = await rest.post(CALLS, {"application": "/desk"})
    story = read(response)
    await anext(story)

    await rest.server.app.shutdown()

    assert [kind async for kind, _ in story][-1] == "result"


async def test_a_call_is_ended_at_its_limit(rest: Rest) -> None:
    async with rest.post(CALLS, {"application": "/desk", "limit": 0.05}) as response:
        story = [event async for event in read(response)]

    assert story[-1][1]["fault"] == "The call was ended after 0.05 s."


async def test_a_script_that_the_application_cuts_short_is_a_fault(rest: Rest) -> None:
    order = {"application": "/menu/1", "script": [{"press": "1"}, "More"]}
    async with rest.post(CALLS, order) as response:
        story = [event async for event in read(response)]

    assert "the call is over" in story[-1][1]["fault"]


async def test_only_so_many_go_on_at_once(rest: Rest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(twin_calls, "MOST", 1)
    async with rest.post(CALLS, {"application": "/desk"}) as response:
        await anext(read(response))
        status, detail = await problem(await rest.post(CALLS, {"application": "/desk"}))

    assert (status, "go on already" in detail) == (429, True)


@pytest.mark.parametrize(
    ("order", "status", "says"),
    [
        ({"application": "/dessk"}, 404, "expected one of /desk, /menu/{floor}, /broken"),
        ({"application": "ws://elsewhere/desk"}, 422, "application"),
        ({"application": "/desk", "llm": "nobody:none"}, 422, "no model vendor 'nobody'"),
        ({"application": "/desk", "script": [{"shout": "Hey"}]}, 422, "script[0].shout"),
        ({"application": "/desk", "script": [{"silence": False}]}, 422, "script[0].silence: "),
        ({"application": "/desk", "script": [{"silence": -1}]}, 422, "script[0].silence: "),
        ({"application": "/desk", "script": [{}]}, 422, "exactly one of say, interrupt, press"),
        ({"application": "/desk", "script": [{"say": "a", "press": "1"}]}, 422, "exactly one"),
        ({"application": "/broken"}, 409, "did not come about"),
    ],
)
async def test_a_call_that_cannot_be_made_says_why(
    rest: Rest, order: dict[str, Any], status: int, says: str
) -> None:
    answered, detail = await problem(await rest.post(CALLS, order))

    assert (answered, says in detail) == (status, True), detail
    await all_gone(rest.server)


async def test_from_elsewhere_it_is_not_allowed_unless_the_settings_say_so(rest: Rest) -> None:
    rest.headers["X-Forwarded-For"] = "203.0.113.9"
    status, detail = await problem(await rest.post(CALLS, {"application": "/desk"}))
    listed = await rest.get(CALLS)

    assert (status, "CORDBOARD_TWIN=1" in detail) == (403, True)
    assert listed.status == 403


async def test_it_needs_a_key(rest: Rest) -> None:
    async with aiohttp.ClientSession() as client:
        response = await client.post(rest.server.url + CALLS, json={"application": "/desk"})

    assert response.status == 401
