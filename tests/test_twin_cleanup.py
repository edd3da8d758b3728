"""What of a model's text is spoken, however it is cut into pieces."""

import random

import pytest

from app.twin.agent.cleanup import HELD, Cleanup

CASES = {
    "Hello there.": "Hello there.",
    "*smiles* Hello!": "Hello!",
    "Hello *waves*.": "Hello.",
    "Well *sighs* let me see.": "Well let me see.",
    "*leans back and grins* Sure.": "Sure.",
    "That is *really* good, **very** good.": "That is really good, very good.",
    "*This* one.": "This one.",
    "***Both*** of them": "Both of them",
    "2 * 3 * 4 is 24, and 5*3 is 15.": "2 * 3 * 4 is 24, and 5*3 is 15.",
    "[laughs] Good one.": "Good one.",
    "Yes [pause], and no.": "Yes, and no.",
    "See [our site](https://e.org/a_b) now.": "See our site now.",
    "(softly) I am here.": "I am here.",
    "(in a calm voice) Breathe.": "Breathe.",
    "It is 52 (about 11 Celsius) today.": "It is 52 (about 11 Celsius) today.",
    "Come in (with your card) please.": "Come in (with your card) please.",
    "Two (2) of them": "Two (2) of them",
    "<think>Is it? Is <b>it</b> so?</think>Yes.": "Yes.",
    "<THINKING>\nhm\n</THINKING>\nNo.": "No.",
    "Right.<think>never ends": "Right.",
    "x < 3 and y > 2": "x < 3 and y > 2",
    'Wait <break time="1s"/> now.': 'Wait <break time="1s"/> now.',
    "# Title\nText": "Title\nText",
    "We are #1 here.": "We are #1 here.",
    "Choose:\n- red\n- blue": "Choose:\n red\n blue",
    "* red\n* blue": "red\n blue",
    "> quoted": "quoted",
    "One\n---\nTwo": "One\nTwo",
    "A well-known 24-hour line - call it.": "A well-known 24-hour line - call it.",
    "-5 degrees": "-5 degrees",
    "Run `make call` now.": "Run make call now.",
    "```python\nprint(1)\n```\nDone.": "print(1)\nDone.",
    "The field is order_id, _not_ name.": "The field is order_id, not name.",
    "Great 😀👍🏽! 🇩🇪": "Great!",
    "Call ☎️ us ✅": "Call us",
    "a | b": "a b",
    "~~old~~ new, ~5 km": "old new, ~5 km",
    "Unfinished *smil": "Unfinished smil",
    "Unfinished (softl": "Unfinished (softl",
    "Unfinished [laug": "Unfinished [laug",
}


@pytest.mark.parametrize(("text", "spoken"), CASES.items())
def test_only_what_is_meant_to_be_said_is_spoken(text: str, spoken: str) -> None:
    cleanup = Cleanup()

    heard = cleanup.feed(text) + cleanup.finish()

    assert heard.split() == spoken.split()
    assert heard.strip() == " ".join(heard.split(" ")).strip()


@pytest.mark.parametrize("text", CASES)
def test_it_does_not_matter_where_the_text_is_cut(text: str) -> None:
    at_once = Cleanup()
    whole = (at_once.feed(text) + at_once.finish()).split()
    for seed in range(20):
        dice, cleanup, heard, rest = random.Random(seed), Cleanup(), "", text
        while rest:
            size = dice.randint(1, 4)
            heard += cleanup.feed(rest[:size])
            rest = rest[size:]
        assert (heard + cleanup.finish()).split() == whole


def test_ordinary_words_are_not_held_back() -> None:
    cleanup = Cleanup()

    assert [cleanup.feed(piece) for piece in ("Good", " day", ". How", " are (a")] == [
        "Good",
        " day",
        ". How",
        " are",
    ]
    assert cleanup.feed("bout) you?") == " (about) you?"


def test_what_never_ends_is_held_no_longer_than_needed() -> None:
    cleanup = Cleanup()
    cleanup.feed("Look [")

    assert cleanup.feed("so " * HELD).startswith(" [so so")


def test_a_thought_is_dropped_however_long_it_is() -> None:
    cleanup = Cleanup()
    cleanup.feed("<think>")

    assert "".join(cleanup.feed("mulling ") for _ in range(1000)) == ""
    assert cleanup.feed("</thi") + cleanup.feed("nk> Done.") == " Done."
