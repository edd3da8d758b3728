from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any

import pytest
from aiohttp import ClientResponse
from structlog.testing import capture_logs

from app.protocol import FrameTooLarge, LocalError
from app.session import CallEnded
from tests.rest_server import ACCOUNT, AUTH, CALL, FakeSession, Rest, serving


@pytest.fixture
async def rest() -> AsyncIterator[Rest]:
    async with serving() as server:
        yield server


async def problem(response: ClientResponse, status: int) -> dict[str, Any]:
    assert response.status == status, await response.text()
    assert response.content_type == "application/problem+json"
    document: dict[str, Any] = await response.json(content_type=None)
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    return document


def fields(document: dict[str, Any]) -> dict[str, str]:
    return {error["field"]: error["message"] for error in document["errors"]}


async def post(rest: Rest, path: str, body: object, **options: Any) -> ClientResponse:
    return await rest.client.post(path, json=body, headers=AUTH, **options)


AGENT = f"/v1/calls/{CALL}/agent"
COMMANDS = f"/v1/calls/{CALL}/commands"
PLATFORM = f"/v1/Accounts/{ACCOUNT}/Calls/{CALL}"

SAY = {"verb": "say", "text": "A gold member."}

UPDATES = [
    {"type": "update_instructions", "instructions": "You handle billing now."},
    {"type": "inject_context", "messages": [{"role": "system", "content": "A gold member."}]},
    {"type": "update_tools", "tools": [{"name": "end", "parameters": {"type": "object"}}]},
    {"type": "generate_reply", "user_input": "Tell of the sale.", "interrupt": True},
]


@pytest.mark.parametrize("update", UPDATES, ids=lambda update: update["type"])
async def test_each_update_is_sent_as_it_was_given_and_confirmed(
    rest: Rest, update: dict[str, Any]
) -> None:
    response = await post(rest, AGENT, update)

    assert response.status == 202
    receipt = await response.json()
    frame = {"type": "command", "command": "agent:update", "data": update}
    assert rest.calls.sent == [frame]
    assert receipt["sent"] == [frame]
    assert receipt["type"] == update["type"]
    assert receipt["update_id"]
    assert receipt["sent_at"].endswith("Z")
    assert receipt["queued"] is False
    assert receipt["warnings"] == []


@pytest.mark.parametrize("method", ["PUT", "POST"])
@pytest.mark.parametrize("update", UPDATES, ids=lambda update: update["type"])
async def test_an_update_comes_in_the_form_of_jambonz_rest_clients_too(
    rest: Rest, method: str, update: dict[str, Any]
) -> None:
    body = {"agent_update": update}
    response = await rest.client.request(method, PLATFORM, json=body, headers=AUTH)

    assert response.status == 202
    assert rest.calls.sent[0]["data"] == update


async def test_an_update_during_a_lost_socket_is_queued(rest: Rest) -> None:
    rest.calls.is_queueing = True
    response = await post(rest, AGENT, UPDATES[0])

    assert response.status == 202
    assert (await response.json())["queued"] is True


async def test_tools_in_the_form_of_openai_become_flat(rest: Rest) -> None:
    tool = {"name": "end", "description": "Ends the call."}
    update = {"type": "update_tools", "tools": [{"type": "function", "function": tool}]}
    response = await post(rest, AGENT, update)

    assert response.status == 202
    assert rest.calls.sent[0]["data"]["tools"] == [tool]


@pytest.mark.parametrize(
    ("body", "field", "says"),
    [
        ({}, "type", "update_instructions, inject_context, update_tools, generate_reply"),
        ({"type": "update_instruction"}, "type", "update_instructions"),
        ({"type": ["update_tools"]}, "type", "update_tools"),
        ([], "type", "expected an object"),
        ("hello", "type", "expected an object"),
        ({"type": "update_instructions"}, "instructions", "missing"),
        ({"type": "update_instructions", "instructions": " "}, "instructions", 'got " "'),
        ({"type": "update_instructions", "instructions": 7}, "instructions", "string; got 7"),
        ({"type": "generate_reply", "interupt": True}, "interupt", "not known"),
        ({"type": "generate_reply", "interrupt": "yes"}, "interrupt", 'boolean; got "yes"'),
        ({"type": "inject_context", "messages": []}, "messages", "at least 1"),
        (
            {"type": "inject_context", "messages": [{"role": "robot", "content": "x"}]},
            "messages[0].role",
            "'assistant'",
        ),
        ({"type": "update_tools", "tools": [{"name": ""}]}, "tools[0].name", "at least 1"),
        ({"type": "update_tools", "tools": ["end"]}, "tools[0]", 'got "end"'),
        ({"type": "update_tools", "tools": [{"function": {}}]}, "tools[0].function.name", "miss"),
        ({"type": "update_tools", "tools": [{"name": "a"}] * 2}, "tools[1].name", "twice"),
    ],
)
async def test_a_wrong_update_is_refused_with_the_field_that_is_wrong(
    rest: Rest, body: object, field: str, says: str
) -> None:
    document = await problem(await post(rest, AGENT, body), 422)

    assert document["type"] == "urn:cordboard:problem:invalid-request"
    assert says in fields(document)[field]
    assert rest.calls.sent == []


