"""The table of commands: shapes on the wire, and what is refused before anything is sent."""

from typing import Any

import pytest

from app.command import AGENT_UPDATE, COMMANDS, TOOL_OUTPUT, unknown_command
from app.verbs import Render, VerbError
from tests.command.examples import EXAMPLES, Example

ONE_BY_ONE = [example for example in EXAMPLES if not isinstance(example.data, list)]
# All commands that jambonz knows beside the agent's.
NAMES = {
    *("boostAudioSignal", "call:status", "conf:hold-status", "conf:mute-status"),
    *("conf:participant-action", "config", "dial", "dtmf", "dub", "listen:status", "llm:update"),
    *("media:path", "mute:status", "noiseIsolation:status", "record", "redirect", "room:play"),
    *("room:say", "sip:request", "stream:status", "stt:reconfigure", "tag", "transcribe:status"),
    *("tts:clear", "tts:flush", "tts:tokens", "whisper"),
}
FREE = {"config", "tag", "llm:update"}  # their keys are the verb's, the author's or the vendor's


def test_the_table_holds_every_command() -> None:
    assert COMMANDS.keys() == NAMES
    assert all(spec.does.endswith(".") for spec in COMMANDS.values())


@pytest.mark.parametrize("example", ONE_BY_ONE, ids=str)
def test_a_command_stands_on_the_wire_as_jambonz_reads_it(example: Example) -> None:
    spec = COMMANDS[example.name]
    written = spec.write(spec.read(example.data), Render())

    assert written == example.wire
    assert repr(written) == repr(example.wire)  # numbers stay numbers, and keys keep their order


def keys(value: Any) -> set[str]:
    return set(value) if isinstance(value, dict) else set()


@pytest.mark.parametrize("name", sorted(NAMES - FREE))
def test_every_field_of_a_command_is_in_an_example(name: str) -> None:
    spec = COMMANDS[name]
    fields = {wire for _, wire, _ in spec.options._options}
    written = [example.wire for example in ONE_BY_ONE if example.name == name]
    bare = fields if name in ("boostAudioSignal", "media:path") else set()

    assert fields <= set().union(bare, *map(keys, written))


