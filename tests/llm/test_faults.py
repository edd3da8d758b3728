"""What goes wrong at a vendor, and what a call is told: a kind, and whether to try again."""

import pytest

from app.llm import ErrorKind, Token
from tests.llm.hearing import CALL, HELLO, PORTLAND, hear, nothing_is_left
from tests.llm.servers.base import Answer, LoopbackVendor

pytestmark = pytest.mark.asyncio(loop_scope="module")

SHORT = 150
"""Milliseconds of silence that are too many, where a test waits for them."""

REFUSED: dict[str, tuple[Answer, ErrorKind, bool]] = {
    "400": (Answer(status=400), "bad_request", False),
    "401": (Answer(status=401), "auth", False),
    "403": (Answer(status=403), "auth", False),
    "404": (Answer(status=404), "bad_request", False),
    "429": (Answer(status=429), "rate_limit", True),
    "500": (Answer(status=500), "overloaded", True),
    "503": (Answer(status=503), "overloaded", True),
}
BROKEN: dict[str, tuple[Answer, ErrorKind, bool]] = {
    "dropped": (Answer(cut="drop"), "connection", True),
    "ended early": (Answer(cut="clean"), "truncated", True),
    "not readable": (Answer(garbage=True), "protocol", False),
    "error inside a 200": (Answer(error_inside=True), "overloaded", True),
    "silent in the middle": (Answer(stall="middle"), "timeout", True),
}
SILENT = {
    "silent before the headers": Answer(stall="headers"),
    "silent before the first token": Answer(stall="first"),
}


@pytest.mark.parametrize("fault", REFUSED)
async def test_a_refusal_has_its_kind_and_the_vendors_words(
    vendor: LoopbackVendor, fault: str
) -> None:
    answer, kind, retryable = REFUSED[fault]
    vendor.answer(answer)

    heard = await hear(vendor.connect(maxRetries=0), HELLO)

    error = heard.end.error
    assert error is not None
    assert heard.events == (heard.end,)
    assert heard.end.finish == "error"
    assert (error.kind, error.retryable, error.status) == (kind, retryable, answer.status)
    assert (error.vendor, error.request_id) == (vendor.vendor, "req_1")
    assert "it went wrong" in str(error)


@pytest.mark.parametrize("fault", BROKEN)
async def test_what_was_said_before_a_break_is_heard(vendor: LoopbackVendor, fault: str) -> None:
    answer, kind, retryable = BROKEN[fault]
    vendor.answer(answer)

    heard = await hear(vendor.connect(timeout=SHORT), HELLO)

    error = heard.end.error
    assert error is not None
    assert heard.events[0] == Token("Hello")
    assert (error.kind, error.retryable, error.vendor) == (kind, retryable, vendor.vendor)
    assert len(vendor.requests) == 1, "what was begun is not asked for again"


@pytest.mark.parametrize("fault", SILENT)
async def test_silence_ends_in_a_timeout(vendor: LoopbackVendor, fault: str) -> None:
    vendor.answer(SILENT[fault])

    heard = await hear(vendor.connect(timeout=SHORT), HELLO)

    error = heard.end.error
    assert error is not None
    assert (error.kind, error.retryable) == ("timeout", True)
    assert len(vendor.requests) == 1, "a caller has no patience for a second silence"
    await vendor.someone_left()
    await nothing_is_left()


async def test_a_call_of_a_stream_that_broke_is_never_made(vendor: LoopbackVendor) -> None:
    vendor.answer(Answer((CALL, "never heard"), cut="drop"))

    heard = await hear(vendor.connect(), PORTLAND)

    assert heard.calls == ()
    assert heard.end.finish == "error"


async def test_a_server_error_is_tried_once_more(vendor: LoopbackVendor) -> None:
    vendor.answer(Answer(status=500), Answer(("Rain.",)))

    heard = await hear(vendor.connect(), HELLO)

    assert (heard.text, heard.end.error, len(vendor.requests)) == ("Rain.", None, 2)


async def test_a_server_that_fails_twice_has_failed(vendor: LoopbackVendor) -> None:
    vendor.answer(*[Answer(status=500)] * 3)

    heard = await hear(vendor.connect(), HELLO)

    assert heard.end.error is not None
    assert len(vendor.requests) == 2


async def test_a_limit_that_ends_soon_is_waited_for(vendor: LoopbackVendor) -> None:
    vendor.answer(Answer(status=429, retry_after="0.05"), Answer(("Rain.",)))

    heard = await hear(vendor.connect(), HELLO)

    assert (heard.text, len(vendor.requests)) == ("Rain.", 2)


@pytest.mark.parametrize("retry_after", ["", "7"])
async def test_a_limit_that_ends_who_knows_when_is_not(
    vendor: LoopbackVendor, retry_after: str
) -> None:
    vendor.answer(Answer(status=429, retry_after=retry_after))

    error = (await hear(vendor.connect(), HELLO)).end.error

    assert error is not None
    assert error.kind == "rate_limit"
    assert error.retry_after == (float(retry_after) if retry_after else None)
    assert len(vendor.requests) == 1


@pytest.mark.parametrize("status", [400, 401])
async def test_what_can_never_succeed_is_not_tried_again(
    vendor: LoopbackVendor, status: int
) -> None:
    vendor.answer(Answer(status=status))

    assert (await hear(vendor.connect(), HELLO)).end.finish == "error"
    assert len(vendor.requests) == 1


async def test_the_next_request_after_a_failure_is_a_fresh_one(vendor: LoopbackVendor) -> None:
    vendor.answer(Answer(cut="drop"))
    model = vendor.connect()
    assert (await hear(model, HELLO)).end.finish == "error"

    assert (await hear(model, HELLO)).end.finish == "stop"
