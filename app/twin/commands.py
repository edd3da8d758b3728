"""What each command of the application does to the call."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from app.twin import conferring, media, outdial
from app.twin.pending import NoAck
from app.twin.splitting import split
from app.twin.vocabulary import BadInstruction
from app.twin.voice import texts

if TYPE_CHECKING:
    from app.twin.leg import Leg

Frame = dict[str, Any]


def handle(leg: "Leg", frame: Frame) -> None:
    """Carry out a command; an unknown one is noted and ignored."""
    command = frame["command"]
    if command in _ACTIONS:
        _ACTIONS[command](leg, frame)
    elif command in media.COMMANDS:
        media.carry_out(leg, frame)
    elif command in conferring.COMMANDS:
        conferring.carry_out(leg, frame)
    else:
        leg.log.note("unknown command, ignored", command=command)


def _redirect(leg: "Leg", frame: Frame) -> None:
    match frame["data"]:
        case list() as verbs:
            _put(leg, verbs, queue=bool(frame.get("queueCommand")))
        case {"child_call_hook": _} | {"child_call": _} | {"parent_call": _}:
            leg.spawn_work(split(leg, frame["data"]))
        case {"call_hook": hook}:
            leg.spawn_work(_ask_for_verbs(leg, hook))
        case _:
            leg.error("InvalidMessage", "redirect needs an array of verbs or a call_hook")


def _put(leg: "Leg", verbs: list[Any], *, queue: bool = False) -> None:
    try:
        checked = leg.hooks.check(verbs)
    except BadInstruction:
        return  # told already; the call goes on as it was
    if queue:
        leg.stack.append(checked)
    else:
        leg.stack.replace(checked)


async def _ask_for_verbs(leg: "Leg", hook: Any) -> None:
    """Live call control: session:redirect on this socket, whatever the hook is."""
    try:
        verbs = await leg.hooks.ask(hook, leg.info.common(), "session:redirect")
    except NoAck as failure:
        leg.log.note(f"no ack to session:redirect: {failure}")
        return
    if isinstance(verbs, list) and verbs:
        _put(leg, verbs)
    else:
        leg.stack.kill()


def _call_status(leg: "Leg", frame: Frame) -> None:
    data = frame["data"]
    wanted = data.get("call_status") if isinstance(data, Mapping) else data
    if leg.child and frame.get("callSid") == leg.child.info.call_sid:
        leg.child.finish("the application hung up")
    elif wanted == "completed" and leg.info.answered is not None:
        leg.finish("the application hung up")
    elif wanted == "no-answer" and leg.info.answered is None:
        leg.effects["refusal"] = ("no-answer", 503, "Service Unavailable")
        leg.finish("the application refused the call")
    else:
        leg.log.note("call:status has no effect now", call_status=wanted)


def _config(leg: "Leg", frame: Frame) -> None:
    if isinstance(frame["data"], Mapping):
        leg.configure(frame["data"])
    else:
        leg.error("InvalidMessage", "config needs an object as data")


def _tag(leg: "Leg", frame: Frame) -> None:
    if isinstance(frame["data"], Mapping):
        leg.info.customer_data = dict(frame["data"])
    else:
        leg.log.note("tag is dropped: its data must be an object", data=frame["data"])


def _agent_update(leg: "Leg", frame: Frame) -> None:
    data = frame["data"]
    if not isinstance(data, Mapping):
        leg.error("InvalidMessage", "agent:update needs an object as data")
        return
    leg.log.add("update", data)
    if leg.agent is None:
        leg.log.note("no agent is running, the update is dropped")
    elif problem := leg.agent.update(data):
        leg.error("InvalidMessage", f"agent:update: {problem}")


def _llm_update(leg: "Leg", frame: Frame) -> None:
    if leg.speech is None:
        media.carry_out(leg, frame)
        return
    leg.log.add("update", frame["data"] if isinstance(frame["data"], Mapping) else {})
    if problem := leg.speech.take_event(frame["data"]):
        leg.log.note(f"{problem}: dropped", data=frame["data"])


def _tool_output(leg: "Leg", frame: Frame) -> None:
    id_ = frame.get("tool_call_id")
    if not isinstance(id_, str):
        leg.error("InvalidMessage", "llm:tool-output needs tool_call_id beside data")
    elif not leg.tools.take(id_, frame.get("data")):
        leg.log.note("late or unknown tool output, dropped", tool_call_id=id_)
    elif frame.get("data") is None:
        leg.log.note("the tool output has no data: the model reads null", tool_call_id=id_)


def _whisper(leg: "Leg", frame: Frame) -> None:
    data = frame["data"]
    verbs = data.get("whisper") if isinstance(data, Mapping) else None
    try:
        checked = leg.hooks.check(verbs if isinstance(verbs, list) else [verbs])
    except BadInstruction:
        return
    hearer = leg.child if leg.child and frame.get("callSid") == leg.child.info.call_sid else leg
    if leg.child is None and not leg.fork_is_running:
        leg.log.note("whisper has no effect now: nobody is dialled, and no audio is forked")
    elif others := [verb["verb"] for verb in checked if verb["verb"] not in ("say", "play")]:
        leg.log.note(f"whisper is dropped: only say and play; came {', '.join(others)}")
    else:
        for verb in checked:
            _say_once(hearer, verb)


def _say_once(leg: "Leg", verb: Frame) -> None:
    for text in texts(verb.get("text")):
        leg.voice.heard(text, "whisper")
    for url in texts(verb.get("url")):
        leg.voice.play(url)


def _dial(leg: "Leg", frame: Frame) -> None:
    data = frame["data"]
    if problem := outdial.place(leg, data if isinstance(data, Mapping) else {}):
        leg.error(problem)


def _tokens(leg: "Leg", frame: Frame) -> None:
    leg.stream.take(frame["data"])


def _flush(leg: "Leg", _frame: Frame) -> None:
    leg.stream.flush()


def _clear(leg: "Leg", _frame: Frame) -> None:
    leg.stream.clear()


_ACTIONS: dict[str, Callable[["Leg", Frame], None]] = {
    "redirect": _redirect,
    "call:status": _call_status,
    "config": _config,
    "tag": _tag,
    "agent:update": _agent_update,
    "llm:tool-output": _tool_output,
    "llm:update": _llm_update,
    "tts:clear": _clear,
    "tts:flush": _flush,
    "tts:tokens": _tokens,
    "whisper": _whisper,
    "dial": _dial,
}

KNOWN = sorted({*_ACTIONS, *media.COMMANDS, *conferring.COMMANDS})
"""The names of all commands that the twin knows."""