WRONG = [
    ("boostAudioSignal", "loud", "", "dB"),
    ("boostAudioSignal", {"gain": 6}, "", "a number of dB"),
    ("boostAudioSignal", None, "", "a number of dB"),
    ("call:status", {"call_status": "complete"}, ".call_status", "mean 'completed'?"),
    ("call:status", {"callstatus": "completed"}, "", "mean 'call_status'?"),
    ("call:status", "completed", "", "expected an object; got 'completed'"),
    ("conf:hold-status", {"conf_hold_status": "hld"}, ".conf_hold_status", "mean 'hold'?"),
    ("conf:hold-status", {"conf_hold_status": "hold", "waitHook": "/x"}, "", "'wait_hook'?"),
    ("conf:mute-status", {"mute_status": "mute"}, "", "mean 'conf_mute_status'?"),
    ("conf:participant-action", {"action": "coch"}, ".action", "mean 'coach'?"),
    ("conf:participant-action", {"action": "coach"}, "", "'tag' is required"),
    ("conf:participant-action", {"action": "tag", "tg": "x"}, "", "mean 'tag'?"),
    ("config", {"notifyEvent": True}, "", "mean 'notify_events'?"),
    ("config", {"synthesizer": {"vendr": "google"}}, ".synthesizer", "mean 'vendor'?"),
    ("dial", {"to": "+15085551212", "application_sid": "a"}, "", "'from_' is required"),
    ("dial", {"from": "1", "to": "+15085551212"}, "", "'application_sid' or 'call_hook'"),
    ("dial", {"from": "1", "to": "+1508555", "call_hook": "/x"}, ".call_hook", "absolute URL"),
    ("dial", {"from": "1", "to": {"type": "phone"}, "application_sid": "a"}, ".to", "number=…"),
    (
        "dial",
        {"from": "1", "to": "+15085551212", "call_hook": {"url": "wss://a.b", "method": "W"}},
        ".call_hook.method",
        "'WS'; got 'W'",
    ),
    ("dtmf", {"dtmf": {"digt": "1"}}, ".dtmf", "mean 'digit'?"),
    ("dtmf", {"digit": 1}, ".digit", "got 1"),
    ("dtmf", {"digit": "one"}, ".digit", "got 'one'"),
    ("dtmf", {"digit": "1", "dtmf": {"digit": "2"}}, "", "'digit' stands here and in 'dtmf'"),
    ("dtmf", {"digit": "1", "duration": "long"}, ".duration", "a number"),
    ("dtmf", {"dtmf": "1"}, "", "expected 'dtmf' as an object; got '1'"),
    ("dtmf", None, "", "expected an object; got nothing"),
    ("dub", {"action": "addTrak", "track": "m"}, ".action", "mean 'addTrack'?"),
    ("dub", {"action": "addTrack", "trak": "m"}, "", "mean 'track'?"),
    ("dub", {"action": "addTrack"}, "", "'track' is required"),
    ("dub", {"action": "playOnTrack", "track": "m"}, "", "play"),
    ("dub", {"action": "sayOnTrack", "track": "m"}, "", "say"),
    ("listen:status", {"listen_status": "paus"}, ".listen_status", "mean 'pause'?"),
    ("llm:update", {}, "", "session.update"),
    ("llm:update", "session.update", "", "an object; got 'session.update'"),
    ("media:path", "no-medi", "", "mean 'no-media'?"),
    ("mute:status", "mut", ".mute_status", "mean 'mute'?"),
    ("mute:status", {"muteStatus": "mute"}, "", "mean 'mute_status'?"),
    ("mute:status", True, "", "expected an object; got True"),
    ("noiseIsolation:status", {"noise_isolation_status": "on"}, ".noise_isolation_status", "'on'"),
    ("noiseIsolation:status", {"noise_isolation_status": "enable", "lvel": 1}, "", "'level'?"),
    (
        "noiseIsolation:status",
        {"noise_isolation_status": "enable", "level": 101},
        ".level",
        "a number from 0 to 100; got 101",
    ),
    ("record", {"action": "startCallRecord"}, ".action", "mean 'startCallRecording'?"),
    ("record", {"action": "startCallRecording"}, "", "'siprec_server_url' is required"),
    ("record", {"action": "startCallRecording", "siprecServerUrl": "x"}, "", "siprec_server_url'?"),
    ("record", {"action": "stopCallRecording", "type": "siprc"}, ".type", "mean 'siprec'?"),
    ("redirect", {}, "", "got neither"),
    ("redirect", {"call_hook": "/x", "child_call": []}, "", "got both"),
    ("redirect", {"callhook": "/x"}, "", "mean 'call_hook'?"),
    ("redirect", {"call_hook": " "}, ".call_hook", "got ' '"),
    ("redirect", {"parent_call": [{"verb": "say", "txt": "x"}]}, ".parent_call[0].say", "'text'?"),
    ("redirect", "say", "", "expected a list of verbs, or an object with hooks or legs; got 'say'"),
    ("room:play", {"uri": "https://x"}, "", "mean 'url'?"),
    ("room:say", {"text": "x", "replce": True}, "", "mean 'replace'?"),
    ("room:say", {"text": "x", "loop": "for ever"}, ".loop", "'forever'"),
    ("sip:request", {"sip_request": {"method": "INFO"}}, ".sip_request", "'content_type' is req"),
    ("sip:request", {"method": "I N", "content_type": "a", "content": "b"}, ".method", "'INFO'"),
    ("stream:status", {"stream_status": "resum"}, ".stream_status", "mean 'resume'?"),
    ("stt:reconfigure", {"languageHint": ["en"]}, "", "mean 'language_hints'?"),
    ("stt:reconfigure", {"languageHints": "en"}, ".languageHints", "a list of texts; got 'en'"),
    ("tag", [1], "", "an object; got a list of 1"),
    ("transcribe:status", {"transcribe_status": "silence"}, ".transcribe_status", "'resume'"),
    ("tts:clear", {"id": 1}, "", "unknown option 'id'"),
    ("tts:tokens", {"tokens": "x"}, "", "'id' is required"),
    ("tts:tokens", {"id": 1, "text": "x"}, "", "unknown option 'text'"),
    ("whisper", {"whisper": [{"verb": "gather"}]}, ".whisper[0]", "expected say or play"),
    ("whisper", {"whisper": []}, ".whisper", "an empty list"),
    ("whisper", {"whisper": {"verb": "say", "txt": "x"}}, ".whisper.say", "mean 'text'?"),
    ("whisper", {"wisper": {"verb": "say", "text": "x"}}, "", "mean 'whisper'?"),
]


@pytest.mark.parametrize(("name", "data", "path", "says"), WRONG)
def test_wrong_data_is_refused_with_the_place_and_the_fix(
    name: str, data: Any, path: str, says: str
) -> None:
    with pytest.raises(VerbError) as caught:
        COMMANDS[name].read(data)

    assert says in str(caught.value)
    assert caught.value.path == f"{name}{path}"


def test_there_is_a_wrong_example_of_every_command() -> None:
    assert {name for name, *_ in WRONG} == NAMES - {"tts:flush"}


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("mute-status", "mute:status"),
        ("mute", "mute:status"),
        ("llm:tool-update", "llm:update"),
        ("agent:tool-output", "llm:tool-output"),
        ("hangup", "call:status"),
        ("dtfm", "dtmf"),
        ("agent:updat", "agent:update"),
    ],
)
def test_a_name_that_does_not_exist_is_told_with_the_one_that_does(name: str, meant: str) -> None:
    assert f"did you mean {meant!r}?" in unknown_command(name)


def test_names_that_exist_are_not_questioned() -> None:
    for name in (*COMMANDS, AGENT_UPDATE, TOOL_OUTPUT):
        assert unknown_command(name) == ""


def test_a_property_newer_than_this_library_passes_in_extra() -> None:
    spec = COMMANDS["conf:hold-status"]
    options = spec.read({"conf_hold_status": "hold", "extra": {"announce": True}})

    assert spec.write(options, Render()) == {"conf_hold_status": "hold", "announce": True}
