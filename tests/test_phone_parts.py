"""The phone's parts that need no call: arguments, rendering, advice, judgement, keyboard."""

import argparse
import io
import os
from pathlib import Path
from typing import Any

import pytest

from app.phone import Options, Step, UsageError, add_arguments, phone, read_options, run
from app.phone.explain import hint, is_loopback, steering
from app.phone.keyboard import read_lines
from app.phone.render import Line, paint, render
from app.phone.steps import HELP, parse
from app.twin import Entry, Kind
from app.twin.faults import find_faults


def arguments(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(words)


def options(*words: str) -> Options:
    return read_options(arguments(*words))


def shown(kind: Kind, raw: bool = False, **data: Any) -> list[str]:
    return [str(line) for line in render(Entry(0.0, kind, data), raw=raw)]


# Arguments


def test_without_arguments_it_calls_the_sample() -> None:
    assert options() == Options(url="ws://127.0.0.1:3000/weather#rp=rt")


@pytest.mark.parametrize(
    ("given", "dialled"),
    [
        ("ws://host:1/a?b=c", "ws://host:1/a?b=c#rp=rt"),
        ("http://host", "ws://host/#rp=rt"),
        ("https://host/x", "wss://host/x#rp=rt"),
        ("ws://[::1]:3000/x#rc=2", "ws://[::1]:3000/x#rc=2"),
    ],
)
def test_any_address_of_the_server_is_dialled_as_a_websocket(given: str, dialled: str) -> None:
    assert options(given).url == dialled


def test_credentials_come_from_the_address_or_from_their_options() -> None:
    written = options("wss://ada:s%40fe@host/x")
    given = options("wss://ada:x@host/x", "--password", "safe")

    assert (written.url, written.username, written.password) == (
        "wss://host/x#rp=rt",
        "ada",
        "s@fe",
    )
    assert (given.username, given.password) == ("ada", "safe")


def test_steps_keep_the_order_in_which_they_were_given() -> None:
    script = options("--say", "hi", "--dtmf", "12#", "--interrupt", "wait", "--say", "bye").script

    assert script == (
        Step("say", "hi"),
        Step("dtmf", "12#"),
        Step("interrupt", "wait"),
        Step("say", "bye"),
    )


def test_a_path_alone_is_one_on_this_machine() -> None:
    assert options("/queue/agent?a=1").url == "ws://127.0.0.1:3000/queue/agent?a=1#rp=rt"


def test_values_are_pairs_and_tags_may_be_json() -> None:
    read = options("--env", "A=1", "--env", "B=x=y", "--tag", "tier=gold", "--tag", 'n={"a": 1}')

    assert read.env == {"A": "1", "B": "x=y"}
    assert read.tag == {"tier": "gold", "n": {"a": 1}}


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("ftp://host",), "no address"),
        (("ws://",), "no address"),
        (("ws://host:99999",), "Port out of range"),
        (("--env", "A"), "expected NAME=VALUE"),
        (("--tag", "=1"), "expected NAME=VALUE"),
        (("--timeout", "0"), "above 0"),
        (("--summarize", "-1"), "or 0 for never"),
    ],
)
def test_what_makes_no_sense_is_said_in_one_line(
    words: tuple[str, ...], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UsageError, match=complaint):
        options(*words)

    assert run(arguments(*words)) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)


def test_an_unknown_model_and_an_unwritable_transcript_are_usage_errors(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments("--llm", "acme:1")) == 2
    assert run(arguments("--transcript", str(tmp_path / "none" / "t.txt"))) == 2
    assert "known: " in capsys.readouterr().err


# What is typed


