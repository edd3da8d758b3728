"""Logs: one shape for every line, no personal data and no secrets in it."""

import io
import logging
import re
import time
import warnings
from typing import Any

import orjson
import pytest
import structlog

from app.logs import Event, configure, mask_personal, mask_secrets, pii
from app.settings import Settings
from tests.logging_state import logging_as_before  # noqa: F401

pytestmark = pytest.mark.usefixtures("logging_as_before")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def lines_of(out: io.StringIO) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in out.getvalue().splitlines()]


def start(**settings: Any) -> io.StringIO:
    out = io.StringIO()
    configure(Settings(**settings), stream=out)
    return out


def test_every_line_has_time_level_and_event_first() -> None:
    out = start()
    structlog.get_logger().bind(call_sid="CA1").info(Event.CALL_STARTED, path="/weather")

    (line,) = lines_of(out)
    assert list(line)[:3] == ["timestamp", "level", "event"]
    assert (line["level"], line["event"]) == ("info", "call_started")
    assert (line["call_sid"], line["path"]) == ("CA1", "/weather")
    assert line["timestamp"].endswith("Z")


def test_an_event_is_written_as_its_name_in_lower_case() -> None:
    assert all(event.value == event.name.lower() for event in Event)


def test_personal_data_is_dropped_unless_the_setting_keeps_it() -> None:
    for keep in (False, True):
        out = start(log_pii=keep)
        structlog.get_logger().info(Event.AGENT_ENDED, **pii(transcript="my name is Ann"), turn=1)

        (line,) = lines_of(out)
        assert line["turn"] == 1
        assert line.get("pii.transcript") == ("my name is Ann" if keep else None)


@pytest.mark.parametrize(
    "name",
    [
        *("authorization", "Proxy-Authorization", "api_key", "xi-apiKey", "ws_password", "auth"),
        *("token", "sessionToken", "client_secret", "secretAccessKey", "credentials"),
    ],
)
def test_secrets_are_hidden_at_any_depth(name: str) -> None:
    out = start(log_pii=True)
    log = structlog.get_logger()
    log.info(Event.LIBRARY, **{name: "hunter2"})
    log.info(Event.LIBRARY, llm={"vendor": "openai", name: {"key": "hunter2"}})
    log.info(Event.LIBRARY, verbs=[{"llm": {name: "hunter2"}}])

    assert "hunter2" not in out.getvalue()
    assert lines_of(out)[1]["llm"]["vendor"] == "openai"


def test_a_line_on_a_terminal_is_short_and_has_the_ids_last() -> None:
    out = Terminal()
    configure(Settings(log_format="console"), stream=out)
    ids = {"call_sid": "11111111-2222", "account_sid": "33333333-4444", "trace_id": "5555555566"}
    log = structlog.get_logger().bind(**ids)
    log.info(Event.CALL_STARTED, application="/weather")
    log.info(Event.TOOL_CALLED, tool="get_weather", ms=0.2)

    started, called = (re.sub(r"\x1b\[[\d;]*m", "", line) for line in out.getvalue().splitlines())
    assert "call_sid=11111111-2222" in started  # once in full, to be copied
    assert re.fullmatch(
        r"\d\d:\d\d:\d\d \[info\] tool_called +tool=get_weather ms=0.2"
        r" call_sid=11111111 account_sid=33333333 trace_id=55555555",
        called,
    )


def test_a_structure_without_end_is_cut() -> None:
    out = start()
    endless: list[object] = []
    endless.append(endless)
    structlog.get_logger().info(Event.LIBRARY, endless=endless)

    assert "…" in out.getvalue()


def test_what_is_not_json_is_written_as_text() -> None:
    out = start()
    structlog.get_logger().info(Event.LIBRARY, thing=ValueError("x"), keys={1: 2})

    (line,) = lines_of(out)
    assert (line["thing"], line["keys"]) == ("x", {"1": 2})


def test_an_exception_is_a_structure_without_the_values_of_variables() -> None:
    out = start()
    secret = "hunter2"  # a local variable that must not be written
    try:
        raise ValueError(f"bad caller +1 (508) 555-1212 of length {len(secret)}")
    except ValueError:
        structlog.get_logger().exception(Event.HANDLER_FAILED)

    (line,) = lines_of(out)
    (trace,) = line["exception"]
    assert trace["exc_type"] == "ValueError"
    assert trace["exc_value"] == "bad caller (number) of length 7"
    assert trace["frames"][-1]["name"] == (
        "test_an_exception_is_a_structure_without_the_values_of_variables"
    )
    assert "hunter2" not in out.getvalue()


def test_numbers_are_masked_in_the_parts_of_an_exception_group_too() -> None:
    out = start()
    try:
        raise ExceptionGroup("both", [ValueError("+15085551212"), TypeError("x")])
    except ExceptionGroup:
        structlog.get_logger().exception(Event.HANDLER_FAILED)

    assert "5551212" not in out.getvalue()
    assert "TypeError" in out.getvalue()


