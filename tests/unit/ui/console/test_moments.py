"""Times as they are read."""

from datetime import UTC, datetime, timedelta

import pytest

from doorward.ui.console.moments import moment_of, span

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("length", "told"),
    [
        (timedelta(0), "0 s"),
        (timedelta(seconds=119), "119 s"),
        (timedelta(minutes=2), "2 min"),
        (timedelta(minutes=119, seconds=59), "119 min"),
        (timedelta(hours=2), "2 h"),
        (timedelta(hours=47, minutes=59), "47 h"),
        (timedelta(days=2), "2 days"),
        (timedelta(days=400), "400 days"),
    ],
)
def test_a_span(length: timedelta, told: str) -> None:
    assert span(length) == told


def test_a_moment_of_the_past_and_one_of_the_future() -> None:
    past = moment_of(NOW - timedelta(minutes=3), NOW)
    assert (past.day, past.time, past.away) == ("1 Mar", "11:57:00", "3 min ago")
    assert past.machine == "2026-03-01T11:57:00Z"
    assert moment_of(NOW + timedelta(hours=5), NOW).away == "in 5 h"


def test_another_year_is_named() -> None:
    assert moment_of(datetime(2025, 12, 31, 23, 59, tzinfo=UTC), NOW).exact == "31 Dec 2025, 23:59:00 UTC"