async def test_all_wrong_fields_are_named_at_once(rest: Rest) -> None:
    body = {"type": "generate_reply", "interrupt": 1, "user_input": 2, "extra": 3}
    document = await problem(await post(rest, AGENT, body), 422)

    assert set(fields(document)) == {"interrupt", "user_input", "extra"}


async def test_a_wrong_update_in_the_form_of_jambonz_is_named_with_its_whole_path(
    rest: Rest,
) -> None:
    body = {"agent_update": {"type": "inject_context", "messages": [{"role": "user"}]}}
    document = await problem(await post(rest, PLATFORM, body), 422)
    assert fields(document) == {"agent_update.messages[0].content": "is missing"}

    body = {"agent_update": {"type": "update_tools", "tools": [{"name": "a"}, {"name": "a"}]}}
    document = await problem(await post(rest, PLATFORM, body), 422)
    assert list(fields(document)) == ["agent_update.tools[1].name"]


async def test_a_body_that_is_no_json_is_malformed(rest: Rest) -> None:
    for body in (b"{", b"", b"   ", b'{"a": NaN}', b'{"a": "\\ud800"}', b"\xff", b"[" * 5000):
        headers = {**AUTH, "Content-Type": "application/json"}
        response = await rest.client.post(AGENT, data=body, headers=headers)
        document = await problem(response, 400)
        assert document["type"] == "urn:cordboard:problem:malformed-json"


@pytest.mark.parametrize("kind", ["text/plain", "application/json; charset=utf-16", "", "x"])
async def test_a_body_of_another_type_is_refused(rest: Rest, kind: str) -> None:
    headers = {**AUTH, "Content-Type": kind}
    response = await rest.client.post(AGENT, data=b"{}", headers=headers)

    document = await problem(response, 415)
    assert "application/json" in document["detail"]
    assert response.headers["Accept"] == "application/json"


async def test_a_body_over_the_limit_is_refused(rest: Rest) -> None:
    body = BytesIO(b'{"type": "update_instructions", "instructions": "%b"}' % (b"x" * 2**21))
    headers = {**AUTH, "Content-Type": "application/json"}

    await problem(await rest.client.post(AGENT, data=body, headers=headers), 413)


async def test_a_frame_too_large_for_jambonz_names_the_part_and_the_fix(rest: Rest) -> None:
    rest.calls.failure = FrameTooLarge(30_000, 24_576, {"data.instructions": 29_800})
    document = await problem(await post(rest, AGENT, UPDATES[0]), 413)

    assert document["type"] == "urn:cordboard:problem:frame-too-large"
    assert fields(document) == {"data.instructions": "takes 29,800 bytes"}
    assert "inject_context" in document["detail"]


async def test_an_unknown_call_is_not_found(rest: Rest) -> None:
    requests = [
        ("GET", "/v1/calls/nobody", None),
        ("GET", "/v1/calls/nobody/events", None),
        ("DELETE", "/v1/calls/nobody", None),
        ("POST", "/v1/calls/nobody/agent", UPDATES[0]),
        ("POST", "/v1/calls/nobody/commands", {"command": "tag", "data": {"a": 1}}),
        ("PUT", f"/v1/Accounts/{ACCOUNT}/Calls/nobody", {"call_status": "completed"}),
    ]
    for method, path, body in requests:
        response = await rest.client.request(method, path, json=body, headers=AUTH)
        document = await problem(response, 404)
        assert document["type"] == "urn:cordboard:problem:no-such-call"
        assert "nobody" in document["detail"]


async def test_a_call_of_another_account_is_not_found(rest: Rest) -> None:
    path = f"/v1/Accounts/another/Calls/{CALL}"

    await problem(await post(rest, path, {"agent_update": UPDATES[0]}), 404)
    assert rest.calls.sent == []


async def test_a_call_without_an_agent_cannot_be_steered(rest: Rest) -> None:
    rest.calls.sessions[CALL].has_agent = False
    document = await problem(await post(rest, AGENT, UPDATES[0]), 409)

    assert document["type"] == "urn:cordboard:problem:no-agent"


