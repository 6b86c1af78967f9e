"""What a send tells of its destination, and for how long the breaker stays open."""

from datetime import UTC, datetime, timedelta

import pytest

from doorward.delivery.breaker import CLOSED, HALF_OPEN, OPEN, Breaker, BreakerSettings, judge, opens_for_s
from doorward.delivery.contract import Delivered, Discard, Outcome, Retry, Snooze

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
AWAY, BROKEN, TOO_MANY = Retry("refused", "x"), Retry("http_500", "x", http_status=500), Retry("http_429", "x", 1, 429)
BUSY = Snooze("busy", "x", 1)


@pytest.mark.parametrize(
    ("outcomes", "works"),
    [
        ([Delivered()], True),
        ([Discard("no", "x", 400)], True),
        ([AWAY], False),
        ([AWAY, BROKEN], False),
        ([AWAY, Delivered()], True),
        ([TOO_MANY], True),
        ([BUSY], None),
        ([BUSY, AWAY], None),
        ([], None),
    ],
)
def test_what_a_send_tells(outcomes: list[Outcome], works: bool | None) -> None:
    assert judge(outcomes) is works


def test_it_opens_at_the_threshold_for_ever_longer_up_to_a_limit() -> None:
    settings = BreakerSettings(threshold=3, first_s=5, longest_s=60)
    assert [opens_for_s(failures, settings) for failures in (1, 2, 3, 4, 5, 6, 7, 1000)] == [
        0,
        0,
        5,
        10,
        20,
        40,
        60,
        60,
    ]


@pytest.mark.parametrize(
    ("breaker", "state"),
    [
        (Breaker(), CLOSED),
        (Breaker(9), CLOSED),
        (Breaker(10, NOW + SECOND), OPEN),
        (Breaker(10, NOW), HALF_OPEN),
        (Breaker(10, NOW - SECOND, NOW + SECOND), OPEN),
        (Breaker(10, NOW - SECOND, NOW), HALF_OPEN),
    ],
)
def test_its_state(breaker: Breaker, state: str) -> None:
    assert breaker.state(NOW) == state
