"""``lookup_caller``: asked over HTTP, told to the model as it is, known to the first words."""

import asyncio
import json
from typing import Any

import pytest
from aiohttp import web

from app import Agent, Application, Session
from app.builtin_tools import LookupSource, build_lookup_caller, look_up_early, prompt_of
from app.builtin_tools.looking_up import lookup_url
from app.llm import FakeModel, ToolCall
from app.outward import Outward
from app.settings import Settings
from app.twin import Twin
from tests.web_peer import Peer

ASK = ToolCall(name="lookup_caller", arguments={}, id="call_1")
AGAIN = ToolCall(name="lookup_caller", arguments={}, id="call_2")
CARD = '{"name": "Mrs Kofi", "orders": [1, 2]}'


@pytest.fixture
def source(crm: Peer) -> LookupSource:
    return LookupSource(f"{crm.url}/people?tenant=a%20b", secret="s3cret")


@pytest.fixture
def within() -> float | None:
    """Seconds to wait for a look-up before the first words; None for no early look-up."""
    return None


@pytest.fixture
def cordboard_applications(
    source: LookupSource, outward: Outward, within: float | None
) -> list[Application]:
    front = Application("/front")

    @front.session_new
    async def answer(session: Session) -> Agent:
        if within is not None:
            await look_up_early(session, outward, source, within=within)
        built = build_lookup_caller(source, outward)
        assert built is not None
        return Agent(
            llm="openai:gpt-4.1-mini",
            stt="deepgram:nova-3-general",
            tts="cartesia:sonic-english",
            instructions=prompt_of("You answer. On the line: {{lookup.name}}.", [built]),
            tools=[built.tool],
        )

    return [front]


@pytest.fixture
def cordboard_model() -> FakeModel:
    return FakeModel(["Hello.", ASK, "Good morning, Mrs Kofi.", "Yes."])


async def converse(jambonz: Twin, **options: Any) -> list[str]:
    async with await jambonz.call("/front", **options) as call:
        await call.heard()
        await call.say("Do you know me?")
        return call.spoken


def output_in(model: FakeModel) -> Any:
    return json.loads(model.requests[2].messages[-1].content)


async def test_the_model_gets_the_body_as_it_is(
    jambonz: Twin, crm: Peer, cordboard_model: FakeModel
) -> None:
    crm.on("/people", CARD)
    await converse(jambonz)

    assert output_in(cordboard_model) == json.loads(CARD)
    [asked] = crm.asked
    assert asked.method == "GET"
    assert asked.target == "/people?tenant=a%20b&phone=%2B15085551212"
    assert asked.headers["loquent_x_check"] == "s3cret"
    assert "## Who is on the line" in cordboard_model.requests[-1].system


async def test_a_body_that_is_no_object_goes_on_as_text(
    jambonz: Twin, crm: Peer, cordboard_model: FakeModel
) -> None:
    crm.on("/people", "Mrs Kofi\nsince 2019")
    await converse(jambonz)

    assert output_in(cordboard_model) == {"result": "Mrs Kofi\nsince 2019"}


async def test_in_an_outbound_call_the_called_party_is_outside(jambonz: Twin, crm: Peer) -> None:
    crm.on("/people", CARD)
    await converse(jambonz, direction="outbound", from_="+16175550100", to="+15085551212")

    assert crm.asked[0].target.endswith("phone=%2B15085551212")


async def test_without_a_number_nothing_is_asked(
    jambonz: Twin, crm: Peer, cordboard_model: FakeModel
) -> None:
    await converse(jambonz, from_="anonymous")

    assert "is not known" in output_in(cordboard_model)["error"]
    assert crm.asked == []


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (404, "no such customer", "HTTP 404: no such customer. Treat the caller as unknown."),
        (500, "", "HTTP 500. Treat the caller as unknown."),
        (302, "", "its address is not allowed"),
        (200, "x" * 70_000, "it tells too much"),
    ],
)
async def test_an_error_becomes_words_and_the_call_goes_on(
    jambonz: Twin, crm: Peer, cordboard_model: FakeModel, status: int, body: str, words: str
) -> None:
    crm.on("/people", body, status=status, headers={"Location": "/"} if status == 302 else None)
    assert await converse(jambonz) == ["Hello.", "Good morning, Mrs Kofi."]

    assert words in output_in(cordboard_model)["error"]