async def test_a_call_that_is_over_takes_nothing(rest: Rest) -> None:
    rest.calls.failure = CallEnded(CALL)
    for path, body in ((AGENT, UPDATES[0]), (COMMANDS, {"command": "tag", "data": {}})):
        document = await problem(await post(rest, path, body), 409)
        assert document["type"] == "urn:cordboard:problem:call-ended"


async def test_a_command_is_sent_as_it_was_given(rest: Rest) -> None:
    data = {"whisper": [{"verb": "say", "text": "A gold member."}]}
    body = {"command": "whisper", "data": data, "callSid": "other-leg"}
    response = await post(rest, COMMANDS, body)

    assert response.status == 202
    assert rest.calls.sent == [{"type": "command", **body}]
    assert (await response.json())["type"] == "whisper"


async def test_a_command_may_go_without_data_where_jambonz_allows_it(rest: Rest) -> None:
    response = await post(rest, COMMANDS, {"command": "tts:clear"})

    assert response.status == 202
    assert rest.calls.sent == [{"type": "command", "command": "tts:clear"}]


async def test_a_command_that_needs_data_is_refused_without(rest: Rest) -> None:
    for command in ("dtmf", "newer:command"):
        document = await problem(await post(rest, COMMANDS, {"command": command}), 422)
        assert "expected an object" in fields(document)["data"]


async def test_a_command_that_jambonz_would_ignore_gets_a_warning(rest: Rest) -> None:
    response = await post(rest, COMMANDS, {"command": "mute-status", "data": "mute"})

    assert response.status == 202
    [warning] = (await response.json())["warnings"]
    assert "did you mean 'mute:status'?" in warning


async def test_an_update_sent_as_a_command_is_checked_like_an_update(rest: Rest) -> None:
    response = await post(rest, COMMANDS, {"command": "agent:update", "data": UPDATES[0]})
    assert response.status == 202
    assert (await response.json())["type"] == "update_instructions"

    body = {"command": "agent:update", "data": {"type": "update_instructions"}}
    document = await problem(await post(rest, COMMANDS, body), 422)
    assert "data.instructions" in fields(document)


async def test_an_update_sent_as_a_command_goes_to_the_agent_of_this_call(rest: Rest) -> None:
    body = {"command": "agent:update", "data": UPDATES[0]}
    document = await problem(await post(rest, COMMANDS, {**body, "callSid": "leg-2"}), 422)
    assert list(fields(document)) == ["callSid"]
    assert (await post(rest, COMMANDS, {**body, "callSid": CALL})).status == 202

    document = await problem(await post(rest, COMMANDS, {**body, "data": [1]}), 422)
    assert fields(document) == {"data": "expected an object, got list"}


async def test_a_tool_output_cannot_be_forged(rest: Rest) -> None:
    body = {"command": "llm:tool-output", "data": {"result": 1}}
    document = await problem(await post(rest, COMMANDS, body), 422)

    assert "its tool" in fields(document)["command"]
    assert rest.calls.sent == []


async def test_a_misspelt_key_of_a_command_is_refused(rest: Rest) -> None:
    body = {"command": "tag", "data": {}, "call_sid": "other-leg"}
    document = await problem(await post(rest, COMMANDS, body), 422)

    assert "not known" in fields(document)["call_sid"]


async def test_hanging_up_ends_the_call(rest: Rest) -> None:
    response = await rest.client.delete(f"/v1/calls/{CALL}", headers=AUTH)

    assert response.status == 202
    data = {"call_status": "completed"}
    assert rest.calls.sent == [{"type": "command", "command": "call:status", "data": data}]


async def test_a_live_call_is_shown(rest: Rest) -> None:
    latency = {"transcriber_latency": 120, "model_latency": 340, "voice_latency": 90}
    rest.calls.sessions[CALL].last_turn = {
        "type": "turn_end",
        "transcript": "Hello",
        "response": "Hi",
        "interrupted": True,
        "latency": latency,
    }
    response = await rest.client.get(f"/v1/calls/{CALL}", headers=AUTH)

    assert response.status == 200
    call = await response.json()
    assert call["call_sid"] == CALL
    assert call["from"] == "+15085551212"
    assert call["application"] == "/weather"
    assert call["state"] == "open"
    assert call["agent"] == {
        "llm": "openai:gpt-4.1-mini",
        "instructions_length": 40,
        "tools": ["get_weather"],
    }
    assert 10 <= call["duration_seconds"] < 60
    assert (call["turns"], call["tool_calls"], call["interruptions"]) == (3, 2, 1)
    assert call["last_turn"]["interrupted"] is True
    assert call["last_turn"]["latency"]["llm_ms"] == 340
    assert response.headers["Cache-Control"] == "no-store"


