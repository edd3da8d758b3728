"""Reading what jambonz sends: every type, both dialects, and garbage."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from app.protocol import Kind, MalformedMessage, decode
from app.protocol.messages import TYPES

EXAMPLES = [
    orjson.loads(line)
    for line in Path(__file__).with_name("messages.jsonl").read_bytes().splitlines()
]
FROM_JAMBONZ = [one["message"] for one in EXAMPLES if one["direction"] == "fs->app"]


def read(**frame: Any) -> Any:
    return decode(orjson.dumps({"msgid": "m", **frame}), 1.5)


@pytest.mark.parametrize("frame", FROM_JAMBONZ, ids=lambda frame: frame["type"])
def test_every_example_is_read(frame: dict[str, Any]) -> None:
    message = decode(orjson.dumps(frame), 0.0)

    assert message.kind is not Kind.UNKNOWN
    assert message.data == frame["data"], "nothing is renamed or dropped"
    assert message.call_sid == frame.get("call_sid", frame["data"].get("call_sid", ""))


def test_every_type_of_the_protocol_has_an_example() -> None:
    assert {frame["type"] for frame in FROM_JAMBONZ} | {"agent:event"} >= TYPES.keys() - {
        "llm:tool-call"
    }


@pytest.mark.parametrize("name", ["agent:tool-call", "llm:tool-call", "verb:hook"])
@pytest.mark.parametrize("key", ["arguments", "args"])
def test_a_tool_call_is_one_under_every_name(name: str, key: str) -> None:
    message = read(type=name, hook="/t", data={"tool_call_id": "k", "name": "f", key: {"aB": 1}})

    assert message.kind is Kind.TOOL_CALL
    assert message.wants_ack is (name == "verb:hook")
    assert message.data[key] == {"aB": 1}


@pytest.mark.parametrize("name", ["agent:event", "llm:event", "verb:hook"])
def test_an_agent_event_is_one_under_every_name(name: str) -> None:
    assert read(type=name, hook="/e", data={"type": "turn_end"}).kind is Kind.AGENT_EVENT


def test_a_result_of_answering_machine_detection_is_no_agent_event() -> None:
    assert read(type="verb:hook", data={"type": "amd_human_detected"}).kind is Kind.VERB_HOOK


def test_the_leg_comes_from_the_payload_where_the_envelope_has_none() -> None:
    assert read(type="call:status", data={"call_sid": "leg"}).call_sid == "leg"


def test_an_unknown_type_is_kept() -> None:
    message = read(type="weather:report", data={"x": 1}, extra=2)

    assert (message.kind, message.type, message.data) == (Kind.UNKNOWN, "weather:report", {"x": 1})
    assert not message.wants_ack


def test_fields_of_the_wrong_type_count_as_absent() -> None:
    message = decode(b'{"type":"verb:hook","msgid":7,"call_sid":[],"hook":{},"b3":1}', 0.0)

    assert (message.msgid, message.call_sid, message.hook, message.b3) == ("", "", "", "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"{", "expected JSON"),
        (b"\xff\xfe", "expected JSON"),
        (b"[1]", "JSON object"),
        (b'{"msgid":"x"}', "'type'"),
        (b'{"type":1}', "'type'"),
        (b'{"type":"verb:hook","data":[1]}', "'data' to be an object, got list"),
        (b"[" * 5000, "expected JSON"),
    ],
)
def test_what_is_no_message_says_what_was_expected(text: bytes, expected: str) -> None:
    with pytest.raises(MalformedMessage, match=expected) as caught:
        decode(text, 0.0)

    assert len(caught.value.content) <= 200
