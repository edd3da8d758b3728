"""What fails again and again is told each time, and with its traceback now and then."""

import pytest

from app.session import failures
from app.session.failures import MOST_PLACES, Failures


def raised(kind: type[Exception], *, elsewhere: bool = False) -> Exception:
    try:
        if elsewhere:
            raise kind("elsewhere")
        raise kind("here")
    except Exception as error:
        return error


def test_the_first_failure_of_a_place_is_news_and_the_next_is_not() -> None:
    told = Failures()

    assert told.is_news(raised(KeyError))
    assert not told.is_news(raised(KeyError))
    assert told.is_news(raised(ValueError)), "another error from the same line"
    assert told.is_news(raised(KeyError, elsewhere=True)), "the same error from another line"


def test_after_a_while_it_is_news_again(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Failures()
    assert told.is_news(raised(KeyError))
    monkeypatch.setattr(failures, "QUIET_SECONDS", 0.0)
    assert told.is_news(raised(KeyError))


def test_what_was_never_raised_has_no_place_and_does_no_harm() -> None:
    told = Failures()
    assert told.is_news(TimeoutError("too long"))
    assert not told.is_news(TimeoutError("too long"))


def test_places_are_bounded() -> None:
    told = Failures()
    for number in range(MOST_PLACES + 10):
        assert told.is_news(type(f"Error{number}", (Exception,), {})())
    assert len(told._told) <= MOST_PLACES
