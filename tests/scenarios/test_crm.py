"""The front desk learns who calls, while the call is on."""

import pytest

from app.testing import FakeModel
from app.twin import Twin


async def test_the_agent_knows_the_caller_from_its_greeting_on(jambonz: Twin) -> None:
    async with await jambonz.call("/crm", from_="+15085551212") as call:
        await call.heard()
        assert await call.updates() == ["inject_context"]

        assert "Sarah Mitchell" in await call.say("What is my name?")
        assert "garden table" in await call.say("What was my last order?")
        assert await call.updates() == ["inject_context"]


async def test_a_stranger_is_served_as_one(jambonz: Twin) -> None:
    async with await jambonz.call("/crm", from_="+15085550000") as call:
        await call.heard()
        await call.say("Good morning.")

        assert "+15085550000" in await call.say("Which number does the call come from?")
        assert call.commands == []


class TestWithAModelThatRemembersWhatItIsAsked:
    @pytest.fixture
    def cordboard_model(self) -> FakeModel:
        return FakeModel(["Hello.", "Here I am."])

    async def test_number_and_context_stand_in_its_prompt(
        self, jambonz: Twin, cordboard_model: FakeModel
    ) -> None:
        async with await jambonz.call("/crm", from_="+15085553434") as call:
            await call.updates()
            await call.say("Are you there?")

            first, second = cordboard_model.requests
            assert "+15085553434" in first.system
            assert "James Okafor" not in first.system
            assert "James Okafor, silver member" in second.system