async def test_calls_are_listed_newest_first(rest: Rest) -> None:
    rest.calls.add(FakeSession("older", age=100))
    rest.calls.add(FakeSession("newer", age=1, has_agent=False))
    response = await rest.client.get("/v1/calls", headers=AUTH)

    calls = await response.json()
    assert [call["call_sid"] for call in calls] == ["newer", CALL, "older"]
    assert calls[0]["agent"] is None


async def test_calls_are_filtered(rest: Rest) -> None:
    rest.calls.add(FakeSession("menu", application="/menu", direction="outbound"))

    for query, expected in (
        ({"application": "/menu"}, ["menu"]),
        ({"direction": "inbound"}, [CALL]),
        ({"application": "/menu", "direction": "inbound"}, []),
    ):
        response = await rest.client.get("/v1/calls", params=query, headers=AUTH)
        assert [call["call_sid"] for call in await response.json()] == expected


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("direction=sideways", "direction"),
        ("aplication=/menu", "aplication"),
        ("direction=inbound&direction=outbound", "direction"),
    ],
)
async def test_a_wrong_filter_is_refused(rest: Rest, query: str, field: str) -> None:
    response = await rest.client.get(f"/v1/calls?{query}", headers=AUTH)

    assert list(fields(await problem(response, 422))) == [field]


async def test_a_path_parameter_is_checked_too(rest: Rest) -> None:
    response = await rest.client.get(f"/v1/calls/{'x' * 200}", headers=AUTH)

    assert list(fields(await problem(response, 422))) == ["call_sid"]


async def test_an_unknown_path_is_a_problem_document(rest: Rest) -> None:
    document = await problem(await rest.client.get("/v1/nothing", headers=AUTH), 404)

    assert document["type"] == "about:blank"
    assert "/v1/nothing" in document["detail"]


async def test_another_method_is_refused_with_those_that_are_possible(rest: Rest) -> None:
    response = await rest.client.patch(f"/v1/calls/{CALL}", headers=AUTH)

    await problem(response, 405)
    assert response.headers["Allow"] == "DELETE,GET,HEAD,OPTIONS"


async def test_options_tells_what_is_possible_and_opens_nothing_to_other_sites(rest: Rest) -> None:
    headers = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"}
    response = await rest.client.options(AGENT, headers=headers)

    assert response.status == 204
    assert response.headers["Allow"] == "OPTIONS, POST"
    assert not [name for name in response.headers if name.startswith("Access-Control")]


async def test_head_answers_like_get_without_a_body(rest: Rest) -> None:
    for path in ("/v1/calls", f"/v1/calls/{CALL}", f"/v1/calls/{CALL}/events"):
        response = await rest.client.head(path, headers=AUTH)
        assert response.status == 200
        assert await response.read() == b""


async def test_a_mistake_of_ours_shows_only_an_id_that_the_log_knows(rest: Rest) -> None:
    rest.calls.failure = RuntimeError("the secret inside")
    with capture_logs() as logs:
        response = await post(rest, AGENT, UPDATES[0])
    document = await problem(response, 500)

    assert "secret" not in await response.text()
    assert response.headers["X-Request-Id"] == document["id"]
    [line] = [line for line in logs if line["event"] == "rest_failed"]
    assert line["request_id"] == document["id"]
    assert isinstance(line["exc_info"], RuntimeError)


async def test_another_refusal_of_the_call_is_a_problem_too(rest: Rest) -> None:
    rest.calls.failure = LocalError("cannot be written as JSON: surrogate")
    document = await problem(await post(rest, AGENT, UPDATES[0]), 422)

    assert document["detail"] == "Cannot be written as JSON: surrogate."


async def test_a_request_bears_its_id_in_the_answer_and_in_the_log(rest: Rest) -> None:
    headers = {**AUTH, "X-Request-Id": "trace-17"}
    with capture_logs() as logs:
        response = await rest.client.get("/v1/calls", headers=headers)

    assert response.headers["X-Request-Id"] == "trace-17"
    [line] = [line for line in logs if line["event"] == "rest_request"]
    assert (line["operation"], line["status"]) == ("list_calls", 200)


async def test_an_id_that_could_forge_a_log_line_is_replaced(rest: Rest) -> None:
    headers = {**AUTH, "X-Request-Id": "a b" + "c" * 100}
    response = await rest.client.get("/v1/calls", headers=headers)

    assert len(response.headers["X-Request-Id"]) == 32
