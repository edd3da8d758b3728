"""The answer to a tool call, in each vendor's shape to the letter."""

from typing import Any

import orjson
import pytest

from app.agent import ToolOutput
from app.protocol import Connection
from app.s2s import VENDORS, vendor_of
from tests.s2s.least import verb


def frame(vendor: str, result: dict[str, Any], *, is_error: bool = False) -> Any:
    """The command that answers a tool call."""
    connection = Connection()
    connection.receive(orjson.dumps({"type": "session:new", "msgid": "m"}), 0.0)
    call = {"tool_call_id": "call_Ab12", "name": "get_weather", "args": {"city": "Boston"}}
    connection.receive(orjson.dumps({"type": "llm:tool-call", "msgid": "n", "data": call}), 0.0)
    one = ToolOutput("call_Ab12", "get_weather", orjson.dumps(result), is_error)
    sent = connection.tool_output("call_Ab12", verb(vendor).about.dialect.output(one))
    return orjson.loads(sent)


# As jambonz' protocol has it: `data` beside `tool_call_id`, here for {"temp": 52}.
JSON_ITEM = {"type": "function_call_output", "call_id": "call_Ab12", "output": '{"temp":52}'}
ITEM = {"type": "conversation.item.create", "item": JSON_ITEM}
DEEPGRAM = {
    "data": {
        "type": "FunctionCallResponse",
        "id": "call_Ab12",
        "name": "get_weather",
        "content": '{"temp":52}',
    }
}
OUTPUTS: dict[str, Any] = {
    "openai": ITEM,
    "microsoft": ITEM,
    "xai": ITEM,
    "qwen": ITEM,
    "voicelive": ITEM,
    "gptlive": {"type": "delegation.function_call_output.create", "item": JSON_ITEM},
    "ultravox": {
        "type": "client_tool_result",
        "invocation_id": "call_Ab12",
        "result": '{"temp":52}',
    },
    "elevenlabs": {
        "data": {
            "type": "client_tool_result",
            "tool_call_id": "call_Ab12",
            "result": '{"temp":52}',
            "is_error": False,
        }
    },
    "deepgram": DEEPGRAM,
    "voiceagent": DEEPGRAM,
    "google": {
        "toolResponse": {
            "functionResponses": [
                {
                    "id": "call_Ab12",
                    "name": "get_weather",
                    "response": {"output": {"temp": 52}},
                }
            ]
        }
    },
    "nova": {"temp": 52},
}


@pytest.mark.parametrize("vendor", OUTPUTS)
def test_a_tool_output_has_the_shape_of_its_vendor(vendor: str) -> None:
    assert frame(vendor, {"temp": 52}) == {
        "type": "command",
        "command": "llm:tool-output",
        "tool_call_id": "call_Ab12",
        "data": OUTPUTS[vendor],
    }


@pytest.mark.parametrize(
    ("vendor", "place"),
    [
        ("ultravox", ("result",)),
        ("elevenlabs", ("data", "result")),
        ("deepgram", ("data", "content")),
    ],
)
def test_a_result_that_is_a_text_stands_as_it_is(vendor: str, place: tuple[str, ...]) -> None:
    data = frame(vendor, {"result": "52F"})["data"]
    for key in place:
        data = data[key]

    assert data == "52F"


def test_openais_output_is_json_text_also_for_a_text() -> None:
    assert frame("openai", {"result": "52F"})["data"]["item"]["output"] == '{"result":"52F"}'


def test_an_error_is_marked_where_the_vendor_has_a_mark_for_it() -> None:
    error = {"error": "No forecast."}
    elevenlabs = frame("elevenlabs", error, is_error=True)["data"]["data"]
    google = frame("google", error, is_error=True)["data"]["toolResponse"]["functionResponses"]

    assert (elevenlabs["result"], elevenlabs["is_error"]) == ("No forecast.", True)
    assert google[0]["response"] == {"error": "No forecast."}
    assert frame("openai", error, is_error=True)["data"]["item"]["output"] == (
        '{"error":"No forecast."}'
    )


def test_every_vendor_of_the_table_has_its_shape() -> None:
    assert set(OUTPUTS) == set(VENDORS)


def test_a_vendor_that_is_not_known_gets_results_as_they_are() -> None:
    one = ToolOutput("t", "n", b'{"a": 1}')

    assert vendor_of("someone-new").write_output(one) == {"a": 1}
