"""HTTP tools in a call: the request on the wire, and what the model gets of the answer."""

import json
from typing import Any

import pytest

from app import Agent, Application, Session, Verb, openai_s2s
from app.builtin_tools.http import HttpTool, build_http_tool
from app.llm import FakeModel, ToolCall
from app.outward import Outward
from app.twin import Twin
from tests.web_peer import Peer

PARAMETERS = {
    "type": "object",
    "properties": {
        "order": {"type": "string", "minLength": 1},
        "day": {"type": "string", "enum": ["monday", "tuesday"]},
        "note": {"type": "string"},
    },
    "required": ["order"],
    "additionalProperties": False,
}


@pytest.fixture
def changes() -> dict[str, Any]:
    """What a test changes of the definition."""
    return {}


@pytest.fixture
def arguments() -> dict[str, Any]:
    return {"order": "7/8", "day": "monday"}


@pytest.fixture
def cordboard_model(arguments: dict[str, Any]) -> FakeModel:
    call = ToolCall(name="find_order", arguments=arguments, id="call_1")
    return FakeModel(["Hello.", call, "It is on its way."])


@pytest.fixture
def cordboard_applications(
    crm: Peer, outward: Outward, changes: dict[str, Any]
) -> list[Application]:
    definition = {
        "name": "find_order",
        "description": "Find an order.",
        "url": f"{crm.url}/orders/{{order}}?day={{day}}&phone={{call.number}}",
        "secret_headers": {"Authorization": "Bearer s3cret"},
        "parameters": PARAMETERS,
        **changes,
    }
    definition["url"] = definition["url"].replace("CRM", crm.url)
    built = build_http_tool(HttpTool(**definition), outward)
    front, speech = Application("/front"), Application("/speech")

    @front.session_new
    async def answer(session: Session) -> Agent:
        return Agent(
            llm="openai:gpt-4.1-mini",
            stt="deepgram:nova-3-general",
            tts="cartesia:sonic-english",
            instructions="You know the orders.",
            tools=[built.tool],
        )

    @speech.session_new
    async def speak(session: Session) -> Verb:
        return openai_s2s(auth={"apiKey": "k"}, instructions="You know.", tools=built.tools)

    return [front, speech]


async def result(jambonz: Twin, model: FakeModel, path: str = "/front") -> Any:
    """What the model got, in a call that goes on."""
    async with await jambonz.call(path) as call:
        await call.heard()
        assert await call.say("Where is my order?") == "It is on its way."
    return json.loads(model.requests[2].messages[-1].content)


@pytest.mark.parametrize("path", ["/front", "/speech"])
async def test_the_request_is_made_as_it_is_described(
    jambonz: Twin, crm: Peer, cordboard_model: FakeModel, path: str
) -> None:
    crm.on("/orders/7/8", '{"status": "sent"}')

    assert await result(jambonz, cordboard_model, path) == {"status": "sent"}
    [asked] = crm.asked
    assert asked.target == "/orders/7%2F8?day=monday&phone=%2B15085551212"
    assert (asked.method, asked.body) == ("GET", "")
    assert asked.headers["Authorization"] == "Bearer s3cret"


@pytest.mark.parametrize(
    ("answer", "options", "got"),
    [
        ("[1, 2]", {}, {"result": [1, 2]}),
        ("sent on Monday", {}, {"result": "sent on Monday"}),
        ("", {"status": 204}, {"result": "Done."}),
        ("no such order", {"status": 404}, {"error": "It did not work: HTTP 404, no such order."}),
        ("", {"status": 500}, {"error": "It did not work: HTTP 500."}),
        (
            b"\x89PNG\0\0",
            {"content_type": "image/png"},
            {"error": "The answer is no text, so there is nothing to tell of it."},
        ),
    ],
)
async def test_whatever_comes_back_becomes_something_for_the_model(
    jambonz: Twin,
    crm: Peer,
    cordboard_model: FakeModel,
    answer: str | bytes,
    options: dict[str, Any],
    got: dict[str, Any],
) -> None:
    crm.on("/orders/7/8", answer, **options)

    assert await result(jambonz, cordboard_model) == got


class TestWrongArguments:
    @pytest.fixture
    def arguments(self) -> dict[str, Any]:
        return {"day": "someday", "colour": "red"}

    async def test_they_are_told_to_the_model_and_nothing_is_asked(
        self, jambonz: Twin, crm: Peer, cordboard_model: FakeModel
    ) -> None:
        error = (await result(jambonz, cordboard_model))["error"]

        assert 'unknown argument "colour"' in error
        assert crm.asked == []