def test_short_numbers_are_not_masked() -> None:
    assert mask_personal("code 1009 at 24576 bytes") == "code 1009 at 24576 bytes"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("ask ann.lee+x@example.com now", "ask (address) now"),
        ("from sip:ann@192.0.2.7", "from sip:(address)"),
        ("peer 192.0.2.7:443 and 2001:db8::7, ::1", "peer (address):443 and (address), (address)"),
        ("at 12:34:56 in v1.2.3", "at 12:34:56 in v1.2.3"),
    ],
)
def test_addresses_of_people_are_masked(text: str, masked: str) -> None:
    assert mask_personal(text) == masked


SECRETS = [
    "cannot open wss://jambonz:hunter2@voice.example.com/weather",
    "GET https://api.example.com/v1?city=x&api_key=hunter2&b=1 failed",
    "sent b'Authorization: Basic hunter2'",
    "{'Authorization': 'Token hunter2'}",
    "Bearer hunter2hunter2 was refused",
    "Incorrect API key provided: sk-proj-hunter2hunter2",
]


@pytest.mark.parametrize("text", SECRETS)
def test_keys_in_free_text_are_masked_even_where_personal_data_is_kept(text: str) -> None:
    out = start(log_pii=True)
    log = structlog.get_logger()
    try:
        raise ValueError(text)
    except ValueError as error:
        error.add_note(text)
        log.exception(Event.HANDLER_FAILED, error=text, **pii(content=[text]))
    logging.getLogger("aiohttp").error(text)

    assert "hunter2" not in out.getvalue()
    assert lines_of(out)[0]["error"].partition(" ")[0] == text.partition(" ")[0]


@pytest.mark.parametrize("text", ["the bearer certificates", "https://example.com/@ann?page=2"])
def test_what_only_resembles_a_key_is_not_masked(text: str) -> None:
    assert mask_secrets(text) == text


@pytest.mark.parametrize(
    "text", ["1" * 10**6, "a" * 10**6, ":" * 10**6, "a:" * 10**6, "?a" * 10**6]
)
def test_masking_takes_no_longer_on_text_that_is_made_for_it(text: str) -> None:
    begun = time.perf_counter()
    mask_personal(mask_secrets(text))

    assert time.perf_counter() - begun < 5


def test_a_level_below_the_setting_is_not_written() -> None:
    out = start(log_level="warning")
    log = structlog.get_logger()
    log.info(Event.CALL_STARTED)
    log.warning(Event.SOCKET_LOST)

    assert [line["event"] for line in lines_of(out)] == ["socket_lost"]


def test_the_logs_of_libraries_take_the_same_shape() -> None:
    out = start()
    logging.getLogger("aiohttp.server").error("Error handling request from %s", "+15085551212")

    (line,) = lines_of(out)
    assert (line["event"], line["level"]) == ("library", "error")
    assert line["logger"] == "aiohttp.server"
    assert line["message"] == "Error handling request from (number)"


def test_the_exception_of_a_library_is_a_structure_too() -> None:
    out = start()
    try:
        raise OSError("gone")
    except OSError:
        logging.getLogger("asyncio").exception("Task exception was never retrieved")

    (line,) = lines_of(out)
    assert line["exception"][0]["exc_value"] == "gone"


def test_the_exception_of_a_library_is_told_after_it_was_handled_too() -> None:
    out = start()
    error = OSError("gone")
    logging.getLogger("asyncio").error("never retrieved", exc_info=(OSError, error, None))

    (line,) = lines_of(out)
    assert line["exception"][0]["exc_value"] == "gone"


def test_libraries_are_not_heard_below_info() -> None:
    out = start(log_level="debug")
    logging.getLogger("asyncio").debug("Using selector")

    assert out.getvalue() == ""


def test_a_warning_of_python_becomes_a_line() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        out = start()
        warnings.warn("old", UserWarning, stacklevel=1)

    (line,) = lines_of(out)
    assert line["logger"] == "py.warnings"


def test_to_configure_twice_does_not_write_twice() -> None:
    start()
    out = start()
    logging.getLogger("aiohttp.server").warning("once")

    assert len(lines_of(out)) == 1


def test_a_log_that_cannot_be_written_stops_nothing() -> None:
    out = start()
    log = structlog.get_logger().bind(call_sid="CA1")
    out.close()

    log.info(Event.CALL_STARTED)
    logging.getLogger("aiohttp.server").error("gone")


def test_a_terminal_gets_lines_for_people() -> None:
    out = Terminal()
    configure(Settings(), stream=out)
    try:
        raise ValueError("bad caller +15085551212")
    except ValueError:
        structlog.get_logger().exception(Event.HANDLER_FAILED, tool="get_weather")

    assert "handler_failed" in out.getvalue()
    assert "Traceback" in out.getvalue()
    assert "(number)" in out.getvalue()
    assert not out.getvalue().startswith("{")


def test_the_setting_wins_over_the_terminal() -> None:
    out = Terminal()
    configure(Settings(log_format="json"), stream=out)
    structlog.get_logger().info(Event.CALL_STARTED)

    assert lines_of(out)[0]["event"] == "call_started"
