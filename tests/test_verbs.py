"""Builders: what an author writes, and what jambonz reads."""

from pathlib import Path
from typing import Any

import pytest

from app.verbs import (
    VERBS,
    Render,
    Say,
    Target,
    Verb,
    VerbError,
    alert,
    answer,
    conference,
    config,
    dequeue,
    dial,
    dialogflow,
    dtmf,
    dub,
    enqueue,
    gather,
    hangup,
    leave,
    listen,
    message,
    pause,
    play,
    raw,
    read_verb,
    redirect,
    room,
    say,
    sip_decline,
    sip_refer,
    sip_request,
    stream,
    tag,
    transcribe,
    transfer,
)
from app.verbs.names import IRREGULAR, wire_name
from tests import oracle


def wire(verb: Verb) -> dict[str, Any]:
    """A verb as jambonz reads it."""
    return verb.to_verb(Render())


@pytest.mark.parametrize(
    ("verb", "expected"),
    [
        (say("Hello"), {"verb": "say", "text": "Hello"}),
        (say(text="Hello", loop=2), {"verb": "say", "text": "Hello", "loop": 2}),
        (say(["a", "b"]), {"verb": "say", "text": ["a", "b"]}),
        (say(stream=True), {"verb": "say", "stream": True}),
        (play("https://x/a.mp3"), {"verb": "play", "url": "https://x/a.mp3"}),
        (pause(1.5), {"verb": "pause", "length": 1.5}),
        (pause(length=0), {"verb": "pause", "length": 0}),
        (answer(), {"verb": "answer"}),
        (hangup(headers={"X-Why": "done"}), {"verb": "hangup", "headers": {"X-Why": "done"}}),
        (tag({"a_key": {"b_key": 1}}), {"verb": "tag", "data": {"a_key": {"b_key": 1}}}),
        (redirect("/next"), {"verb": "redirect", "actionHook": "/next"}),
        (listen("/audio", mix_type="stereo"), {"verb": "listen", "url": "/audio"}
         | {"mixType": "stereo"}),
        (stream("/audio"), {"verb": "stream", "url": "/audio"}),
        (transcribe("/said", channel=2),
         {"verb": "transcribe", "transcriptionHook": "/said", "channel": 2}),
        (transcribe(enable=False), {"verb": "transcribe", "enable": False}),
        (enqueue("support", wait_hook="/music", priority=1),
         {"verb": "enqueue", "name": "support", "waitHook": "/music", "priority": 1}),
        (dequeue("support", call_sid="c", beep=True),
         {"verb": "dequeue", "name": "support", "callSid": "c", "beep": True}),
        (leave(), {"verb": "leave"}),
        (conference("daily", start_conference_on_enter=False, status_events=["join"]),
         {"verb": "conference", "name": "daily", "startConferenceOnEnter": False}
         | {"statusEvents": ["join"]}),
        (room("daily", record={"path": "a.wav"}),
         {"verb": "room", "name": "daily", "record": {"path": "a.wav"}}),
        (dub("sayOnTrack", track="t", say=say("x", loop=1), gain=-6),
         {"verb": "dub", "action": "sayOnTrack", "track": "t", "say": {"text": "x", "loop": 1}}
         | {"gain": -6}),
        (dtmf("12w#", duration=250), {"verb": "dtmf", "dtmf": "12w#", "duration": 250}),
        (message(to="+1617", from_="+1508", text="Hi.", account_sid="a"),
         {"verb": "message", "to": "+1617", "from": "+1508", "text": "Hi.", "account_sid": "a"}),
        (dialogflow(project="p", credentials={"a_key": 1}, lang="en-US", tts="google:a"),
         {"verb": "dialogflow", "project": "p", "credentials": {"a_key": 1}, "lang": "en-US"}
         | {"tts": {"vendor": "google", "voice": "a"}}),
        (alert("info=internal"), {"verb": "alert", "message": "info=internal"}),
        (sip_decline(486, headers={"X-Why": 1}),
         {"verb": "sip:decline", "status": 486, "headers": {"X-Why": 1}}),
        (sip_request("INFO", body="x"), {"verb": "sip:request", "method": "INFO", "body": "x"}),
        (sip_refer("+1617", referred_by_display_name="Desk"),
         {"verb": "sip:refer", "referTo": "+1617", "referredByDisplayName": "Desk"}),
        (say(stream=True, close_on_stream_empty=False),
         {"verb": "say", "stream": True, "closeOnStreamEmpty": False}),
    ],
)  # fmt: skip
def test_a_builder_writes_what_was_set(verb: Verb, expected: dict[str, Any]) -> None:
    assert wire(verb) == expected


