"""Further cases: commands, tool calls, sockets, the form of the portal."""

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

from tests.doctor import cases, faults, grammar
from tests.doctor.cases import SECONDS, Case, draw, each_hook
from tests.doctor.faults import also, on, on_tool_call
from tests.doctor.mutations import misspell
from tests.doctor.openings import AGENT, DIAL, MENU, SAY, TOOL, s2s
from tests.doctor.server import Application, Json


def shown_commands() -> list[Json]:
    """The commands that the protocol shows as right, but for outputs of tools."""
    found = [one for one in grammar.examples() if one.get("type") == "command"]
    return [one for one in found if one["command"] != "llm:tool-output"]


def sending(kind: str, name: str, frame: Json, *rules: str, meant: str = "") -> Case:
    """An application that sends a frame nobody asked for."""
    when = on("session:new") if len(name) % 2 else on("verb:hook", "/menu")
    return Case(kind, name, Application([MENU], spoil=also(when, frame)), rules, meant, ("hooks",))


def legs() -> Iterator[Case]:
    """The leg in another spelling than jambonz reads."""
    for index, frame in enumerate(shown_commands()[:24]):
        wrong = ("call_sid", "callsid", "CallSid", "callSID")[index % 4]
        made = {**{key: value for key, value in frame.items() if key != "callSid"}, wrong: "0b9d"}
        name = f"{index} {frame['command']} {wrong}"
        yield sending("callSid misspelt", name, made, "misspelt-field", meant="callSid")


def flat() -> Iterator[Case]:
    for digit in "0123456789*#":
        frame = {"type": "command", "command": "dtmf", "data": {"digit": digit, "duration": 250}}
        yield sending("flat data", f"dtmf {digit}", frame, "flat-data")
    frame = {"type": "command", "command": "dtmf", "data": {"dtmf": "1"}}
    yield sending("flat data", "dtmf as text", frame, "flat-data")
    for method in ("INFO", "MESSAGE", "NOTIFY", "OPTIONS", "REFER"):
        data = {"method": method, "content_type": "text/plain", "content": "x"}
        frame = {"type": "command", "command": "sip:request", "data": data}
        yield sending("flat data", f"sip:request {method}", frame, "flat-data")


def unknown_commands() -> Iterator[Case]:
    for name in ("mute", "agent:tool-output", "llm:tool-update", "hold", "speak", "transfer"):
        unheard_of: Json = {"type": "command", "command": name, "data": {"a": 1}}
        yield sending("unknown command", name, unheard_of, "unknown-command")
    for frame in {one["command"]: one for one in shown_commands()}.values():
        if len(frame["command"]) > 3:
            wrong = misspell(frame["command"], draw("command", frame["command"]))
            made = {**frame, "command": wrong}
            yield sending("unknown command", wrong, made, "unknown-command", meant=frame["command"])


def without_data() -> Iterator[Case]:
    for index, frame in enumerate({one["command"]: one for one in shown_commands()}.values()):
        if frame["command"] in ("tts:flush", "tts:clear"):
            continue
        made: Json = {**frame, "data": (None, "", False)[index % 3]}
        if index % 4 == 0:
            del made["data"]
        yield sending("command without data", frame["command"], made, "command-without-data")


def wrong_data() -> Iterator[Case]:
    """Data of another shape: a key misspelt, or a word that is not one of those it may be."""
    for index, frame in enumerate(shown_commands()):
        data, command = frame.get("data"), frame["command"]
        if not isinstance(data, dict) or command in (
            "tag",
            "llm:update",
            "agent:update",
            "redirect",
        ):
            continue
        key = next(iter(data))
        wrong = misspell(key, draw("data", command, key)) if len(key) > 3 else f"{key}x"
        made = {**frame, "data": {wrong if one == key else one: data[one] for one in data}}
        rules = ("wrong-command-data", "flat-data")
        yield sending("wrong command data", f"{index} {command} {wrong}", made, *rules)
    for command, data in (
        ("mute:status", "mut"),
        ("media:path", "all-media"),
        ("boostAudioSignal", "loud"),
        ("redirect", "verbs"),
        ("redirect", {"hook": "/x"}),
        ("record", {"action": "start"}),
        ("record", {"action": "startCallRecording", "type": "siprec"}),
        ("call:status", {"call_status": "hangup"}),
        ("whisper", {"whisper": {"verb": "hangup"}}),
    ):
        frame = {"type": "command", "command": command, "data": data}
        yield sending("wrong command data", f"{command} {data}", frame, "wrong-command-data")