class TestValuesThatDoNotFitTheSchema:
    @pytest.fixture
    def arguments(self) -> dict[str, Any]:
        return {"order": "", "day": "someday"}

    async def test_they_are_told_to_the_model(
        self, jambonz: Twin, crm: Peer, cordboard_model: FakeModel
    ) -> None:
        error = (await result(jambonz, cordboard_model))["error"]

        assert "day: should be one of monday or tuesday" in error
        assert "order: should have 1 characters or more" in error
        assert crm.asked == []


class TestPosts:
    @pytest.fixture
    def changes(self) -> dict[str, Any]:
        return {"method": "POST", "url": "CRM/orders?from={call.from}", "timeout": 0.2}

    @pytest.fixture
    def arguments(self) -> dict[str, Any]:
        return {"order": "7", "note": "grüße"}

    async def test_the_arguments_are_the_body(
        self, jambonz: Twin, crm: Peer, cordboard_model: FakeModel
    ) -> None:
        crm.on("/orders", "{}")
        await result(jambonz, cordboard_model)

        [asked] = crm.asked
        assert (asked.method, asked.target) == ("POST", "/orders?from=%2B15085551212")
        assert json.loads(asked.body) == {"order": "7", "note": "grüße"}
        assert asked.headers["Content-Type"] == "application/json"

    async def test_after_no_answer_in_time_nobody_knows_whether_it_was_done(
        self, jambonz: Twin, crm: Peer, cordboard_model: FakeModel
    ) -> None:
        crm.stall("/orders")

        assert "Do not do it again" in (await result(jambonz, cordboard_model))["error"]


class TestOfLongAnswers:
    @pytest.fixture
    def changes(self) -> dict[str, Any]:
        return {"result_path": "data.items[*].id", "result_limit": 200}

    async def test_the_model_gets_the_part_that_it_should(
        self, jambonz: Twin, crm: Peer, cordboard_model: FakeModel
    ) -> None:
        items = [{"id": 1, "noise": "x" * 5000}, {"id": 2, "noise": "y" * 5000}]
        crm.on("/orders/7/8", json.dumps({"data": {"items": items}}))

        assert await result(jambonz, cordboard_model) == {"result": [1, 2]}

    async def test_what_is_still_too_long_is_cut_and_said_to_be(
        self, jambonz: Twin, crm: Peer, cordboard_model: FakeModel
    ) -> None:
        items = [{"id": "z" * 500}]
        crm.on("/orders/7/8", json.dumps({"data": {"items": items}}))
        got = await result(jambonz, cordboard_model)

        assert got["note"].startswith("cut from 504 to ")
        assert len(json.dumps(got)) < 250

    async def test_an_answer_without_that_part_is_told(
        self, jambonz: Twin, crm: Peer, cordboard_model: FakeModel
    ) -> None:
        crm.on("/orders/7/8", '{"data": null}')
        got = await result(jambonz, cordboard_model)

        assert got == {"error": "The answer holds nothing of what was asked for."}


class TestWhereItMayNotBeAsked:
    @pytest.fixture
    def outward(self) -> Outward:
        return Outward()

    async def test_the_model_hears_that_it_cannot_be_reached(
        self, jambonz: Twin, crm: Peer, cordboard_model: FakeModel
    ) -> None:
        error = (await result(jambonz, cordboard_model))["error"]

        assert error == "This cannot be reached right now. Say so, and offer something else."
        assert crm.asked == []


class TestArgumentsThatAreHostile:
    @pytest.fixture
    def arguments(self) -> dict[str, Any]:
        return {"order": "../../admin?x=1#y", "day": "monday"}

    async def test_they_stay_within_their_segment(
        self, jambonz: Twin, crm: Peer, cordboard_model: FakeModel
    ) -> None:
        await result(jambonz, cordboard_model)

        [asked] = crm.asked
        assert asked.target.startswith("/orders/..%2F..%2Fadmin%3Fx=1%23y?day=")


class TestAPathThatWouldMove:
    @pytest.fixture
    def arguments(self) -> dict[str, Any]:
        return {"order": ".."}

    async def test_it_is_refused(
        self, jambonz: Twin, crm: Peer, cordboard_model: FakeModel
    ) -> None:
        error = (await result(jambonz, cordboard_model))["error"]

        assert "may not be '.' or '..'" in error
        assert crm.asked == []
