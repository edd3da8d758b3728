"""What the twin reads and writes, apart from any socket."""

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from app.twin.address import Address, DialFailed, delays
from app.twin.far_end import FarEnd
from app.twin.ids import Ids
from app.twin.twin import join
from app.twin.vocabulary import BadInstruction, check
from app.twin.wire import BadFrame, read, snake

MESSAGES = Path(__file__).parent / "protocol" / "messages.jsonl"


def from_applications() -> list[dict[str, Any]]:
    lines = map(json.loads, MESSAGES.read_text().splitlines())
    return [line["message"] for line in lines if line["direction"] == "app->fs"]


def test_a_msgid_is_a_fresh_short_id_of_22_characters() -> None:
    made = Ids()
    ids = {made.msgid() for _ in range(100)}

    assert len(ids) == 100
    assert {len(one) for one in ids} == {22}


def test_keys_become_snake_case_at_every_depth() -> None:
    data = {"sipStatus": 200, "speech": {"languageCode": "en", "alternatives": [{"isFinal": True}]}}

    assert snake(data) == {
        "sip_status": 200,
        "speech": {"language_code": "en", "alternatives": [{"is_final": True}]},
    }


@pytest.mark.parametrize("key", ["customerData", "sip", "env_vars", "args"])
def test_below_four_keys_nothing_is_renamed(key: str) -> None:
    data = {key: {"orderId": 1, "list": [{"innerKey": 2}]}}

    assert snake(data) == data


def test_the_arguments_of_an_agents_tool_call_are_renamed_as_everything_else() -> None:
    assert snake({"arguments": {"cityName": "Boston"}}) == {"arguments": {"city_name": "Boston"}}


@pytest.mark.parametrize("message", from_applications(), ids=lambda m: str(m.get("command", "ack")))
def test_every_example_of_the_protocol_is_understood(message: dict[str, Any]) -> None:
    assert read(json.dumps(message)) == message
    if message["type"] == "ack":
        check(message.get("data"))