@pytest.mark.parametrize(
    ("line", "step"),
    [
        ("  hello there ", Step("say", "hello there")),
        ("", Step("nothing")),
        ("/dtmf 12#", Step("dtmf", "12#")),
        ("/interrupt wait a moment", Step("interrupt", "wait a moment")),
        ("/silence", Step("silence")),
        ("/callee Good day", Step("callee", "Good day")),
        ("/callee-keys", Step("unknown", "/callee-keys needs keys: /callee-keys 1")),
        ("/ring-off", Step("ring-off")),
        ("/drop", Step("drop")),
        ("/hangup", Step("hangup")),
        ("/raw", Step("raw")),
        ("/dtmf", Step("unknown", "/dtmf needs keys: /dtmf 12#")),
        ("/fly", Step("unknown", "there is no /fly; /help lists the commands")),
    ],
)
def test_a_typed_line_is_words_or_a_command(line: str, step: Step) -> None:
    assert parse(line) == step


def test_the_help_names_every_command() -> None:
    commands = (
        "/callee",
        "/callee-keys",
        "/ring-off",
        "/dtmf",
        "/interrupt",
        "/silence",
        "/drop",
        "/hangup",
        "/raw",
        "/help",
    )
    assert all(command in HELP for command in commands)


async def test_lines_are_read_from_a_pipe_whatever_their_blocks() -> None:
    reading, writing = os.pipe()
    os.write(writing, "one\ntwø\nlast".encode())
    os.close(writing)

    assert [line async for line in read_lines(reading)] == ["one", "twø", "last"]
    os.close(reading)


# Rendering


def test_speech_is_shown_with_who_speaks() -> None:
    assert shown("said", text="hello") == ["you     hello"]
    assert shown("said", digits="12#") == ["keys    12#"]
    assert shown("heard", text="Hi!", by="agent", interrupted=False) == ["agent   Hi!"]
    assert shown("heard", text="Well, I", by="say", interrupted=True) == ["say     Well, I —"]


def test_what_a_dialled_party_says_and_hears_is_shown_as_its_own() -> None:
    assert shown("said", text="Hello?", leg="b") == ["callee  Hello?"]
    assert shown("heard", text="A caller waits.", by="say", leg="b") == ["→callee A caller waits."]


def test_a_tool_call_is_shown_with_arguments_result_and_time() -> None:
    call: dict[str, Any] = {
        "tool_call_id": "c1",
        "name": "get_weather",
        "arguments": {"city": "Bonn", "n": 2},
    }
    good: dict[str, Any] = {
        "tool_call_id": "c1",
        "name": "get_weather",
        "output": {"rain": True},
        "ms": 12,
    }

    assert shown("tool_call", **call) == ['tool    → get_weather(city="Bonn", n=2)']
    assert shown("tool_output", **good) == ['        ✓ 12 ms  {"rain": true}']
    assert shown("tool_output", **{**good, "output": {"error": "no"}}) == [
        '        ✗ 12 ms  {"error": "no"}'
    ]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (
            {"type": "update_instructions", "instructions": "Be\nkind."},
            "update_instructions: Be kind.",
        ),
        (
            {"type": "inject_context", "messages": [{"role": "system", "content": "Gold"}]},
            "inject_context: system: Gold",
        ),
        (
            {"type": "update_tools", "tools": [{"name": "a"}, {"function": {"name": "b"}}, 3]},
            "update_tools: a, b, ?",
        ),
        ({"type": "update_tools", "tools": []}, "update_tools: no tools"),
        (
            {"type": "generate_reply", "user_input": "Sale!", "interrupt": True},
            "generate_reply: Sale! / at once",
        ),
        ({"type": "generate_reply"}, "generate_reply: go on"),
        ({"type": "new_thing", "x": 1}, 'new_thing: {"type": "new_thing", "x": 1}'),
    ],
)
def test_an_update_is_a_divider(data: dict[str, Any], text: str) -> None:
    assert shown("update", **data) == [f"update  ──── {text} ────"]


@pytest.mark.parametrize(
    "latency",
    [
        {"stt_ms": 0, "llm_ms": 640, "tool_ms": 210, "tts_ms": 190, "preflight": {}},
        {"transcriber_latency": 0, "model_latency": 640, "tool_ms": 210, "voice_latency": 190},
    ],
)
def test_the_end_of_a_turn_shows_its_times_and_slow_ones_in_red(latency: dict[str, Any]) -> None:
    (line,) = render(Entry(0.0, "event", {"type": "turn_end", "latency": latency}))

    assert line == Line(
        "", "llm 640 · tool 210 · tts 190 — 1040 ms", "slow", more="████████████│▓▓▓▓│░░░░"
    )


