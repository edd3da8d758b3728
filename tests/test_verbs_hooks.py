"""References to hooks: collected wherever they stand, so that the session can answer them."""

from typing import Any

import pytest

from app import verbs as typed
from app.hook import action_hook, event_hook
from app.protocol import ReferStatus, VerbEnded
from app.verbs import (
    Render,
    Verb,
    VerbError,
    conference,
    config,
    dial,
    dialogflow,
    enqueue,
    gather,
    raw,
    read_verb,
    redirect,
    sip_refer,
    transcribe,
    transfer,
)
from tests.strategies import counted, ended

verbs: Any = typed  # for calls that a type checker would refuse


@event_hook
async def followed(status: ReferStatus) -> None:
    """Hears how a REFER goes."""


def collect(verb: Verb) -> Render:
    """What a verb refers to."""
    render = Render()
    verb.render_verb(render)
    return render


@pytest.mark.parametrize(
    "verb",
    [
        gather(action_hook=ended),
        gather(partial_result_hook=ended),
        gather(play={"url": "u", "action_hook": ended}),
        config(barge_in={"actionHook": ended}),
        config(amd={"action_hook": ended}),
        config(sip_request_within_dialog_hook=ended),
        config(listen={"url": "/audio", "action_hook": ended}),
        config(transcribe={"transcription_hook": ended}),
        config(action_hook_delay_action={"give_up_actions": [gather(action_hook=ended)]}),
        dial("+1617", listen={"url": "/audio", "action_hook": ended}),
        dial({"type": "phone", "number": "+1617", "confirm_hook": ended}),
        transfer(mode="warm", target="+1617", on_hold_hook=ended),
        transfer(mode="warm", target="+1617", event_hook=counted),
        redirect(ended),
        raw("enqueue", name="q", wait_hook=ended),
        raw("llm", llmOptions={"nested": [{"anyHook": ended}]}),
        read_verb({"verb": "enqueue", "name": "q", "waitHook": ended}),
        read_verb({"brandNew": {"anyHook": ended}}),
        conference("daily", enter_hook=ended),
        conference("daily", listen={"url": "/audio", "action_hook": ended}),
        transcribe(ended),
        sip_refer("+1617", event_hook=followed),
        dialogflow(project="p", credentials="{}", lang="en-US", tool_hook=ended),
    ],
)
def test_a_hook_function_is_found_wherever_it_stands(verb: Verb) -> None:
    shown = repr(verb)
    hook = counted if "counted" in shown else followed if "followed" in shown else ended
    render = collect(verb)
    assert render.hooks == {hook.label: hook}
    assert hook.label in str(verb.render_verb(Render()))
    assert render.names == set()
    assert collect(verb).hooks == render.hooks  # also from the cache


@pytest.mark.parametrize(
    ("verb", "names"),
    [
        (gather(action_hook="/a", partial_result_hook="b"), {"/a", "b"}),
        (gather(action_hook={"url": "/a", "username": "u", "password": "p"}), {"/a"}),
        (gather(action_hook="https://example.com/a"), set()),
        (gather(action_hook={"url": "wss://example.com/a"}), {"wss://example.com/a"}),
        (raw("enqueue", waitHook="/w", actionHook={"url": "/a"}), {"/w", "/a"}),
        (enqueue("q", wait_hook="/w", action_hook={"url": "/a"}), {"/w", "/a"}),
        (transcribe("/t", translation_hook="/l"), {"/t", "/l"}),
        (raw("rest:dial", call_hook="/c"), {"/c"}),
        (config(transcribe={"transcription_hook": "/t"}), {"/t"}),
        (redirect("wss://example.com/elsewhere", status_hook="/s"), set()),
    ],
)  # fmt: skip
def test_names_are_collected_unless_another_server_answers(verb: Verb, names: set[str]) -> None:
    assert collect(verb).names == names


def test_an_undecorated_function_is_refused_with_the_decorator() -> None:
    def done() -> None: ...

    with pytest.raises(VerbError, match=r"done is a plain function; decorate it with @action_hook"):
        verbs.gather(action_hook=done)


def test_an_event_hook_cannot_answer_a_verb() -> None:
    with pytest.raises(VerbError, match=r"counted is an event hook.*@action_hook"):
        gather(action_hook=counted)


def test_two_functions_cannot_share_a_label() -> None:
    hooks = []
    for _ in range(2):

        @action_hook
        async def same(result: VerbEnded) -> None: ...

        hooks.append(same)
    assert hooks[0].label == hooks[1].label
    render = collect(gather(action_hook=hooks[0]))
    with pytest.raises(VerbError, match="share the label"):
        gather(action_hook=hooks[1]).render_verb(render)