def test_snake_case_becomes_the_spelling_of_the_wire() -> None:
    verb = gather(
        inter_digit_timeout=2,
        dtmf_bargein=True,
        min_bargein_word_count=1,
        partial_result_hook="/partial",
        recognizer={"vendor": "microsoft", "azure_stt_endpoint_id": "e"},
    )
    assert wire(verb) == {
        "verb": "gather",
        "interDigitTimeout": 2,
        "dtmfBargein": True,
        "minBargeinWordCount": 1,
        "partialResultHook": "/partial",
        "recognizer": {"vendor": "microsoft", "azureSttEndpointId": "e"},
    }


@pytest.mark.parametrize(("python", "spelling"), IRREGULAR.items())
def test_irregular_names_come_from_one_table(python: str, spelling: str) -> None:
    assert wire_name(python) == spelling


def test_a_name_that_python_keeps_for_itself_has_an_underscore() -> None:
    target = {"type": "user", "name": "desk@x", "from_": {"user": "a"}}
    assert wire(dial(target))["target"] == [
        {"type": "user", "name": "desk@x", "from": {"user": "a"}}
    ]


def test_what_equals_a_default_or_is_falsy_is_written_if_set() -> None:
    verb = gather(listen_during_prompt=True, timeout=0, bargein=False, input=[], finish_on_key="")
    assert wire(verb) == {
        "verb": "gather",
        "listenDuringPrompt": True,
        "timeout": 0,
        "bargein": False,
        "input": [],
        "finishOnKey": "",
    }


def test_none_leaves_an_option_out() -> None:
    assert wire(say("Hello", loop=None, synthesizer=None)) == {"verb": "say", "text": "Hello"}


def test_free_objects_keep_their_keys() -> None:
    verb = dial(
        "+16175550100",
        headers={"X-Call_Id": "1"},
        tag={"order_id": {"line_no": 1}},
        listen={"url": "/audio", "metadata": {"my_key": 1}},
    )
    found = wire(verb)
    assert found["headers"] == {"X-Call_Id": "1"}
    assert found["tag"] == {"order_id": {"line_no": 1}}
    assert found["listen"]["metadata"] == {"my_key": 1}


def test_vendor_objects_keep_the_vendors_own_names() -> None:
    options = {"apiKey": "k", "turn_detection": {"type": "server_vad", "prefix_padding_ms": 1}}
    found = wire(config(recognizer={"vendor": "openai", "openai_options": options}))
    assert found["recognizer"]["openaiOptions"] == options


def test_json_from_the_documentation_is_taken_inside_options() -> None:
    verb = config(barge_in={"enable": True, "actionHook": "/heard", "minBargeinWordCount": 2})
    assert wire(verb)["bargeIn"] == {
        "enable": True,
        "actionHook": "/heard",
        "minBargeinWordCount": 2,
    }


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("+16175550100", {"type": "phone", "number": "+16175550100"}),
        ("sip:desk@example.org", {"type": "sip", "sipUri": "sip:desk@example.org"}),
        (
            Target(type="teams", number="+1617", tenant="t"),
            {"type": "teams", "number": "+1617", "tenant": "t"},
        ),
    ],
)
def test_one_target_needs_no_list(target: Any, expected: dict[str, Any]) -> None:
    assert wire(dial(target))["target"] == [expected]
    assert wire(transfer(mode="blind", target=[target]))["target"] == [expected]


def test_a_voice_and_a_recognizer_may_be_texts() -> None:
    verb = config(synthesizer="cartesia:sonic-english", recognizer="deepgram:nova-3-general")
    assert wire(verb) == {
        "verb": "config",
        "synthesizer": {"vendor": "cartesia", "voice": "sonic-english"},
        "recognizer": {"vendor": "deepgram", "deepgramOptions": {"model": "nova-3-general"}},
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("google", {"vendor": "google"}),
        ("google:latest_long", {"vendor": "google", "model": "latest_long"}),
        ("deepgramflux:flux-general-en",
         {"vendor": "deepgramflux", "deepgramOptions": {"model": "flux-general-en"}}),
        ("assemblyai:universal",
         {"vendor": "assemblyai", "assemblyAiOptions": {"speechModel": "universal"}}),
        ("speechmatics:enhanced", {"vendor": "speechmatics", "speechmaticsOptions":
         {"transcription_config": {"model": "enhanced"}}}),
        ("microsoft:endpoint", {"vendor": "microsoft", "azureSttEndpointId": "endpoint"}),
        ("aws:clinic", {"vendor": "aws", "awsOptions": {"languageModelName": "clinic"}}),
        ("openai:gpt-4o:mini", {"vendor": "openai", "openaiOptions": {"model": "gpt-4o:mini"}}),
        ("custom:ours", {"vendor": "custom:ours"}),
    ],
)  # fmt: skip
def test_a_model_goes_where_its_vendor_reads_it(text: str, expected: dict[str, Any]) -> None:
    found = wire(config(recognizer=text))["recognizer"]
    assert found == expected
    assert oracle.complaints(found, "components/recognizer") == []


