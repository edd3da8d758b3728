"""Quick lines: the same as slow ones to whoever reads the log, in order, and never at a loss."""

import io
from typing import Any

import orjson
import pytest
import structlog

from app import logs
from app.lines import CALL_IDS, MOST_WAITING, QUICK
from app.settings import Settings
from tests.logging_state import logging_as_before  # noqa: F401


class Call:
    """Somebody whom lines are about."""

    def __init__(self) -> None:
        self.log: Any = structlog.get_logger().bind(call_sid="c1")
        self.is_log_plain = True
        self.log_ids = b'"call_sid":"c1",'


class Page(io.StringIO):
    @property
    def lines(self) -> list[dict[str, Any]]:
        return [orjson.loads(line) for line in self.getvalue().splitlines()]


@pytest.fixture
def page(logging_as_before: None) -> Page:  # noqa: F811
    return configured()


def configured(**settings: Any) -> Page:
    page = Page()
    logs.configure(Settings(log_format="json", **settings), stream=page)
    return page


def test_a_quick_line_looks_like_a_slow_one(page: Page) -> None:
    call = Call()
    QUICK.info("tool_called", call, {"tool": "look", "ms": 1.5})
    call.log.info("tool_called", tool="look", ms=1.5)

    quick, slow = page.lines
    assert list(quick) == ["timestamp", "level", "event", "call_sid", "tool", "ms"]
    assert sorted(quick) == sorted(slow)
    assert quick | {"timestamp": ""} == slow | {"timestamp": ""}
    assert len(quick["timestamp"]) == len(slow["timestamp"]) == len("2026-11-25T04:00:00.000000Z")
    assert quick["timestamp"] <= slow["timestamp"]


def test_lines_wait_for_a_flush_and_keep_their_order(page: Page) -> None:
    call = Call()
    QUICK.info("turn_ended", call, {"n": 1})
    QUICK.info("turn_ended", call, {"n": 2})
    assert page.lines == []

    call.log.warning("slow_turn", n=3)
    QUICK.info("turn_ended", call, {"n": 4})
    QUICK.flush()
    assert [line["n"] for line in page.lines] == [1, 2, 3, 4]


def test_not_more_than_some_lines_wait(page: Page) -> None:
    for number in range(MOST_WAITING + 1):
        QUICK.info("turn_ended", Call(), {"n": number})
    assert len(page.lines) == MOST_WAITING


def test_what_an_author_bound_to_the_logger_is_in_the_line(page: Page) -> None:
    call = Call()
    call.log, call.is_log_plain = call.log.bind(order="A17"), False
    QUICK.info("turn_ended", call, {})

    assert page.lines[0]["order"] == "A17"


@pytest.mark.parametrize(("keeps", "expected"), [(False, None), (True, "+15085551212")])
def test_personal_values_are_there_only_if_the_settings_keep_them(
    page: Page, keeps: bool, expected: str | None
) -> None:
    page = configured(log_pii=keeps)
    QUICK.info("call_started", Call(), {"by": "session:new"}, {"pii.from": "+15085551212"})
    QUICK.flush()

    assert page.lines[0]["by"] == "session:new"
    assert page.lines[0].get("pii.from") == expected


def test_a_higher_level_drops_them_and_people_get_lines_for_people(page: Page) -> None:
    quiet = configured(log_level="warning")
    QUICK.info("turn_ended", Call(), {})
    QUICK.flush()
    assert quiet.getvalue() == ""

    console = Page()
    logs.configure(Settings(log_format="console"), stream=console)
    QUICK.info("turn_ended", Call(), {"llm_ms": 640})
    assert "turn_ended" in console.getvalue()
    assert "llm_ms=640" in console.getvalue()


def test_a_log_that_cannot_be_written_harms_nobody(page: Page) -> None:
    QUICK.info("turn_ended", Call(), {})
    page.close()
    QUICK.flush()
    QUICK.info("turn_ended", Call(), {})
    QUICK.flush()


def test_lines_of_an_author_carry_the_ids_of_the_call_that_they_run_for(page: Page) -> None:
    token = CALL_IDS.set({"call_sid": "c9", "trace_id": "t9"})
    try:
        structlog.get_logger().info("turn_ended")
        structlog.get_logger().info("turn_ended", call_sid="its own")
    finally:
        CALL_IDS.reset(token)

    assert [line["call_sid"] for line in page.lines] == ["c9", "its own"]
    assert page.lines[0]["trace_id"] == "t9"
