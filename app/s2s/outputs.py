"""Tool outputs as the vendors take them, through jambonz' llm:tool-output.

jambonz checks the envelope and drops a wrong one with no word to the application. Result texts are
for the model: a text stands alone, anything else as JSON.
"""

import orjson

from app.agent import ToolOutput
from app.protocol import Wire, function_response


def json_text(result: Wire) -> str:
    """The result as JSON text."""
    return orjson.dumps(result, default=str).decode()


def plain_text(result: Wire) -> str:
    """The result as text: bare where it holds a text only, JSON otherwise."""
    alone = next(iter(result.values())) if len(result) == 1 else None
    is_alone = isinstance(alone, str) and next(iter(result)) in ("result", "error")
    return str(alone) if is_alone else json_text(result)


def conversation_item(one: ToolOutput) -> Wire:
    """OpenAI Realtime and its kin; ``output`` is JSON text. jambonz then asks for a response."""
    return {"type": "conversation.item.create", "item": function_call_output(one)}


def delegation_output(one: ToolOutput) -> Wire:
    """GPT Live; the delegation goes on by itself."""
    return {"type": "delegation.function_call_output.create", "item": function_call_output(one)}


def function_call_output(one: ToolOutput) -> Wire:
    """The item that both of OpenAI's interfaces take."""
    return {
        "type": "function_call_output",
        "call_id": one.call_id,
        "output": json_text(one.result),
    }


def client_tool_result(one: ToolOutput) -> Wire:
    """Ultravox."""
    return {
        "type": "client_tool_result",
        "invocation_id": one.call_id,
        "result": plain_text(one.result),
    }


def elevenlabs_result(one: ToolOutput) -> Wire:
    """ElevenLabs, one level deeper than the others: jambonz reads ``data.data``."""
    result = {
        "type": "client_tool_result",
        "tool_call_id": one.call_id,
        "result": plain_text(one.result),
        "is_error": one.is_error,
    }
    return {"data": result}


def function_call_response(one: ToolOutput) -> Wire:
    """Deepgram, one level deeper as well."""
    response = {
        "type": "FunctionCallResponse",
        "id": one.call_id,
        "name": one.name,
        "content": plain_text(one.result),
    }
    return {"data": response}


def tool_response(one: ToolOutput) -> Wire:
    """Gemini Live, for a single call; those of a batch go out together."""
    response = function_response(one.call_id, one.name, one.result, is_error=one.is_error)
    return {"toolResponse": {"functionResponses": [response]}}


def as_it_is(one: ToolOutput) -> Wire:
    """The result itself: for a vendor whose shape is not published."""
    return one.result
