"""A twin for applications of others: it reaches nothing for them that they must not reach."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.llm import FakeModel, ToolCall
from app.twin import Twin, TwinCall
from app.twin.address import DialFailed
from app.twin.socket import Dialling
from tests.twin_app import agent, serving
from tests.web_peer import Peer, peer

TOOL = {"name": "find", "description": "Find it.", "parameters": {"type": "object"}}


async def pin(host: str, port: int) -> str:
    """One name leads somewhere; nothing else may be asked."""
    if host == "tools.example":
        return "127.0.0.1"
    raise PermissionError(f"{host} is not for you")


@pytest.fixture
async def inside() -> AsyncIterator[Peer]:
    """What must not be reached."""
    async with peer() as one:
        yield one


def notes(call: TwinCall) -> str:
    return "\n".join(entry.data["text"] for entry in call.log if entry.kind == "note")


def with_tool_at(url: str) -> dict[str, Any]:
    llm = {"vendor": "openai", "llmOptions": {"tools": [TOOL]}}
    return agent(greeting=False, llm=llm, toolHook=url)


async def told(url: str) -> str:
    """What the model hears of a tool at this address."""
    model = FakeModel([[ToolCall("t", "find", {})], "Done."])
    async with (
        serving(new=[with_tool_at(url)]) as app,
        Twin(app.url, model=model, pin=pin) as twin,
    ):
        call = await twin.call()
        await call.say("Find it.")
        return model.requests[1].messages[-1].content


async def test_a_hook_is_asked_where_the_pin_leads(inside: Peer) -> None:
    inside.on("/find", '{"found": 7}', content_type="application/json")
    url = f"{inside.url}/find"

    assert "is not for you" in await told(url)
    assert inside.asked == []
    assert "7" in await told(url.replace("127.0.0.1", "tools.example"))
    assert inside.asked[0].headers["Host"] == f"tools.example:{inside.port}"


async def test_a_redirect_of_a_hook_is_not_followed(inside: Peer) -> None:
    inside.redirect("/find", f"{inside.url}/secret", status=307)

    answer = await told(f"{inside.url}/find".replace("127.0.0.1", "tools.example"))
    assert "status 307" in answer
    assert [asked.target for asked in inside.asked] == ["/find"]


async def test_an_mcp_server_that_may_not_be_asked_is_a_note(inside: Peer) -> None:
    verb = agent(greeting=False, mcpServers=[{"url": f"{inside.url}/mcp"}])
    async with (
        serving(new=[verb]) as app,
        Twin(app.url, model=FakeModel(["Yes."]), pin=pin) as twin,
    ):
        call = await twin.call()
        await call.say("Well?")

        assert "is not for you" in notes(call)
    assert inside.asked == []


@pytest.mark.parametrize("place", ["connectOptions", "auth"])
async def test_a_model_elsewhere_gets_no_key_of_the_twin(inside: Peer, place: str) -> None:
    given = {"baseURL": inside.url} if place == "connectOptions" else {"base_url": inside.url}
    verb = agent(greeting=False, llm={"vendor": "openai", "model": "gpt-4.1", place: given})
    keys = {"openai": {"apiKey": "of-the-settings"}}
    async with serving(new=[verb]) as app, Twin(app.url, keys=keys, pin=pin) as twin:
        call = await twin.call()
        await call.say("Well?")

        assert "the offline model plays the agent: openai at an address of one's own" in notes(call)
    assert inside.asked == []


async def test_sockets_are_opened_to_its_own_server_only(inside: Peer) -> None:
    dialling = Dialling(5.0, 1024, ("user", "secret"), only="ws://127.0.0.1:1/weather")

    with pytest.raises(DialFailed, match="its own server only"):
        await dialling.open(inside.url.replace("http", "ws"))
    assert inside.asked == []
