"""A wrong option: named with its path, what was expected, what came, and what was meant."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import verbs as typed
from app.agent import Agent
from app.protocol import LocalError
from app.verbs import VERBS, Verb, VerbError, read_verb
from app.verbs.names import fold

# The wrong calls below would not pass the type checker.
verbs: Any = typed
Wrong: Any = Agent
Build = Callable[[], object]


@pytest.mark.parametrize(
    ("build", "text", "path", "suggestion"),
    [
        (lambda: verbs.gather(inptu=["speech"]),
         "gather: unknown option 'inptu'; did you mean 'input'?", "gather", "input"),
        (lambda: verbs.gather(barge_in=True),
         "gather: unknown option 'barge_in'; did you mean 'bargein'?", "gather", "bargein"),
        (lambda: verbs.config(bargeIn={"enabled": True}),
         "config.barge_in: unknown option 'enabled'; did you mean 'enable'?",
         "config.barge_in", "enable"),
        (lambda: verbs.config(recognizer={"vendor": "x", "deepgramOptions": {"smart_format": 1}}),
         "config.recognizer.deepgram_options: unknown option 'smart_format'; "
         "did you mean 'smartFormatting'?",
         "config.recognizer.deepgram_options", "smartFormatting"),
        (lambda: verbs.gather(input=["speach"]),
         "gather.input[0]: expected 'speech' or 'digits'; got 'speach'; did you mean 'speech'?",
         "gather.input[0]", "speech"),
        (lambda: verbs.gather(timeout="3"),
         "gather.timeout: expected a number; got '3'", "gather.timeout", None),
        (lambda: verbs.gather(bargein=1),
         "gather.bargein: expected true or false; got 1", "gather.bargein", None),
        (lambda: verbs.config(vad={"mode": 7}),
         "config.vad.mode: expected a number from 0 to 3; got 7", "config.vad.mode", None),
        (lambda: verbs.say(3),
         "say.text: expected text or a list of texts; got 3", "say.text", None),
        (verbs.say, "say: option 'text' is required, or stream=True", "say", "text"),
        (verbs.pause, "pause: option 'length' is required", "pause", None),
        (lambda: verbs.play(url=None), "play: option 'url' is required", "play", None),
        (lambda: verbs.transfer(target="+16175550100"),
         "transfer: option 'mode' is required: 'blind' or 'warm'", "transfer", None),
        (lambda: verbs.dial({"type": "sip"}),
         "dial.target: a target of type 'sip' needs sip_uri=…", "dial.target", "sip_uri"),
        (lambda: verbs.dial([{"type": "phone", "number": "1"}, {"type": "user"}]),
         "dial.target[1]: a target of type 'user' needs name=…", "dial.target[1]", "name"),
        (lambda: verbs.transfer(mode="warm", target="+16", disposition={"onBusy": "voicemail"}),
         "transfer.disposition: option 'voicemail_url' is required where an outcome is "
         "'voicemail'", "transfer.disposition", "voicemail_url"),
        (lambda: verbs.config(action_hook_delay_action={"actions": [{"verb": "say", "txt": "x"}]}),
         "config.action_hook_delay_action.actions[0].say: unknown option 'txt'; "
         "did you mean 'text'?", "config.action_hook_delay_action.actions[0].say", "text"),
        (lambda: verbs.hangup(headers={"X-A": [1]}),
         "hangup.headers.X-A: expected text or a number; got a list of 1",
         "hangup.headers.X-A", None),
        (lambda: verbs.say("x", earlyMedia=True, early_media=True),
         "say: option 'early_media' is given in both spellings", "say", None),
        (lambda: verbs.say("x", extra={"earlyMedia": True}),
         "say.extra: 'earlyMedia' is a known option: write early_media=… beside extra, not in it",
         "say.extra", "early_media"),
        (lambda: verbs.config(recognizer={1: 2}),
         "config.recognizer: expected names as keys; got 1", "config.recognizer", None),
        (lambda: verbs.tag(["a"]),
         "tag.data: expected an object; got a list of 1", "tag.data", None),
        (lambda: verbs.redirect(" "),
         "redirect.action_hook: expected an @action_hook function, a name such as '/menu-done', "
         "or {url, method, …}; got ' '", "redirect.action_hook", None),
        (lambda: verbs.enqueue("q", waithook="/m"),
         "enqueue: unknown option 'waithook'; did you mean 'wait_hook'?", "enqueue", "wait_hook"),
        (lambda: verbs.room("r", status_events=["joined"]),
         "room.status_events[0]: expected 'start', 'end', 'join', 'leave', 'start-talking', "
         "'stop-talking', 'say-start', 'say-done', 'play-start' or 'play-done'; got 'joined'; "
         "did you mean 'join'?", "room.status_events[0]", "join"),
        (lambda: verbs.sip_decline(200),
         "sip:decline.status: expected a SIP status from 300 to 699; got 200",
         "sip:decline.status", None),
        (lambda: verbs.dtmf("1 2"),
         "dtmf.dtmf: expected keys out of 0-9, *, #, A-D, w for a pause; got '1 2'",
         "dtmf.dtmf", None),
        (lambda: verbs.dub("playOnTrack", track="t"),
         "dub: action 'playOnTrack' needs play=…", "dub", "play"),
        (lambda: verbs.dial("+1617", dub=[{"action": "playTrack", "track": "t"}]),
         "dial.dub[0].action: expected 'addTrack', 'removeTrack', 'silenceTrack', 'playOnTrack' or "
         "'sayOnTrack'; got 'playTrack'; did you mean 'playOnTrack'?",
         "dial.dub[0].action", "playOnTrack"),
        (lambda: verbs.dial("+1617", dub=[{"verb": "play", "action": "addTrack", "track": "t"}]),
         "dial.dub[0].verb: expected the verb 'dub'; got 'play'", "dial.dub[0].verb", None),
        (verbs.transcribe,
         "transcribe: option 'transcription_hook' is required, or translation_hook, or "
         "enable=False", "transcribe", "transcription_hook"),
        (lambda: verbs.message(to="+1617", frm="+1508"),
         "message: unknown option 'frm'; did you mean 'from_'?", "message", "from_"),
        (lambda: verbs.dialogflow(project="p", credentials="{}", lang="en", model="cx"),
         "dialogflow: model 'cx' needs agent=…", "dialogflow", "agent"),
        (lambda: verbs.config(record={"action": "startRecording"}),
         "config.record.action: expected 'startCallRecording', 'stopCallRecording', "
         "'pauseCallRecording' or 'resumeCallRecording'; got 'startRecording'; did you mean "
         "'startCallRecording'?", "config.record.action", "startCallRecording"),
        (lambda: read_verb({"enqueue": {"name": "q", "actionhok": "/a"}}),
         "enqueue: unknown option 'actionhok'; did you mean 'action_hook'?",
         "enqueue", "action_hook"),
        (lambda: verbs.listen("/a", ws_auth={"username": "u"}),
         "listen.ws_auth: option 'password' is required: text", "listen.ws_auth", None),
    ],
)  # fmt: skip
def test_an_error_names_path_fix_and_suggestion(
    build: Build, text: str, path: str, suggestion: str | None
) -> None:
    with pytest.raises(VerbError) as caught:
        build()
    assert str(caught.value).splitlines()[0] == text
    assert (caught.value.path, caught.value.suggestion) == (path, suggestion)


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(VerbError) as caught:
        verbs.gather(timeout="3", bargein="no", say={"txt": "x"})
    assert [found.path for found in caught.value.problems] == [
        ("timeout",),
        ("bargein",),
        ("say",),
    ]


def test_the_error_is_ours_and_a_value_error() -> None:
    with pytest.raises(VerbError) as caught:
        verbs.say(lop=1)
    assert isinstance(caught.value, LocalError)
    assert isinstance(caught.value, ValueError)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("json", [{}, {"text": "x", "loop": 1}, "say", 3, {"verb": ""}])
def test_what_is_no_verb_is_refused(json: object) -> None:
    with pytest.raises(VerbError, match="expected"):
        read_verb(json)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("sya", "say"),
        ("Gather", "gather"),
        ("gathr", "gather"),
        ("sip_refer", "sip:refer"),
        ("hang_up", "hangup"),
        ("dail", "dial"),
        ("enque", "enqueue"),
    ],
)
def test_a_misspelt_verb_is_refused_with_the_one_that_was_meant(name: str, meant: str) -> None:
    for json in ({"verb": name, "text": "x"}, {name: {"text": "x"}}):
        with pytest.raises(VerbError, match=rf"did you mean '{meant}'\?.*raw\('{name}'") as caught:
            read_verb(json)
        assert caught.value.suggestion == meant
    assert typed.raw(name, text="x").to_verb(typed.Render()) == {"verb": name, "text": "x"}


@pytest.mark.parametrize("name", ["cognigy", "rasa", "lex", "brandNew"])
def test_a_verb_that_is_only_unknown_passes(name: str) -> None:
    assert read_verb({"verb": name, "a_b": 1}).to_verb(typed.Render()) == {"verb": name, "a_b": 1}


@pytest.mark.parametrize(
    ("build", "meant"),
    [
        (lambda: verbs.enqueue(queue="support"), "name"),
        (lambda: verbs.enqueue("support", hold_music="/m"), "wait_hook"),
        (lambda: verbs.sip_decline(status_code=486), "status"),
        (lambda: verbs.sip_refer(number="+1617"), "refer_to"),
        (lambda: verbs.conference("daily", muted=True), "join_muted"),
        (lambda: verbs.message(to="+1617", sender="+1508"), "from_"),
        (lambda: verbs.dtmf(digits="1"), "dtmf"),
        (lambda: verbs.dialogflow(language="en-US"), "lang"),
    ],
)
def test_a_habit_from_elsewhere_finds_the_option(build: Build, meant: str) -> None:
    with pytest.raises(VerbError) as caught:
        build()
    assert caught.value.suggestion == meant


def test_what_jambonz_makes_of_a_rest_request_is_no_verb_of_an_application() -> None:
    with pytest.raises(VerbError, match="no application sends it"):
        read_verb({"verb": "rest:dial", "from": "+1617"})


def test_a_secret_is_never_in_an_error() -> None:
    builds: tuple[Build, ...] = (
        lambda: verbs.config(recognizer={"vendor": "x", "deepgramOptions": {"apiKey": ["sk-1"]}}),
        lambda: verbs.listen("/a", ws_auth={"username": "u", "password": 12345678}),
        lambda: verbs.config(recognizer=[{"deepgramOptions": {"apiKey": "sk-1"}}]),
        lambda: Wrong(llm={"vendor": "openai", "auth": {"apiKey": {"key": "sk-1"}}}),
    )
    for build in builds:
        with pytest.raises(VerbError) as caught:
            build()
        assert "sk-1" not in str(caught.value)
        assert "12345678" not in str(caught.value)


def test_a_model_without_a_known_place_needs_the_object() -> None:
    with pytest.raises(VerbError, match=r"deepgram.*write the object") as caught:
        verbs.config(recognizer="gladia:solaria")
    assert caught.value.suggestion is None
    with pytest.raises(VerbError) as caught:
        verbs.config(recognizer="deepgrm:nova-3")
    assert caught.value.suggestion == "deepgram"


@pytest.mark.parametrize("text", ["", ":x", "deepgram:", " : ", "custom:"])
def test_half_a_vendor_is_refused(text: str) -> None:
    with pytest.raises(VerbError, match="expected 'vendor:"):
        verbs.config(recognizer=text)


OPTIONS = [(kind, name) for kind in VERBS.values() for name in kind.model_fields if len(name) > 5]


@settings(max_examples=150, deadline=None, database=None)
@given(st.sampled_from(OPTIONS), st.data())
def test_a_slip_of_the_pen_finds_the_option_that_was_meant(
    option: tuple[type[Verb], str], data: st.DataObject
) -> None:
    kind, name = option
    at = data.draw(st.integers(1, len(name) - 2))
    slips = [
        name[:at] + name[at + 1] + name[at] + name[at + 2 :],
        name[:at] + name[at:].replace("_", "", 1),
        name[:at] + name[at] + name[at:],
        name.title().replace("_", ""),
    ]
    slip = data.draw(st.sampled_from(slips))
    if slip in kind._spellings:
        return
    with pytest.raises(VerbError) as caught:
        kind(**dict[str, Any]({slip: "x"}))
    assert caught.value.suggestion is not None
    assert fold(caught.value.suggestion) == fold(name)


@settings(max_examples=100, deadline=None, database=None)
@given(
    st.sampled_from(sorted(VERBS)),
    st.dictionaries(
        st.text(max_size=8)
        | st.sampled_from(["text", "url", "target", "data", "timeout", "input"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
            lambda inner: (
                st.lists(inner, max_size=2)
                | st.dictionaries(st.text(max_size=4), inner, max_size=2)
            ),
            max_leaves=5,
        ),
        max_size=4,
    ),
)
def test_whatever_comes_is_taken_or_refused_as_a_verb_error(
    name: str, options: dict[str, Any]
) -> None:
    try:
        read_verb({"verb": name, **options})
    except VerbError as error:
        assert error.path.startswith(name)
