"""What a text is found by."""

import pytest

from app.store.terms import MOST_WANTED, occurrences, terms_of, vector, wanted_terms, words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("hour", "Hours"),
        ("open", "OPENING"),
        ("stop", "stopped"),
        ("policy", "policies"),
        ("close", "closed"),
        ("address", "addresses"),
        ("café", "CAFE\u0301S"),
        ("Straße", "STRASSE"),
        ("heure", "heures"),
        ("９", "9"),
    ],
)
def test_forms_of_a_word_are_one_term(one: str, other: str) -> None:
    assert terms_of(one) == terms_of(other) != []


@pytest.mark.parametrize("word", ["bus", "gas", "glass", "sing", "red", "24", "a1s", "ключ"])
def test_what_only_looks_like_an_ending_stays(word: str) -> None:
    assert terms_of(word) == [word]


def test_words_without_blanks_between_them_are_found_by_pairs() -> None:
    assert terms_of("営業時間") == ["営業", "業時", "時間"]


def test_a_question_looks_for_what_it_is_about() -> None:
    assert wanted_terms("What are your opening hours on Sundays?") == ["open", "hour", "sundai"]


def test_a_question_of_small_words_only_is_taken_as_it_is() -> None:
    assert wanted_terms("Who are you?") == ["who", "are", "you"]


def test_a_question_looks_for_so_many_terms_and_no_more() -> None:
    assert len(wanted_terms(" ".join(f"word{number}" for number in range(500)))) == MOST_WANTED


@pytest.mark.parametrize(
    "text", ['"', "'", "a' | 'b", "a:* & !b", "x) OR (y", "\\", "NEAR(a b)", "\0"]
)
def test_a_term_holds_letters_and_digits_only(text: str) -> None:
    assert all(term.isalnum() for term in terms_of(text))


def test_terms_are_counted_alike_in_what_either_engine_keeps() -> None:
    terms = " ".join(terms_of("Hours, hour by hour: the shop at the hourly rate"))
    wanted = ["hour", "shop", "hourli", "nothing"]
    expected = {"hour": 3, "shop": 1, "hourli": 1}

    assert occurrences(terms, wanted, is_sqlite=True) == expected
    assert occurrences(vector(terms), wanted, is_sqlite=False) == expected


def test_terms_come_back_in_their_order() -> None:
    terms = "the shop the end is the end"

    assert words(vector(terms)) == terms
