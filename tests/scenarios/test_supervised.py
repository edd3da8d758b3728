"""An agent is cut short: by a person who listens over REST, and by a rule in code."""

import aiohttp
import pytest

from app.testing import Cordboard, Pace
from app.twin import Twin


@pytest.fixture
def cordboard_pace() -> Pace:
    return Pace(speech_rate=50, backoff=0.01, handshake=5.0)  # slow enough to be cut


async def test_a_supervisor_listens_and_cuts_in_over_rest(
    jambonz: Twin, cordboard: Cordboard
) -> None:
    call = await jambonz.call("/supervised")
    await call.heard()
    url = f"{cordboard.url}/v1/calls/{call.call_sid}"
    order = {
        "type": "generate_reply",
        "interrupt": True,
        "user_input": "Tell the caller that we waive the fee.",
    }
    async with aiohttp.ClientSession(headers=cordboard.headers) as supervisor:
        await call.say("Why does it cost more this month?")
        async with supervisor.get(f"{url}/events") as listening:
            async for line in listening.content:
                if b"cost more this month" in line:
                    break
        async with supervisor.post(f"{url}/agent", json=order) as answer:
            assert answer.status == 202

    assert await call.heard() == "We waive the fee."


async def test_the_agent_does_not_argue_with_a_caller_who_complains(jambonz: Twin) -> None:
    async with await jambonz.call("/supervised") as call:
        await call.heard()
        await call.event("user_transcript", transcript="I will complain to my lawyer!")
        order = await call.command("agent:update")

        assert order["data"]["type"] == "generate_reply"
        assert order["data"]["interrupt"] is True
        assert "I am sorry for the trouble" in await call.heard()


async def test_other_callers_are_not_interrupted(jambonz: Twin) -> None:
    async with await jambonz.call("/supervised") as call:
        await call.say("Why does it cost more this month?")
        await call.say("I see, thank you.")

        assert call.commands == []
