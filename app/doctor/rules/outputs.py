"""Outputs of tool calls: one for each call, with its id, in the vendor's shape."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from app.doctor.finding import Finding
from app.doctor.rules.seen import Seen, show
from app.doctor.transcript import Came, Sent

OUTPUT = "llm:tool-output"


def missing(seen: Seen) -> Iterator[Finding]:
    """Every tool call is answered."""
    is_any_answered = any(_outputs(seen))
    for sent in _calls(seen):
        closing = seen.transcript.closing_of(sent.socket)
        over = min(closing.at if closing else seen.transcript.ended, seen.transcript.ended)
        if not seen.transcript.outputs_of(sent) and over - sent.at >= seen.limits.tool:
            yield Finding(
                "no-tool-output",
                sent.about,
                "nothing",
                f"command {OUTPUT} with tool_call_id {sent.tool_call_id}: "
                "until it comes the caller hears silence",
                "" if is_any_answered else _listen_for(sent.type),
                at=sent.at,
            )


def _listen_for(type_: str) -> str:
    """The fix where no call at all is answered: maybe they are known by another name."""
    return (
        f"Listen for {type_}, and answer every call, also of unknown tools and failed ones. "
        "An application for a jambonz that names them otherwise: --dialect."
    )


def slow(seen: Seen) -> Iterator[Finding]:
    """Outputs come before the caller wonders."""
    for sent in _calls(seen):
        for output in seen.transcript.outputs_of(sent)[:1]:
            took = output.at - sent.at
            if took > seen.limits.slow_tool:
                yield Finding(
                    "slow-tool-output",
                    sent.about,
                    f"an output after {took:.1f} s",
                    f"an output within {seen.limits.slow_tool:g} s",
                    at=output.at,
                )


def ids(seen: Seen) -> Iterator[Finding]:
    """Every output names the call that it answers."""
    known = {sent.tool_call_id for sent in _calls(seen)}
    for output in _outputs(seen):
        id_ = output.frame.get("tool_call_id")
        if not isinstance(id_, str) or not id_:
            inside = _inside(output.frame.get("data"))
            came = f"no tool_call_id beside data{inside}" if id_ is None else show(id_)
            yield Finding(
                "tool-output-without-id",
                f"command {OUTPUT}",
                came,
                "tool_call_id at the top of the command, as text",
                at=output.at,
            )
        elif id_ not in known:
            yield Finding(
                "unknown-tool-call-id",
                f"command {OUTPUT}",
                show(id_),
                f"one of {', '.join(sorted(known)) or 'none: no tool was called'}",
                at=output.at,
            )


def _inside(data: Any) -> str:
    is_there = isinstance(data, Mapping) and {"tool_call_id", "toolCallId"} & set(data)
    return ", but one in it" if is_there else ""


def doubled(seen: Seen) -> Iterator[Finding]:
    """No call is answered twice."""
    for sent in _calls(seen):
        outputs = seen.transcript.outputs_of(sent)
        if len(outputs) > 1:
            yield Finding(
                "doubled-tool-output",
                sent.about,
                f"{len(outputs)} outputs",
                "one output for each tool_call_id",
                at=outputs[1].at,
            )


def shape(seen: Seen) -> Iterator[Finding]:
    """The data is an object, for speech-to-speech in the vendor's form."""
    for sent in _calls(seen):
        for output in seen.transcript.outputs_of(sent)[:1]:
            yield from _check_shape(sent, output)


def _check_shape(sent: Sent, output: Came) -> Iterator[Finding]:
    data, path = output.frame.get("data"), f"output of {sent.about}"
    _, _, vendor = sent.option.partition(":")
    if vendor in SHAPES:
        fits, wanted = SHAPES[vendor]
        if not (isinstance(data, Mapping) and fits(data, sent.tool_call_id)):
            yield Finding("tool-output-shape", path, show(data), wanted, at=output.at)
    elif not isinstance(data, Mapping):
        yield Finding("scalar-tool-output", path, show(data), "an object", at=output.at)


def _inner(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    inner = data.get(key)
    return inner if isinstance(inner, Mapping) else {}


def _openai(data: Mapping[str, Any], id_: str) -> bool:
    item = _inner(data, "item")
    return (
        data.get("type") == "conversation.item.create"
        and item.get("type") == "function_call_output"
        and item.get("call_id") == id_
        and isinstance(item.get("output"), str)
    )


def _ultravox(data: Mapping[str, Any], id_: str) -> bool:
    return data.get("type") == "client_tool_result" and data.get("invocation_id") == id_


def _elevenlabs(data: Mapping[str, Any], id_: str) -> bool:
    inner = _inner(data, "data")
    return inner.get("type") == "client_tool_result" and inner.get("tool_call_id") == id_


def _deepgram(data: Mapping[str, Any], id_: str) -> bool:
    inner = _inner(data, "data")
    return inner.get("type") == "FunctionCallResponse" and inner.get("id") == id_


def _google(data: Mapping[str, Any], id_: str) -> bool:
    answers = _inner(data, "toolResponse").get("functionResponses")
    answers = answers if isinstance(answers, list) else []
    return any(isinstance(one, Mapping) and one.get("id") == id_ for one in answers)


SHAPES: Mapping[str, tuple[Callable[[Mapping[str, Any], str], bool], str]] = {
    "openai": (
        _openai,
        '{"type": "conversation.item.create", "item": {"type": "function_call_output", '
        '"call_id": …, "output": "text"}}',
    ),
    "ultravox": (_ultravox, '{"type": "client_tool_result", "invocation_id": …, "result": …}'),
    "elevenlabs": (
        _elevenlabs,
        '{"data": {"type": "client_tool_result", "tool_call_id": …, "result": …}}',
    ),
    "deepgram": (_deepgram, '{"data": {"type": "FunctionCallResponse", "id": …, "content": …}}'),
    "google": (_google, '{"toolResponse": {"functionResponses": [{"id": …, "response": {…}}]}}'),
}
"""How each vendor of speech-to-speech wants its outputs; of others nothing is known."""


def _calls(seen: Seen) -> Iterator[Sent]:
    return (sent for sent in seen.transcript.sent if sent.tool_call_id)


def _outputs(seen: Seen) -> Iterator[Came]:
    return (came for came in seen.transcript.commands if came.command == OUTPUT)


RULES = (missing, slow, ids, doubled, shape)
