"""The fixtures of `app.testing`, as a user's tests meet them."""

from typing import Any

import aiohttp
import pytest
from pydantic import SecretStr

from app import Agent, Application, Session, tool
from app.settings import Settings
from app.testing import API_KEY, CallRefused, Cordboard, FakeModel, Twin

desk = Application("/desk")


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
        llm="openai:gpt-4.1-mini",
        stt="deepgram:nova-3-general",
        tts="cartesia:sonic-english",
        instructions="You count.",
        tools=[count],
    )


@pytest.fixture
def cordboard_applications() -> list[Application[Any, Any]]:
    return [desk]


@pytest.fixture
def cordboard_settings() -> Settings:
    return Settings(
        port=0, api_keys=(SecretStr(API_KEY),), ws_user="jb", ws_password=SecretStr("pw")
    )


@pytest.fixture
def cordboard_model() -> FakeModel:
    return FakeModel(["Hello.", "Goodbye."])


async def test_a_call_reaches_the_applications_of_the_test(
    jambonz: Twin, cordboard: Cordboard
) -> None:
    call = await jambonz.call("/desk")

    assert await call.heard() == "Hello."
    assert cordboard.calls.get(call.call_sid) is not None
    assert await call.tool_call("count", {"things": "abc"}) == {"number": 3}
    assert await call.say("Bye.") == "Goodbye."


async def test_an_unknown_path_is_a_refused_call(jambonz: Twin) -> None:
    with pytest.raises(CallRefused, match="upgrade refused: 404"):
        await jambonz.call("/nothing")


async def test_the_rest_api_opens_with_the_key_of_the_fixture(
    jambonz: Twin, cordboard: Cordboard
) -> None:
    call = await jambonz.call("/desk")
    async with (
        aiohttp.ClientSession(headers=cordboard.headers) as http,
        http.get(f"{cordboard.url}/v1/calls") as response,
    ):
        listed = await response.json()

    assert response.status == 200
    assert call.call_sid in str(listed)


async def test_wrong_credentials_are_refused(cordboard: Cordboard) -> None:
    async with Twin(cordboard.url, username="jb", password="no") as twin:
        with pytest.raises(CallRefused, match="upgrade refused: 401"):
            await twin.call("/desk")
