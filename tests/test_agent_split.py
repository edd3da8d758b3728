"""A prompt too large for one frame goes out in parts."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.agent import Agent, render, split_prompt
from app.agent.split import find_cut
from app.protocol import MAX_FRAME, Wire, encode_ack
from app.verbs import say

MSGID = "nQdYh3L7bQm2VtXyRj8sKa"
PARAGRAPH = "Answer in one sentence. Ask one thing at a time! Do you know?\n"


def fits(verbs: list[Wire]) -> bool:
    """Whether the ack with these verbs is within jambonz' limit."""
    return len(encode_ack(MSGID, verbs)) <= MAX_FRAME


def fits_in(limit: int) -> Any:
    """The same with another limit, in which some letters are large."""
    return lambda verbs: len(json.dumps(verbs, ensure_ascii=False).encode()) <= limit


def prompt_of(verb: Wire) -> str:
    """The instructions in an agent verb."""
    text: str = verb["llm"]["llmOptions"]["systemPrompt"]
    return text


def test_a_hundred_kilobytes_become_frames_that_fit() -> None:
    prompt = "\n".join(f"Rule {number}: {PARAGRAPH}" for number in range(1500))
    assert len(prompt) > 100_000
    verbs = render([say("Hello."), Agent(llm="openai:gpt-4.1-mini", instructions=prompt)]).verbs
    split = split_prompt(verbs, fits)
    assert split is not None
    assert fits(split.verbs)
    assert split.verbs[0] == verbs[0]
    assert split.verbs[1]["greeting"] is False
    assert split.wanted_greeting
    first = prompt_of(split.verbs[1])
    assert "".join([first, *split.context]) == prompt
    for part in split.context:
        data = {"type": "inject_context", "messages": [{"role": "system", "content": part}]}
        frame = {"type": "command", "command": "agent:update", "data": data}
        assert len(orjson.dumps(frame)) < MAX_FRAME - 512
    assert all(part.endswith("\n") for part in [first, *split.context[:-1]])
    assert len(split.context) <= 5


def test_the_originals_stay_as_they_are() -> None:
    agent = Agent(instructions=PARAGRAPH * 1000)
    verbs = render(agent).verbs
    split_prompt(verbs, fits)
    assert "greeting" not in verbs[0]
    assert prompt_of(render(agent).verbs[0]) == PARAGRAPH * 1000


def test_a_greeting_that_was_off_stays_off() -> None:
    split = split_prompt(render(Agent(instructions="x " * 20_000, greeting=False)).verbs, fits)
    assert split is not None
    assert not split.wanted_greeting
    assert split.verbs[0]["greeting"] is False


def test_a_prompt_in_a_system_message_is_split_there() -> None:
    messages = [{"role": "system", "content": "x " * 20_000}, {"role": "user", "content": "Hi"}]
    split = split_prompt(render(Agent(messages=messages)).verbs, fits)
    assert split is not None
    sent = split.verbs[0]["llm"]["llmOptions"]["messages"]
    assert sent[0]["content"] + "".join(split.context) == "x " * 20_000
    assert sent[1] == messages[1]


@pytest.mark.parametrize(
    "verbs",
    [
        [{"verb": "say", "text": "x" * 30_000}],
        [{"verb": "agent", "eventHook": "/events"}],
        [{"verb": "agent", "llm": {"llmOptions": {"systemPrompt": "short", "tools": []}}}],
        [{"verb": "agent", "llm": {"llmOptions": {
            "systemPrompt": "x", "tools": [{"name": "t", "description": "y" * 30_000}]}}}],
    ],
)  # fmt: skip
def test_where_the_prompt_is_not_the_reason_nothing_is_split(verbs: list[Wire]) -> None:
    assert split_prompt(verbs, fits) is None


@pytest.mark.parametrize(
    ("text", "most", "expected"),
    [
        ("First one.\n\nSecond one. Third one.", 30, "First one.\n\nSecond one. "),
        ("aaaaaaaa bbbb.\n\ncc dd ee", 20, "aaaaaaaa bbbb.\n\n"),
        ("One two. Three four five", 15, "One two. "),
        ("line one\nline two three", 14, "line one\n"),
        ("one two three", 9, "one two "),
        ("abcdefghij", 4, "abcd"),
        ("abe\u0301f", 3, "ab"),
        ("ab\U0001f1eb\U0001f1f7", 3, "ab"),
        ("ab\U0001f469\u200d\U0001f467", 4, "ab"),
        ("ab\U0001f44d\U0001f3fd", 3, "ab"),
        ("你好。再见了吗", 6, "你好。再见了"),
    ],
)
def test_a_cut_is_at_the_best_place_that_is_near(text: str, most: int, expected: str) -> None:
    assert text[: find_cut(text, most)] == expected


@settings(max_examples=40, deadline=None, database=None)
@given(
    st.lists(st.text(st.characters(codec="utf-8"), max_size=80), min_size=30, max_size=80),
    st.integers(1400, 3000),
    st.sampled_from(["\n\n", "\n", ". ", " ", ""]),
)
def test_any_text_comes_out_whole_and_every_frame_fits(
    pieces: list[str], limit: int, joint: str
) -> None:
    prompt = joint.join(pieces)
    small = fits_in(limit)
    verbs = render(Agent(instructions="x" + prompt.replace("{", "("))).verbs
    split = split_prompt(verbs, small)
    if split is None:
        assert small(verbs)
        return
    assert small(split.verbs)
    for part in split.context:
        part.encode()
        assert small([{"role": "system", "content": part}])
    assert "".join([prompt_of(split.verbs[0]), *split.context]) == prompt_of(verbs[0])
