"""Registering handlers."""

from typing import Any

import pytest

from app import Application, ConfigurationError, GatherEnded, Session
from app.application.handler import compile_handler


def test_a_handler_keeps_being_the_function_it_is() -> None:
    hello = Application("/hello")

    @hello.session_new
    def answer(session: Session) -> dict[str, Any]:
        return {"verb": "hangup"}

    assert answer(None) == {"verb": "hangup"}  # type: ignore[arg-type]


def test_two_handlers_for_one_thing_are_an_error() -> None:
    hello = Application("/hello")
    hello.session_new(lambda session: {"verb": "hangup"})
    hello.on("/menu", lambda session, data: None)
    with pytest.raises(ConfigurationError, match="session_new is handled"):
        hello.session_new(lambda session: {"verb": "hangup"})
    with pytest.raises(ConfigurationError, match="has a handler already"):
        hello.on("/menu", lambda session, data: None)


def test_a_handler_that_wants_too_much_is_an_error_that_shows_the_form() -> None:
    def greedy(session: Session, data: Any, more: Any) -> None: ...

    with pytest.raises(ConfigurationError, match=r"write it as greedy\(session, event\)"):
        Application("/hello").on("/menu", greedy)


@pytest.mark.parametrize(
    ("takes", "function"),
    [
        (0, lambda: "called"),
        (1, lambda session: "called"),
        (2, lambda session, event: "called"),
        (2, lambda session, event, extra=None: "called"),
    ],
)
def test_a_handler_gets_as_much_as_it_takes(takes: int, function: Any) -> None:
    handler = compile_handler(function)

    assert handler.takes == takes
    assert handler.call(None, {}) == "called"


def test_an_annotation_asks_for_the_typed_event() -> None:
    def typed(session: Session, heard: GatherEnded) -> None: ...
    def named(session: Session, heard: "GatherEnded") -> None: ...
    def either(session: Session, heard: "GatherEnded | None") -> None: ...
    def raw(session: Session, data: dict[str, Any]) -> None: ...

    assert compile_handler(typed).is_typed
    assert compile_handler(named).is_typed
    assert compile_handler(either).is_typed
    assert not compile_handler(raw).is_typed
