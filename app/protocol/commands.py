"""What we send: an ack, or a command. jambonz understands nothing else.

Also the four mid-call updates of a running agent, as values.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import orjson

from app.protocol.errors import BadUpdate, LocalError

# The only commands that may go without data; any other is answered by jambonz:error.
WITHOUT_DATA = frozenset({"llm:tool-output", "tts:flush", "tts:clear"})
ROLES = ("system", "user", "assistant", "tool")

Wire = dict[str, Any]


@dataclass(frozen=True, slots=True)
class UpdateInstructions:
    """Replace the system prompt, from the next request to the model."""

    type: ClassVar[str] = "update_instructions"
    instructions: str

    def to_wire(self) -> Wire:
        """The ``data`` of the command."""
        return {"type": self.type, "instructions": self.instructions}


@dataclass(frozen=True, slots=True)
class InjectContext:
    """Append messages to the conversation; no reply is triggered."""

    type: ClassVar[str] = "inject_context"
    messages: Sequence[Mapping[str, Any]]

    def to_wire(self) -> Wire:
        """The ``data`` of the command."""
        return {"type": self.type, "messages": [dict(message) for message in self.messages]}


@dataclass(frozen=True, slots=True)
class UpdateTools:
    """Replace the whole inline tool set, from the next turn."""

    type: ClassVar[str] = "update_tools"
    tools: Sequence[Mapping[str, Any]]

    def to_wire(self) -> Wire:
        """The ``data`` of the command."""
        return {"type": self.type, "tools": [dict(tool) for tool in self.tools]}


@dataclass(frozen=True, slots=True)
class GenerateReply:
    """Make the model speak: now if idle, else when the turn ends; at once with ``interrupt``."""

    type: ClassVar[str] = "generate_reply"
    user_input: str | None = None
    instructions: str | None = None
    interrupt: bool | None = None

    def to_wire(self) -> Wire:
        """The ``data`` of the command; what was not given is not written."""
        given = {
            "user_input": self.user_input,
            "instructions": self.instructions,
            "interrupt": self.interrupt,
        }
        return {
            "type": self.type,
            **{key: value for key, value in given.items() if value is not None},
        }


AgentUpdate = UpdateInstructions | InjectContext | UpdateTools | GenerateReply
UPDATE_FIELDS: dict[str, tuple[str, ...]] = {
    "update_instructions": ("instructions",),
    "inject_context": ("messages",),
    "update_tools": ("tools",),
    "generate_reply": ("user_input", "instructions", "interrupt"),
}


def parse_update(data: object) -> AgentUpdate:
    """Read an update in its wire form.

    Raises:
        BadUpdate: Naming the field, what was expected and what came.
    """
    if not isinstance(data, Mapping):
        raise BadUpdate("agent_update", f"expected an object, got {type(data).__name__}")
    kind = data.get("type")
    if not isinstance(kind, str) or kind not in UPDATE_FIELDS:
        raise BadUpdate("type", f"expected one of {', '.join(UPDATE_FIELDS)}; got {kind!r:.80}")
    unknown = [key for key in data if key != "type" and key not in UPDATE_FIELDS[kind]]
    if unknown:
        raise BadUpdate(
            str(unknown[0])[:80], f"{kind} takes {', '.join(UPDATE_FIELDS[kind])}; remove it"
        )
    if kind == "update_instructions":
        return UpdateInstructions(required_text(data, "instructions"))
    if kind == "inject_context":
        return InjectContext(check_messages(data.get("messages")))
    if kind == "update_tools":
        return UpdateTools(check_tools(data.get("tools")))
    return GenerateReply(
        optional_text(data, "user_input"), optional_text(data, "instructions"), flag(data)
    )


def check_update(update: AgentUpdate) -> AgentUpdate:
    """An update that was made in code, held to the same rules.

    Raises:
        BadUpdate: As :func:`parse_update`.
    """
    fields = {name: getattr(update, name) for name in UPDATE_FIELDS[update.type]}
    plain = {key: list(one) if isinstance(one, tuple) else one for key, one in fields.items()}
    return parse_update({"type": update.type, **plain})


def required_text(data: Mapping[str, Any], key: str) -> str:
    """A string with something in it."""
    value = data.get(key)
    if not isinstance(value, str) or not value.strip():
        raise BadUpdate(key, f"expected text, got {value!r:.80}")
    return value


def optional_text(data: Mapping[str, Any], key: str) -> str | None:
    """A string or nothing."""
    value = data.get(key)
    if value is not None and not isinstance(value, str):
        raise BadUpdate(key, f"expected text, got {value!r:.80}")
    return value


def flag(data: Mapping[str, Any]) -> bool | None:
    """The ``interrupt`` of a reply."""
    value = data.get("interrupt")
    if value is not None and not isinstance(value, bool):
        raise BadUpdate("interrupt", f"expected true or false, got {value!r:.80}")
    return value


def check_messages(value: object) -> list[Wire]:
    """Messages of the form ``{role, content}``."""
    if not isinstance(value, list) or not value:
        raise BadUpdate("messages", "expected a list of {role, content} with at least one entry")
    for index, message in enumerate(value):
        path = f"messages[{index}]"
        if not isinstance(message, dict):
            raise BadUpdate(path, f"expected {{role, content}}, got {message!r:.80}")
        if message.get("role") not in ROLES:
            raise BadUpdate(
                f"{path}.role",
                f"expected one of {', '.join(ROLES)}; got {message.get('role')!r:.80}",
            )
        if not isinstance(message.get("content"), str | list | dict):
            raise BadUpdate(f"{path}.content", f"expected text, got {message.get('content')!r:.80}")
    return value


def check_tools(value: object) -> list[Wire]:
    """Tools, flat or wrapped as OpenAI does; flat comes out."""
    if not isinstance(value, list):
        raise BadUpdate("tools", f"expected a list of tools, got {value!r:.80}")
    tools = [flat_tool(tool, f"tools[{index}]") for index, tool in enumerate(value)]
    names = [tool["name"] for tool in tools]
    for index, name in enumerate(names):
        if name in names[:index]:
            raise BadUpdate(f"tools[{index}].name", f"{name!r} is there twice")
    return tools


def flat_tool(tool: object, path: str) -> Wire:
    """One tool as ``{name, description?, parameters?}``."""
    if isinstance(tool, dict) and isinstance(tool.get("function"), dict):
        tool, path = tool["function"], f"{path}.function"
    if not isinstance(tool, dict):
        raise BadUpdate(path, f"expected {{name, description, parameters}}, got {tool!r:.80}")
    if not isinstance(tool.get("name"), str) or not tool["name"]:
        raise BadUpdate(f"{path}.name", f"expected the tool's name, got {tool.get('name')!r:.80}")
    for key, expected, said in (("description", str, "text"), ("parameters", dict, "an object")):
        if key in tool and not isinstance(tool[key], expected):
            raise BadUpdate(f"{path}.{key}", f"expected {said}, got {tool[key]!r:.80}")
    return tool


def encode_ack(msgid: str, verbs: Sequence[Wire] | None = None) -> bytes:
    """An ack as text; without verbs it carries no ``data``."""
    frame: Wire = {"type": "ack", "msgid": msgid}
    if verbs is not None:
        frame["data"] = verbs
    return dump(frame)


def encode_command(
    name: str,
    data: object = None,
    *,
    call_sid: str | None = None,
    queue: bool | None = None,
    tool_call_id: str | None = None,
) -> bytes:
    """A command as text.

    Args:
        name: Name of the command, as on the wire.
        data: Payload; must be there except for the commands in ``WITHOUT_DATA``.
        call_sid: Another leg to act on; written as ``callSid``, the only spelling that is read.
        queue: For redirect: append behind the present verbs.
        tool_call_id: For llm:tool-output.

    Raises:
        LocalError: The command needs data and has none, or the data cannot be JSON.
    """
    if not data and data != 0 and name not in WITHOUT_DATA and not isinstance(data, list | dict):
        raise LocalError(f"command {name!r} needs data; jambonz refuses it without")
    frame: Wire = {"type": "command", "command": name}
    if queue is not None:
        frame["queueCommand"] = queue
    if call_sid:
        frame["callSid"] = call_sid
    if tool_call_id is not None:
        frame["tool_call_id"] = tool_call_id
    if data is not None:
        frame["data"] = data
    return dump(frame)


def dump(frame: Wire) -> bytes:
    """JSON text of a frame."""
    try:
        return orjson.dumps(frame)
    except TypeError as error:
        raise LocalError(f"cannot be written as JSON: {error}") from None
