"""Several tool calls in one message, as Google's models send them, answered in one command.

The message is ``{"type": "toolCall", "tool_call_id", "function_calls": [{"id", "name", "args"}]}``.
Open-source jambonz puts the same ``tool_call_id`` into every such message, so a call is known by
the ``id`` of its function, and where a model sends none, by the message and its place in it.
"""

from typing import Any

Wire = dict[str, Any]

FUNCTION_CALLS = "function_calls"


class Batch:
    """The tool calls of one message, and what has been given for each.

    Attributes:
        calls: Each as a message of its own would carry it: ``tool_call_id``, ``name``, ``args``.
    """

    __slots__ = ("_ids", "_outputs", "_tool_call_id", "calls")

    def __init__(self, data: Wire, msgid: str) -> None:
        self._tool_call_id = data.get("tool_call_id")
        self._ids: dict[str, object] = {}
        self._outputs: dict[str, Wire] = {}
        self.calls: list[Wire] = []
        for index, call in enumerate(data[FUNCTION_CALLS]):
            given = call.get("id")
            is_usable = isinstance(given, str) and given and given not in self._ids
            call_id = str(given) if is_usable else f"{msgid}:{index}"
            self._ids[call_id] = given
            args = call.get("args")
            self.calls.append({"tool_call_id": call_id, "name": call.get("name"), "args": args})

    def __len__(self) -> int:
        return len(self.calls)

    @property
    def tool_call_id(self) -> str | None:
        """The id of the message, for the command that answers it."""
        return self._tool_call_id if isinstance(self._tool_call_id, str) else None

    @property
    def is_complete(self) -> bool:
        """Whether every call has its output."""
        return len(self._outputs) == len(self.calls)

    @property
    def data(self) -> Wire:
        """The ``data`` of the command, in the order of the calls."""
        responses = [self._outputs[call_id] for call_id in self._ids if call_id in self._outputs]
        return {"toolResponse": {"functionResponses": responses}}

    def capture(self) -> Wire:
        """All of it as a JSON value."""
        return {
            "tool_call_id": self._tool_call_id,
            "ids": list(self._ids.items()),
            "outputs": self._outputs,
            "calls": self.calls,
        }

    @classmethod
    def restore(cls, value: Wire) -> "Batch":
        """What :meth:`capture` gave.

        Raises:
            KeyError, TypeError, ValueError: It is something else.
        """
        batch = cls.__new__(cls)
        batch._tool_call_id = value["tool_call_id"]
        batch._ids, batch._outputs = dict(value["ids"]), dict(value["outputs"])
        batch.calls = [{**one, "tool_call_id": one["tool_call_id"]} for one in value["calls"]]
        return batch

    def put(self, call_id: str, response: Wire) -> None:
        """Take the output of one call, shaped by :func:`function_response`."""
        given = self._ids[call_id]
        own = {"id": given} if isinstance(given, str) else {}
        self._outputs[call_id] = {**own, **{key: response[key] for key in response if key != "id"}}

    def take_back(self, call_id: str) -> None:
        """Forget the output of a call: it could not be sent."""
        self._outputs.pop(call_id, None)


def is_batch(data: Wire) -> bool:
    """Whether a tool call's message holds several, each an object."""
    calls = data.get(FUNCTION_CALLS)
    return isinstance(calls, list) and bool(calls) and all(isinstance(one, dict) for one in calls)


def read_calls(data: Wire, msgid: str) -> list[Wire]:
    """The tool calls of a message: one as a rule."""
    return Batch(data, msgid).calls if is_batch(data) else [data]


def function_response(call_id: str, name: str, result: Wire, *, is_error: bool) -> Wire:
    """One function's response, as Gemini takes it: ``output``, or ``error`` with its text."""
    is_plain = is_error and set(result) == {"error"}
    response = {"error": result["error"]} if is_plain else {"output": result}
    return {"id": call_id, "name": name, "response": response}