@pytest.mark.parametrize(
    ("raw", "details"),
    [
        ("{", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        ("[]", "a frame must hold a JSON object"),
        ('{"foo":1}', "type is required"),
        ('{"type":"agent:update","data":{}}', "unknown type 'agent:update'"),
        ('{"type":"ack"}', "msgid is required"),
        ('{"type":"command","data":{}}', "command is required"),
        ('{"type":"command","command":"redirect"}', "data is required"),
        ('{"type":"command","command":"redirect","data":""}', "data is required"),
        ('{"type":"command","command":"tag","data":null}', "data is required"),
    ],
)
def test_a_bad_frame_is_refused_with_its_reason(raw: str, details: str) -> None:
    with pytest.raises(BadFrame, match=details):
        read(raw)


@pytest.mark.parametrize("command", ["llm:tool-output", "tts:flush", "tts:clear"])
def test_three_commands_need_no_data(command: str) -> None:
    assert read(json.dumps({"type": "command", "command": command}))["command"] == command


@pytest.mark.parametrize(("data", "is_taken"), [("[]", True), ("{}", True), ("0", False)])
def test_data_must_be_true_to_javascript(data: str, is_taken: bool) -> None:
    raw = f'{{"type":"command","command":"config","data":{data}}}'

    if is_taken:
        assert read(raw)["data"] in ([], {})
    else:
        with pytest.raises(BadFrame, match="data is required"):
            read(raw)


def test_both_notations_of_a_verb_are_read() -> None:
    assert check([{"verb": "say", "text": "a"}, {"say": {"text": "b"}}]) == [
        {"verb": "say", "text": "a"},
        {"verb": "say", "text": "b"},
    ]


@pytest.mark.parametrize("data", [None, [], {}, "say", 7])
def test_what_is_no_list_of_verbs_is_taken_for_no_verbs(data: Any) -> None:
    assert check(data) == []


@pytest.mark.parametrize(
    ("verb", "details"),
    [
        ({"verb": "shout", "text": "x"}, "unknown verb 'shout'"),
        ({"verb": "say", "txt": "x"}, "say has no txt"),
        ({"verb": "play"}, "play needs url"),
        ({"text": "x", "loop": 2}, "must be an object with a verb property"),
        ("hangup", "must be an object with a verb property"),
        ({"verb": "pause", "length": "long"}, "pause: length must be a number"),
        ({"verb": "gather", "say": "text"}, "gather: say must be an object"),
        ({"verb": "agent", "llm": "openai"}, "agent: llm must be an object"),
        (
            {"verb": "agent", "llm": {"llmOptions": {"tools": ["x"]}}},
            "must be an object",
        ),
        ({"verb": "agent", "llm": {"modell": "x"}}, "agent llm has no modell"),
        ({"verb": "agent", "llm": {"llmOptions": {"prompt": "x"}}}, "llmOptions has no prompt"),
    ],
)
def test_an_invalid_verb_is_named(verb: Any, details: str) -> None:
    with pytest.raises(BadInstruction, match=details):
        check([verb])


def test_the_agent_verb_may_carry_properties_that_the_schema_does_not_know() -> None:
    assert check([{"verb": "agent", "vad": {}}]) == [{"verb": "agent", "vad": {}}]


@pytest.mark.parametrize("name", ["agent", "transfer", "room"])
def test_open_source_jambonz_knows_no_commercial_verb(name: str) -> None:
    with pytest.raises(BadInstruction, match="invalid instruction"):
        check([{"verb": name, "mode": "blind", "target": [], "name": "x"}], understands_agent=False)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("ws://h/a", Address("ws://h/a")),
        ("https://h/a?x=1", Address("wss://h/a?x=1")),
        ("ws://h/a#rc=2&rp=ct,5xx", Address("ws://h/a", 2, frozenset({"ct", "5xx"}))),
        ("ws://h/a#rc=9", Address("ws://h/a", 5)),
        ("ws://h/a#rc=0&rp=", Address("ws://h/a", 5)),
        ("ws://h/a#rc=many", Address("ws://h/a", 5)),
    ],
)
def test_the_fragment_of_a_url_holds_the_retry_settings(url: str, expected: Address) -> None:
    assert Address.parse(url) == expected


def test_only_failures_of_the_policy_are_worth_a_retry() -> None:
    refused, shut = DialFailed("404", "4xx"), DialFailed("refused", "ct")

    assert [Address.parse("ws://h").covers(f) for f in (refused, shut)] == [False, True]
    assert [Address.parse("ws://h#rp=all").covers(f) for f in (refused, shut)] == [True, True]
    assert not Address.parse("ws://h#rp=all").covers(DialFailed("handshake timed out"))


def test_the_back_off_doubles_and_then_grows_by_two_seconds() -> None:
    assert list(itertools.islice(delays(0.5), 7)) == [0.5, 1, 2, 4, 6, 8, 10]


@pytest.mark.parametrize(
    ("url", "path", "expected"),
    [
        ("ws://h:1", "/weather", "ws://h:1/weather"),
        ("ws://h:1/", "weather", "ws://h:1/weather"),
        ("ws://h:1/weather?x=1#rc=2", "", "ws://h:1/weather?x=1#rc=2"),
        ("ws://h:1?x=1#rc=2", "/weather", "ws://h:1/weather?x=1#rc=2"),
        ("ws://h:1", "/weather?x=1#rc=2", "ws://h:1/weather?x=1#rc=2"),
    ],
)
def test_a_path_is_joined_to_the_url(url: str, path: str, expected: str) -> None:
    assert join(url, path) == expected


def test_the_last_outcome_of_the_far_end_repeats() -> None:
    far_end = FarEnd(["busy", "answer"])

    assert [far_end.next().does for _ in range(3)] == ["busy", "answer", "answer"]
