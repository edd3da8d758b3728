"""The signature of a message, as whoever receives it checks it."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

from app.webhooks.retries import next_attempt
from app.webhooks.signing import new_secret, sign

BODY = b'{"type":"call.ended"}'
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_a_signature_is_of_the_moment_and_the_body() -> None:
    expected = hmac.new(b"whsec_1", b"1767225600." + BODY, hashlib.sha256).hexdigest()

    assert sign(BODY, 1767225600, ["whsec_1"]) == f"t=1767225600,v1={expected}"


def test_a_known_signature_stays_as_it_is() -> None:
    """What receivers have written against it must go on working."""
    assert sign(b"{}", 1, ["whsec_key"]) == (
        "t=1,v1=" + "719b3d90edf3d708ba110a0296c52c8fc49825cb250f076ac67dc5c269e3b1fc"
    )


def test_each_secret_that_counts_signs() -> None:
    both = sign(BODY, 1, ["new", "old"])

    assert both == f"{sign(BODY, 1, ['new'])},{sign(BODY, 1, ['old']).split(',')[1]}"


def test_secrets_are_long_and_never_the_same() -> None:
    made = {new_secret() for _ in range(100)}

    assert len(made) == 100
    assert all(one.startswith("whsec_") and len(one) == 49 for one in made)


def waits(until: timedelta) -> list[float]:
    """Seconds between the attempts of a delivery that never succeeds."""
    moment = NOW
    found: list[float] = []
    for attempts in range(1, 100):
        following = next_attempt(
            attempts, until=NOW + until, moment=moment, draw=lambda low, high: (low + high) / 2
        )
        if following is None:
            return found
        found.append((following - moment).total_seconds())
        moment = following
    raise AssertionError("it never ends")


def test_attempts_grow_rare_and_end_after_a_day() -> None:
    found = waits(timedelta(days=1))

    assert found[:4] == [5, 15, 45, 135]
    assert found[-1] == 6 * 3600
    assert 18 * 3600 < sum(found) <= 24 * 3600


def test_those_who_failed_together_do_not_come_back_together() -> None:
    times = {next_attempt(3, until=NOW + timedelta(days=1), moment=NOW) for _ in range(20)}

    assert len(times) == 20


def test_the_wait_is_drawn_from_a_quarter_around_it() -> None:
    drawn: list[tuple[float, float]] = []

    def draw(low: float, high: float) -> float:
        drawn.append((low, high))
        return high

    next_attempt(1, until=NOW + timedelta(days=1), moment=NOW, draw=draw)
    assert drawn == [(0.75, 1.25)]