def test_a_custom_voice_keeps_the_name_of_its_vendor() -> None:
    found = wire(say("x", synthesizer="custom:ours:anna"))["synthesizer"]
    assert found == {"vendor": "custom:ours", "voice": "anna"}


def test_a_prompt_of_gather_may_be_text_an_object_or_a_verb() -> None:
    expected = {"text": "Which day?"}
    for prompt in ("Which day?", {"text": "Which day?"}, say("Which day?")):
        assert wire(gather(say=prompt))["say"] == expected
    assert wire(gather(play="https://x/a.mp3"))["play"] == {"url": "https://x/a.mp3"}


def test_options_that_were_pasted_as_a_verb_lose_its_name() -> None:
    said = {"verb": "say", "text": "x"}
    found = wire(gather(say=said, play={"verb": "play", "url": "u"}))
    assert (found["say"], found["play"]) == ({"text": "x"}, {"url": "u"})
    track = {"verb": "dub", "action": "addTrack", "track": "t"}
    assert wire(dial("+1617", dub=[track]))["dub"] == [{"action": "addTrack", "track": "t"}]
    assert wire(config(stream={"verb": "listen", "url": "/a"}))["stream"] == {"url": "/a"}


def test_verbs_inside_options_keep_their_names() -> None:
    verb = config(
        action_hook_delay_action={
            "enabled": True,
            "actions": [say("One moment."), {"verb": "play", "url": "u"}],
            "giveUpActions": [{"hangup": {}}],
        }
    )
    assert wire(verb)["actionHookDelayAction"] == {
        "enabled": True,
        "actions": [{"verb": "say", "text": "One moment."}, {"verb": "play", "url": "u"}],
        "giveUpActions": [{"verb": "hangup"}],
    }


def test_extra_is_written_as_it_is() -> None:
    assert wire(say("x", extra={"brandNew": {"a_b": 1}})) == {
        "verb": "say",
        "text": "x",
        "brandNew": {"a_b": 1},
    }


def test_raw_passes_verbs_without_a_type_through() -> None:
    verb = raw("enqueue", name="support", wait_hook="/music", actionHook="/left")
    assert wire(verb) == {
        "verb": "enqueue",
        "name": "support",
        "waitHook": "/music",
        "actionHook": "/left",
    }
    assert wire(raw("message", message_sid="1"))["message_sid"] == "1"


def test_json_of_a_verb_is_read_in_both_forms() -> None:
    for json in ({"verb": "say", "text": "x"}, {"say": {"text": "x"}}):
        verb = read_verb(json)
        assert isinstance(verb, Say)
        assert wire(verb) == {"verb": "say", "text": "x"}
    unknown = {"verb": "cognigy", "url": "u", "any_key": 1}
    assert wire(read_verb(unknown)) == unknown


def test_a_verb_is_a_value() -> None:
    assert say("x") == say(text="x")
    with pytest.raises(ValueError, match="frozen"):
        say("x").text = "y"  # type: ignore[misc]


def test_a_changed_copy_is_checked_and_rendered_anew() -> None:
    first = say("x", loop=2)
    assert first.render_verb(Render())["loop"] == 2
    assert first.model_copy(update={"loop": 3}).render_verb(Render())["loop"] == 3
    with pytest.raises(VerbError):
        first.model_copy(update={"lop": 3})


def test_rendering_twice_gives_values_of_their_own() -> None:
    verb = say("x")
    first = verb.render_verb(Render())
    first["text"] = "changed"
    assert verb.render_verb(Render()) == {"verb": "say", "text": "x"}


def test_a_repr_shows_what_was_set_and_no_secret() -> None:
    verb = config(
        recognizer={"vendor": "deepgram", "deepgramOptions": {"apiKey": "sk-1"}},
        listen={"ws_auth": {"username": "u", "password": "sk-2"}},
    )
    assert "sk-" not in repr(verb)
    assert repr(say("x")) == "Say(text='x')"


def test_a_main_option_is_given_once() -> None:
    with pytest.raises(TypeError, match="one option without its name"):
        say("a", "b")  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="twice"):
        say("a", text="b")


def test_every_typed_verb_is_in_the_documentation() -> None:
    page = (Path(__file__).parent.parent / "docs/api.md").read_text(encoding="utf-8")
    for name in set(VERBS) - {"agent"}:
        assert f"`{name.replace(':', '_')}`" in page