class TestOfAnAddressThatIsNotAllowed:
    @pytest.fixture
    def outward(self) -> Outward:
        return Outward()

    async def test_the_model_hears_that_it_cannot_be_asked(
        self, jambonz: Twin, crm: Peer, cordboard_model: FakeModel
    ) -> None:
        await converse(jambonz)

        assert "its address is not allowed" in output_in(cordboard_model)["error"]
        assert crm.asked == []


class TestBeforeTheFirstWords:
    @pytest.fixture
    def within(self) -> float:
        return 5.0

    @pytest.fixture
    def cordboard_model(self) -> FakeModel:
        return FakeModel(["Hello.", ASK, "Good morning, Mrs Kofi.", AGAIN, "Yes."])

    async def test_they_can_use_it_and_the_tool_asks_no_more(
        self, jambonz: Twin, crm: Peer, cordboard_model: FakeModel
    ) -> None:
        crm.on("/people", CARD)
        async with await jambonz.call("/front") as call:
            await call.heard()
            assert "On the line: Mrs Kofi." in cordboard_model.requests[0].system
            await call.say("Do you know me?")
            await call.say("Are you sure?")

        assert output_in(cordboard_model) == json.loads(CARD)
        assert len(crm.asked) == 1

    async def test_a_failure_holds_nothing_up(
        self, jambonz: Twin, crm: Peer, cordboard_model: FakeModel
    ) -> None:
        crm.on("/people", "down", status=503)
        async with await jambonz.call("/front") as call:
            await call.heard()
            assert "On the line: ." in cordboard_model.requests[0].system
            crm.on("/people", CARD)
            await call.say("Do you know me?")

        assert output_in(cordboard_model) == json.loads(CARD), "the tool asks anew"


class TestThatComesLate:
    @pytest.fixture
    def within(self) -> float:
        return 0.01

    @pytest.fixture
    def cordboard_model(self) -> FakeModel:
        return FakeModel(["Hello.", "Good morning.", "Good morning, Mrs Kofi."])

    async def test_it_is_told_to_the_agent_that_runs(
        self, jambonz: Twin, crm: Peer, cordboard_model: FakeModel
    ) -> None:
        ready = asyncio.Event()

        async def hesitate(_request: web.Request) -> web.StreamResponse:
            await ready.wait()
            return web.Response(text=CARD)

        crm.on("/people", hesitate)
        async with await jambonz.call("/front") as call:
            await call.heard()
            assert call.commands == []
            ready.set()
            await call.say("Good morning.")
            assert await call.updates() == ["inject_context"]
            await call.say("Do you know me?")

        told = [one.content for one in cordboard_model.requests[-1].messages]
        assert any("Mrs Kofi" in text for text in told) or "Mrs Kofi" in (
            cordboard_model.requests[-1].system
        )


class TestWhereTheFirstAnswerHasLittleTime:
    @pytest.fixture
    def within(self) -> float:
        return 60.0

    @pytest.fixture
    def cordboard_settings(self) -> Settings:
        return Settings(port=0, allow_anonymous=True, ack_deadline=0.4)

    async def test_it_is_not_held_up(
        self, jambonz: Twin, crm: Peer, cordboard_model: FakeModel
    ) -> None:
        crm.stall("/people")
        async with await jambonz.call("/front") as call:
            assert await call.heard() == "Hello."
            (opening,) = call.acks
            assert [one["verb"] for one in opening["data"]] == ["agent"]


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("https://crm.example/x", "https://crm.example/x?phone=%2B1508"),
        ("https://crm.example/x?a=1", "https://crm.example/x?a=1&phone=%2B1508"),
        ("https://crm.example/x?", "https://crm.example/x?phone=%2B1508"),
        ("https://crm.example/x?a=1&", "https://crm.example/x?a=1&phone=%2B1508"),
        ("https://crm.example/x#top", "https://crm.example/x?phone=%2B1508"),
    ],
)
def test_the_number_stands_behind_the_query_string_that_is_there(url: str, asked: str) -> None:
    assert lookup_url(url, "+1508") == asked


def test_what_is_in_a_number_cannot_change_the_address() -> None:
    assert lookup_url("https://crm.example/x", "a&b=c#d/é ") == (
        "https://crm.example/x?phone=a%26b%3Dc%23d%2F%C3%A9%20"
    )


def test_without_an_address_there_is_no_tool(outward: Outward) -> None:
    assert build_lookup_caller(None, outward) is None
    assert build_lookup_caller(LookupSource(""), outward) is None


def test_the_secret_is_not_shown() -> None:
    assert "s3cret" not in repr(LookupSource("https://crm.example", "s3cret"))