UPDATES: list[Any] = [
    {"type": "update_instruction", "instructions": "x"},
    {"type": "updateInstructions", "instructions": "x"},
    {"instructions": "x"},
    "x",
    {"type": "update_instructions"},
    {"type": "update_instructions", "instructions": 7},
    {"type": "update_instructions", "instruction": "x"},
    {"type": "inject_context"},
    {"type": "inject_context", "messages": {"role": "user", "content": "x"}},
    {"type": "inject_context", "messages": [{"role": "caller", "content": "x"}]},
    {"type": "inject_context", "messages": [{"content": "x"}]},
    {"type": "inject_context", "messages": ["x"]},
    {"type": "update_tools", "tools": [{"description": "no name"}]},
    {"type": "update_tools", "tools": {"name": "x"}},
    {"type": "update_tools"},
    {"type": "generate_reply", "userInput": "x"},
    {"type": "generate_reply", "user_input": ["x"]},
    {"type": "generate_reply", "interrupt": "yes"},
    {"type": "say", "text": "x"},
]


def updates() -> Iterator[Case]:
    for index, data in enumerate(UPDATES):
        frame = {"type": "command", "command": "agent:update", "data": data}
        when = on("session:new") if index % 2 else on_tool_call
        application = Application([AGENT], spoil=also(when, frame))
        yield Case("wrong agent:update", str(data), application, ("bad-agent-update",))


def offering(count: int) -> list[Any]:
    """An agent with some tools."""
    tools = [{**TOOL, "name": f"tool_{index}"} for index in range(count)]
    options = {**AGENT["llm"]["llmOptions"], "tools": tools}
    return [{**AGENT, "llm": {**AGENT["llm"], "llmOptions": options}}]


def tool_calls() -> Iterator[Case]:
    openings: list[tuple[str, list[Any], str]] = [
        *((f"agent with {count}", offering(count), "") for count in range(5)),
        *((vendor, [s2s(vendor)], vendor) for vendor in ("openai", "ultravox", "elevenlabs")),
        *((vendor, [s2s(vendor)], vendor) for vendor in ("deepgram", "google")),
    ]
    for name, opening, vendor in openings:
        for kind, spoil, rule in (
            ("unanswered tool call", faults.never(on_tool_call), "no-tool-output"),
            ("slow tool call", faults.late(on_tool_call, SECONDS * 0.8), "slow-tool-output"),
            ("doubled output", faults.twice(on_tool_call), "doubled-tool-output"),
            (
                "wrong tool_call_id",
                faults.wrong_id(on_tool_call, "tool_call_id"),
                "unknown-tool-call-id",
            ),
            (
                "no tool_call_id",
                faults.edited(on_tool_call, tool_call_id=None),
                "tool-output-without-id",
            ),
        ):
            application = Application(opening, spoil=spoil, vendor=vendor)
            yield Case(kind, name, application, (rule,), "", ("hooks",))


def shapes_of_outputs() -> Iterator[Case]:
    for vendor in ("openai", "ultravox", "elevenlabs", "deepgram", "google"):
        for index, data in enumerate(({"temperature": 52}, "52", {"type": "result", "output": 1})):
            spoil = faults.edited(on_tool_call, data=data)
            yield Case(
                "output in another shape",
                f"{vendor} {index}",
                Application([s2s(vendor)], spoil=spoil, vendor=vendor),
                ("tool-output-shape",),
            )


def closings() -> Iterator[Case]:
    moments = [(name, opening, on("verb:hook", hook)) for name, opening, hook in each_hook()]
    moments += [
        ("tool call", [AGENT], on_tool_call),
        ("new", [SAY], on("session:new")),
        ("confirm", [DIAL], on("dial:confirm")),
    ]
    for index, (name, opening, when) in enumerate(moments):
        for kind, code, rule in (
            ("close 1000 mid-call", 1000, "closed-with-1000"),
            ("close without a code", None, "closed-without-code"),
            ("close mid-call", (1001, 1008, 1011, 4000)[index % 4], "closed-mid-call"),
        ):
            application = Application(opening, spoil=faults.closing(when, code))
            yield Case(kind, name, application, (rule,))
        code = (1000, 1002, 1003, 1007, 1011)[index % 5]
        yield Case(
            "closes on a malformed frame",
            f"{name} {code}",
            Application(opening, closes_on_malformed=code),
            ("closed-on-malformed",),
        )
        spoil = faults.closing(on("weather:report"), code)
        yield Case(
            "closes on an unknown type",
            f"{name} {code}",
            Application(opening, spoil=spoil),
            ("closed-on-unknown",),
        )


