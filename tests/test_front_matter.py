"""Markdown with front matter: what is written is read as it was, and what is wrong has a line."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.front_matter import FrontMatterError, read, write

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
LINES = st.lists(TEXTS | st.sampled_from(["---", "  a", "", "# b", "- c", "d: e"]), max_size=4)
WORDS = st.sampled_from(
    [
        *("yes", "null", "~", "true", "12:30", "0042", "+15085551212", "1e5", "1_0", "2026-01-01"),
        *("<<", "=", ".inf", "-", "a:", "- a", "a: b", "#", "'", '"', "!x", "&y", "*z", "%", "@"),
        *("`", "|", ">", "a #b", " ", "0\n", "null\n"),
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS | WORDS | LINES.map("\n".join)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS | WORDS, inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=60)
@given(st.dictionaries(TEXTS | WORDS, VALUES, max_size=4), LINES.map("\n".join))
def test_what_is_written_is_read_as_it_was(fields: dict[str, Any], body: str) -> None:
    text = write(fields, body)
    document = read(text)

    assert document.fields == fields
    assert list(document.fields) == list(fields), "in the same order"
    assert document.body == body
    assert write(document.fields, document.body) == text


def test_a_text_by_hand_reads_as_it_looks() -> None:
    text = (
        "---\nname: Yes\nnumbers: [+15085551212, 0042]\nat: 12:30\nspeed: 1.5\non: true\n---\nHi."
    )

    document = read(text)

    assert document.fields == {
        "name": "Yes",
        "numbers": ["+15085551212", "0042"],
        "at": "12:30",
        "speed": 1.5,
        "on": True,
    }
    assert document.body == "Hi."


def test_a_prompt_of_several_lines_is_no_riddle_in_the_file() -> None:
    assert write({"name": "Ärzte", "rules": "one\ntwo\n"}, "Say hello.\n\nBe brief.") == (
        "---\nname: Ärzte\nrules: |\n  one\n  two\n---\n\nSay hello.\n\nBe brief.\n"
    )


def test_a_file_of_windows_reads_like_any_other() -> None:
    document = read("\ufeff---\r\nname: Front desk\r\n---\r\n\r\nOne.\r\nTwo.\r\n")

    assert document.fields == {"name": "Front desk"}
    assert document.body == "One.\nTwo."


def test_the_fields_may_be_all_there_is() -> None:
    assert read("---\nname: a\n---").body == ""
    assert read("---\n---\n").fields == {}


def test_every_field_knows_its_line() -> None:
    document = read("---\nname: a\nvad:\n  type: b\nnumbers:\n  - c\n  - d: 1\n---\n")

    assert document.line_of("vad.type") == 4
    assert document.line_of("numbers[0]") == 6
    assert document.line_of("numbers[1].d") == 7
    assert document.line_of("vad.missing") == 3, "the nearest around it"
    assert document.line_of("missing") is None


DEEP = "[" * 60 + "]" * 60
WRONG = [
    ("", 1, "expected a line `---`, with the fields below it, came nothing"),
    ("Hello.\n", 1, "expected a line `---`, with the fields below it, came 'Hello.'"),
    ("---\nname: a\n", 1, "the fields have no end; close them with a line `---`"),
    ("---", 1, "the fields have no end; close them with a line `---`"),
    ("---\n- a\n---\n", 2, "expected fields such as `name: Front desk`"),
    ("---\na: 1\nb: 2\na: 3\n---\n", 4, "a stands in line 2 already; keep one"),
    ("---\nv:\n  a: 1\n  a: 2\n---\n", 4, "v.a stands in line 3 already; keep one"),
    ("---\na: &x 1\nb: *x\n---\n", 3, "write the value again; *names are not read"),
    ("---\na: 1\nb: [\n---\n", 4, "expected the node content"),
    ("---\na: !!python/name:os.system\n---\n", 2, "expected a plain value"),
    ("---\na: !!binary aGk=\n---\n", 2, "expected a plain value, came one with !binary"),
    ("---\na: !!int x\n---\n", 2, "expected int, came 'x'"),
    ("---\n[a]: 1\n---\n", 2, "expected a name before the colon"),
    ("---\na: b\n\tc: d\n---\n", 3, "found character"),
    ("---\na: b\nc: \a\n---\n", 3, "special characters are not allowed"),
    (f"---\na: {DEEP}\n---\n", 2, "lies too deep in other fields"),
    ("---\na: " + "[" * 60_000 + "\n---\n", 2, "lies too deep in other fields"),
    ("---\na: " + "b" * 70_000 + "\n---\n", 1, "expected fields of 65,536 characters at most"),
]


@pytest.mark.parametrize(("text", "line", "message"), WRONG, ids=range(len(WRONG)))
def test_what_cannot_be_read_is_told_with_its_line(text: str, line: int, message: str) -> None:
    with pytest.raises(FrontMatterError) as raised:
        read(text)

    assert raised.value.line == line, raised.value
    assert message in raised.value.message
    assert str(raised.value).startswith(f"line {line}: ")
