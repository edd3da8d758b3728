"""Tools come with the PIN, and check by themselves who calls."""

import pytest

from app.twin import Twin
from hooks.bank import ACCOUNTS

CALLER = "+15085551212"


@pytest.fixture(autouse=True)
def account() -> None:
    """Every test begins with the same balance."""
    ACCOUNTS[CALLER].balance = 250


async def test_money_is_transferred_once_the_pin_is_verified(jambonz: Twin) -> None:
    async with await jambonz.call("/bank", from_=CALLER) as call:
        assert "PIN" in await call.say("Transfer 50 dollars to Alex.")
        assert "The PIN is right" in await call.say("My PIN is 4321.")
        assert await call.updates() == ["update_tools"]

        assert "50 dollars went to Alex" in await call.say("Transfer 50 dollars to Alex.")
        assert "200" in await call.say("What is my balance?")


async def test_a_tool_that_was_never_offered_is_refused(jambonz: Twin) -> None:
    async with await jambonz.call("/bank", from_=CALLER) as call:
        output = await call.tool_call("transfer_money", {"amount": 50, "recipient": "Alex"})

        assert "no tool named 'transfer_money'" in output["result"]
        assert ACCOUNTS[CALLER].balance == 250


async def test_three_wrong_pins_close_the_way(jambonz: Twin) -> None:
    async with await jambonz.call("/bank", from_=CALLER) as call:
        for _ in range(3):
            assert "PIN is wrong" in await call.say("My PIN is 1111.")

        assert "branch" in await call.say("My PIN is 4321.")
        assert "agent:update" not in {one["command"] for one in call.commands}


async def test_the_pin_of_another_telephone_is_no_pin(jambonz: Twin) -> None:
    async with await jambonz.call("/bank", from_="+15085550000") as call:
        assert "PIN is wrong" in await call.say("My PIN is 4321.")


async def test_there_is_no_credit(jambonz: Twin) -> None:
    async with await jambonz.call("/bank", from_=CALLER) as call:
        await call.say("My PIN is 4321.")

        assert "only 250 dollars" in await call.say("Transfer 500 dollars to Alex.")
        refused = await call.tool_call("transfer_money", {"amount": -50, "recipient": "Alex"})
        assert "amount" in refused["error"]