def test_a_reply_that_was_generated_early_is_marked() -> None:
    latency = {"stt_ms": 0, "tts_ms": 0, "preflight": {"result": "hit", "tokens": 9}}

    assert shown("event", type="turn_end", latency=latency) == ["        early hit (9 tokens)"]


def test_events_that_repeat_what_is_heard_are_not_shown() -> None:
    assert shown("event", type="user_transcript", transcript="x") == []
    assert shown("event", type="llm_response", response="x") == []
    assert shown("event", type="turn_end") == []
    assert shown("event", type="user_interruption") == ["        interrupted"]
    assert shown("event", type="odd", x=1) == ['event   {"type": "odd", "x": 1}']


def test_frames_are_shown_only_if_asked_for() -> None:
    assert shown("sent", type="x") == []
    assert shown("sent", True, type="x") == ['>>      {"type": "x"}']
    assert shown("received", True, type="y") == ['<<      {"type": "y"}']


@pytest.mark.parametrize(
    ("kind", "data", "lines"),
    [
        ("verb", {"verb": "gather", "event": "starting", "id": "menu"}, ["verb    gather menu"]),
        ("verb", {"verb": "gather", "event": "finished"}, []),
        ("status", {"call_status": "trying", "sip_status": 100}, ["status  trying 100"]),
        ("reconnect", {"event": "lost", "code": 1006}, ["socket  closed with code 1006"]),
        ("reconnect", {"event": "failed", "why": "refused"}, ["socket  failed: refused"]),
        ("note", {"text": "nobody listens"}, ["note    nobody listens"]),
        ("end", {"reason": "hung up", "duration": 3}, ["end     hung up (3 s)"]),
        (
            "error",
            {"msg": "InvalidMessage", "details": "type is required"},
            [
                "problem jambonz:error InvalidMessage: type is required",
                "        jambonz takes JSON frames of type ack or command, nothing else",
            ],
        ),
    ],
)
def test_other_entries_are_one_line_each(
    kind: Kind, data: dict[str, Any], lines: list[str]
) -> None:
    assert shown(kind, **data) == lines


def test_what_a_terminal_would_obey_is_not_passed_on() -> None:
    assert shown("heard", by="agent", text="\x1b[2J\x07hi\u202e") == [
        "agent   \ufffd[2J\ufffdhi\ufffd"
    ]
    assert "\x9b" not in shown("tool_call", name="x\x9b", arguments={"a": "\x9b2J"})[0]


def test_long_values_are_cut() -> None:
    (line,) = shown("tool_output", output="x" * 9_000, ms=1)

    assert len(line) < 450
    assert line.endswith("…")


def test_colours_are_put_around_a_whole_line() -> None:
    assert paint(Line("you", "hi", "you")) == "\x1b[36myou     hi\x1b[0m"
    assert paint(Line("you", "hi")) == "you     hi"


# Advice


@pytest.mark.parametrize(
    ("problem", "advice"),
    [
        ("connection failed: 127.0.0.1:3000: Connection refused", "make run"),
        ("connection failed: there is no host exmaple.com", "spelled"),
        ("connection failed: TLS: wrong version number", "ws:"),
        ("upgrade failed: what answers there is not HTTP", "something else listens"),
        ("upgrade refused: 401", "--user NAME"),
        ("upgrade refused: 404", "no application has this path"),
        ("upgrade refused: 200", "no WebSocket application"),
        ("Server sent no subprotocol (expected ws.jambonz.org)", "ws.jambonz.org"),
        ("jambonz:error x: invalid instruction: unknown verb 'agent'", "10.1"),
        ("no ack to session:new: timeout from far end", "480"),
        ("no ack to verb:hook /x within 5 s", "5 s"),
        ("the socket was closed with code 1009", "24576"),
        ("something else", ""),
    ],
)
def test_a_known_problem_comes_with_advice(problem: str, advice: str) -> None:
    found = hint(problem)

    assert advice in found
    assert bool(found) == bool(advice)


