"""A passage as it can be spoken."""

from app.knowledge.spoken import LONGEST, coverage, spoken
from app.store.passages import FoundPassage


def test_it_begins_with_the_sentence_that_fits_the_question() -> None:
    text = "We are a small shop. We love our town. We open at nine. We close at five."

    assert spoken(text, "When do you open?") == "We open at nine. We close at five."


def test_it_is_as_long_as_one_listens() -> None:
    text = " ".join(f"This is sentence number {number} of very many." for number in range(99))

    assert LONGEST / 2 < len(spoken(text, "sentence")) <= LONGEST
    assert len(spoken("word " * 500, "word")) <= LONGEST + 2
    assert len(spoken("w" * 5000, "word")) <= LONGEST + 2


def test_markup_is_not_spoken() -> None:
    text = "# Hours\n\n- **Monday**: [nine to five](https://example.com)\n- `Sunday` | closed"

    assert spoken(text, "Monday") == "Monday: nine to five Sunday closed"


def test_nothing_to_say_is_nothing() -> None:
    assert spoken(" \n* \n", "x") == ""


def test_how_much_of_a_question_a_passage_covers() -> None:
    found = FoundPassage("b", "d", "Delivery", "Prices", "It costs four euros.", 1.0)

    assert coverage(found, "How much is the delivery?") == 1.0
    assert coverage(found, "delivery by helicopter") == 0.5
    assert coverage(found, "Do you sell helicopters?") == 0.0
    assert coverage(found, "?") == 0.0