def upgrades() -> Iterator[Case]:
    for name, opening, _ in each_hook():
        for kind, application, rule in (
            ("no subprotocol", Application(opening, subprotocols=()), "no-subprotocol"),
            (
                "unknown extension",
                Application(opening, headers={"Sec-WebSocket-Extensions": f"x-{name}"}),
                "bad-extension",
            ),
            (
                "slow upgrade",
                Application(opening, upgrade=SECONDS * 0.9),
                "slow-upgrade late-upgrade",
            ),
            ("late upgrade", Application(opening, upgrade=SECONDS * 1.5), "late-upgrade"),
            ("any password", Application(opening, users={"jambonz": "*"}), "any-password"),
        ):
            needs = {"username": "jambonz", "password": "right"} if application.users else {}
            scenarios = ("opening", "password")
            yield Case(kind, name, application, tuple(rule.split()), "", scenarios, needs)


def greetings() -> Iterator[Case]:
    for name, opening, _ in each_hook():
        for index, verbs in enumerate((opening, [SAY, *opening])):
            application = Application(verbs, spoil=faults.greeting_again(verbs))
            yield Case("greets again", f"{name} {index}", application, ("greets-again",))


GOOD: Json = {"type": "string", "description": "First sentence"}
FORMS: list[Any] = [
    {"env": {"GREETING": GOOD}},
    {},
    [],
    "none",
    {"GREETING": "text"},
    {"GREE TING": GOOD},
    {"GREETING-1": GOOD},
    {"GREETING": {"description": "x"}},
    {"GREETING": {**GOOD, "type": "text"}},
    {"GREETING": {**GOOD, "type": "int"}},
    {"GREETING": {"type": "string"}},
    {"GREETING": {**GOOD, "default": 5}},
    {"GREETING": {**GOOD, "type": "number", "default": "5"}},
    {"GREETING": {**GOOD, "type": "boolean", "default": "true"}},
    {"GREETING": {**GOOD, "enum": "a,b"}},
    {"GREETING": {**GOOD, "obscure": "yes"}},
    {"GREETING": {**GOOD, "required": 1}},
    {"GREETING": {**GOOD, "uiHint": "text"}},
    {"GREETING": {**GOOD, "jambonzResource": "voices"}},
    {"GREETING": {**GOOD, "defualt": "Hello"}},
]


def forms() -> Iterator[Case]:
    for index, form in enumerate(FORMS):
        application = Application([SAY], form=(json.dumps(form), "application/json"))
        yield Case("broken OPTIONS", str(index), application, ("bad-form",), "", ("form",))
    for index, body in enumerate(("{", "None", "{'GREETING': 1}")):
        application = Application([SAY], form=(body, "application/json"))
        yield Case("broken OPTIONS", f"text {index}", application, ("bad-form",), "", ("form",))


SOURCES = (
    *(cases.misspelt_verbs, cases.misspelt_options, cases.misspelt_deep, cases.python_spelling),
    *(cases.wrong_types, cases.wrong_words, cases.missing_options, cases.no_verbs, cases.acks),
    *(cases.empty_first_acks, cases.waiting_hooks, cases.ignored_data, cases.swapped_msgids),
    *(cases.frames, cases.own_types, legs, flat, unknown_commands, without_data, wrong_data),
    *(updates, tool_calls, shapes_of_outputs, closings, upgrades, greetings, forms),
)


SHOWN_IN = {
    "swapped msgids": "overlap",
    "closes on a malformed frame": "malformed",
    "closes on an unknown type": "unknown",
    "greets again": "reconnect",
    "empty first ack": "opening",
}


def scenarios_of(case: Case) -> tuple[str, ...]:
    """The scenarios that show a fault, so that the many cases of a kind take less time."""
    if case.scenarios or case.kind in SHOWN_IN:
        return case.scenarios or (SHOWN_IN[case.kind],)
    if case.name.startswith(("new", "back")):
        return ("opening",) if case.name.startswith("new") else ("reconnect",)
    return ("hooks",)


@cache
def all_cases() -> list[Case]:
    """Every case; for the first of each kind all is played, but where each socket is slow."""
    found = [case for source in SOURCES for case in source()]
    first = {case.kind: case for case in reversed(found) if not case.application.upgrade}
    return [
        replace(case, scenarios=() if first.get(case.kind) is case else scenarios_of(case))
        for case in found
    ]
