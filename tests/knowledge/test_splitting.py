"""Texts are cut into passages where they make a break themselves."""

from hypothesis import given
from hypothesis import strategies as st

from app.knowledge.splitting import MOST_CHARACTERS, split


def test_each_section_is_a_passage_under_its_headings() -> None:
    passages = split(
        "Welcome.\n\n# Delivery\n\nBy bike.\n\n## Abroad ##\n\nBy ship.\n\n# Returns\n\nNone."
    )

    assert [(each.heading, each.content) for each in passages] == [
        ("", "Welcome."),
        ("Delivery", "By bike."),
        ("Delivery › Abroad", "By ship."),
        ("Returns", "None."),
    ]


def test_short_paragraphs_of_a_section_stay_together() -> None:
    (passage,) = split("# A\n\nOne.\nTwo.\n\nThree.")

    assert passage.content == "One.\nTwo.\n\nThree."


def test_a_long_section_is_cut_between_paragraphs() -> None:
    one, two = "a" * 700, "b" * 700

    assert [each.content for each in split(f"# A\n\n{one}\n\n{two}")] == [one, two]


def test_a_long_paragraph_is_cut_at_the_end_of_a_sentence() -> None:
    sentence = "This is a sentence of some words that goes on for a while. "
    passages = split(sentence * 60)

    assert all(each.content.endswith(".") for each in passages)
    assert len(passages) > 2


def test_a_comment_in_code_is_no_heading() -> None:
    (passage,) = split("# Setup\n\n```\n# not a heading\n\nrun\n```")

    assert passage.heading == "Setup"
    assert "# not a heading" in passage.content


def test_a_heading_without_text_is_no_passage() -> None:
    assert split("# Nothing\n\n## Here") == []


@given(st.text(alphabet="ab .\n#`é", max_size=5000))
def test_nothing_is_lost_and_nothing_is_too_long(text: str) -> None:
    passages = split(text)
    kept = "".join(each.content for each in passages)

    assert all(0 < len(each.content) <= MOST_CHARACTERS for each in passages)
    for letter in "abé":
        in_headings = sum(
            line.count(letter) for line in text.splitlines() if line.lstrip().startswith("#")
        )
        assert text.count(letter) - in_headings <= kept.count(letter) <= text.count(letter)
