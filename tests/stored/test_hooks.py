"""Call hooks: an operator's URLs hear of the calls of an agent."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from app import Application, Session, Verb, pause
from app.outward import Outward
from app.session import StoredVersion
from app.stored.hooks import CallHooks
from app.stored.parts import CallEventName, CallHook
from app.twin import Twin
from tests.web_peer import Peer, peer

VERSION = StoredVersion("0d1f1bb2-5b9a-4c6e-9d0f-3a3f2a7c9e11", 3, "Reception")


@pytest.fixture
async def crm() -> AsyncIterator[Peer]:
    async with peer() as one:
        yield one


@pytest.fixture
async def call_hooks() -> AsyncIterator[CallHooks]:
    outward = Outward(["127.0.0.1"])
    hooks = CallHooks(outward, pauses=(0.0, 0.0))
    yield hooks
    await hooks.close()
    await outward.close()


@pytest.fixture
def hooks(crm: Peer) -> list[CallHook]:
    crm.on("/calls", "ok")
    both: list[CallEventName] = ["call.started", "call.ended"]
    return [CallHook(url=f"{crm.url}/calls", events=both, username="us", password="pa:ss")]


@pytest.fixture
def cordboard_applications(call_hooks: CallHooks, hooks: list[CallHook]) -> list[Application]:
    front = Application("/front")

    @front.session_new
    async def answer(session: Session) -> list[Verb]:
        session.stored_version = VERSION
        call_hooks.follow(session, tuple(hooks))
        return [pause(60)]

    return [front]


async def told(crm: Peer, most: int) -> list[dict[str, Any]]:
    """What the hooks were told, once it was so much."""
    while len(crm.asked) < most:
        crm.came.clear()
        await crm.came.wait()
    return [json.loads(one.body) for one in crm.asked]


async def test_a_hook_hears_of_the_beginning_and_the_end(jambonz: Twin, crm: Peer) -> None:
    async with await jambonz.call("/front", from_="+14155550123") as call:
        (started,) = await told(crm, 1)
        sid = call.call_sid
    _, ended = await told(crm, 2)

    assert started["event"] == "call.started"
    assert started["call"]["call_sid"] == sid
    assert started["call"]["from"] == "+14155550123"
    assert (started["call"]["agent_id"], started["call"]["agent_version"]) == (VERSION.agent_id, 3)
    assert ended["event"] == "call.ended"
    assert ended["call"]["reason"] == "completed"
    assert ended["call"]["seconds"] >= 0
    assert crm.asked[0].headers["Authorization"] == "Basic dXM6cGE6c3M="


class TestOneEvent:
    @pytest.fixture
    def hooks(self, crm: Peer) -> list[CallHook]:
        crm.on("/calls", "ok")
        return [CallHook(url=f"{crm.url}/calls", events=["call.ended"])]

    async def test_a_hook_hears_what_it_asked_for(self, jambonz: Twin, crm: Peer) -> None:
        async with await jambonz.call("/front"):
            assert crm.asked == []
        assert [one["event"] for one in await told(crm, 1)] == ["call.ended"]
        assert "Authorization" not in crm.asked[0].headers


class TestFailures:
    @pytest.fixture
    def hooks(self, crm: Peer) -> list[CallHook]:
        return [CallHook(url=f"{crm.url}/calls", events=["call.started"])]

    async def test_a_hook_that_fails_is_tried_again(self, jambonz: Twin, crm: Peer) -> None:
        answers = iter([503, 200])

        async def answer(_request: web.Request) -> web.Response:
            return web.Response(status=next(answers))

        crm.on("/calls", answer)
        async with await jambonz.call("/front"):
            await told(crm, 2)
        assert next(answers, None) is None

    async def test_a_hook_that_never_works_is_given_up_and_the_call_goes_on(
        self,
        jambonz: Twin,
        crm: Peer,
        call_hooks: CallHooks,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        crm.on("/calls", "no", status=500)
        async with await jambonz.call("/front") as call:
            await told(crm, 3)
            await call_hooks.close()
            assert not call.is_over
        out = capsys.readouterr().out
        assert "call_hook_failed" in out
        assert "answered with status 500" in out