def test_the_command_to_steer_a_call_fits_its_server() -> None:
    command = steering("wss://localhost:8443/weather", "sid-1", "$(cat keys/api-key)")

    assert command.startswith("curl https://localhost:8443/v1/calls/sid-1/agent ")
    assert "$(cat keys/api-key)" in command
    assert all(line.endswith(" \\") for line in command.splitlines()[:-1])  # it can be pasted
    assert max(map(len, command.splitlines())) <= 92


@pytest.mark.parametrize(
    ("url", "is_ours"),
    [("ws://127.0.0.5/x", True), ("ws://[::1]:3000/x", True), ("wss://example.com/x", False)],
)
def test_only_this_machine_is_loopback(url: str, is_ours: bool) -> None:
    assert is_loopback(url) is is_ours


# Judgement


def sent(time: float, type_: str, msgid: str, hook: str = "") -> Entry:
    return Entry(time, "sent", {"type": type_, "msgid": msgid, "hook": hook})


def received(time: float, **frame: Any) -> Entry:
    return Entry(time, "received", frame)


END = Entry(20.0, "end", {"reason": "the caller hung up", "by": "caller"})


def test_a_call_whose_messages_were_all_answered_went_well() -> None:
    log = [
        sent(0.0, "session:new", "m1"),
        received(0.1, type="ack", msgid="m1", data=[]),
        sent(0.2, "call:status", "m2"),
        Entry(0.3, "tool_call", {"tool_call_id": "c1", "name": "look"}),
        received(0.4, type="command", command="llm:tool-output", tool_call_id="c1"),
        Entry(0.5, "tool_call", {"tool_call_id": "c2", "name": "look"}),
        Entry(0.6, "tool_output", {"tool_call_id": "c2", "name": "look"}),
        Entry(0.7, "reconnect", {"event": "lost", "code": 1012}),
        END,
    ]

    assert find_faults(log, ack_timeout=5.0) == []


def test_what_was_asked_just_before_the_end_need_not_be_answered() -> None:
    log = [
        sent(19.0, "verb:hook", "m1", "/x"),
        Entry(19.5, "tool_call", {"tool_call_id": "c1", "name": "look"}),
        END,
    ]

    assert find_faults(log, ack_timeout=5.0) == []


@pytest.mark.parametrize(
    ("log", "fault"),
    [
        ([sent(0.0, "verb:hook", "m1", "/x")], "no ack to verb:hook /x within 5 s"),
        (
            [sent(0.0, "verb:hook", "m1", "/x"), received(6.0, type="ack", msgid="m1")],
            "the ack of verb:hook /x came after 6.0 s, too late",
        ),
        (
            [Entry(0.0, "tool_call", {"tool_call_id": "c1", "name": "look"})],
            "the tool call look was not answered",
        ),
        (
            [Entry(0.0, "error", {"msg": "InvalidMessage", "details": "bad"})],
            "jambonz:error InvalidMessage: bad",
        ),
        (
            [Entry(0.0, "reconnect", {"event": "lost", "code": 1011})],
            "the socket was closed with code 1011",
        ),
        (
            [Entry(0.0, "end", {"reason": "a hook failed: timeout"})],
            "a hook failed: timeout",
        ),
    ],
)
def test_every_way_to_go_wrong_is_named(log: list[Entry], fault: str) -> None:
    assert find_faults([*log, END], ack_timeout=5.0) == [fault]


def test_a_socket_that_the_phone_dropped_is_not_the_applications_fault() -> None:
    log = [
        sent(0.0, "verb:hook", "m1", "/x"),
        Entry(0.1, "reconnect", {"event": "lost", "code": 1006}),
        Entry(0.6, "reconnect", {"event": "reconnected"}),
        END,
    ]

    assert find_faults(log, ack_timeout=5.0, drops=1) == []


async def test_no_model_means_no_call() -> None:
    with pytest.raises(Exception, match="known: "):
        await phone(Options(llm="acme"), out=io.StringIO())
