"""Moments as people type them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from doorward.cli.moments import read_moment
from doorward.errors import InvalidInput

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("90s", NOW - timedelta(seconds=90)),
        ("2h", NOW - timedelta(hours=2)),
        ("3d", NOW - timedelta(days=3)),
        ("2026-03-01", datetime(2026, 3, 1, tzinfo=UTC)),
        ("2026-03-01T12:30Z", datetime(2026, 3, 1, 12, 30, tzinfo=UTC)),
        ("2026-03-01T12:30+02:00", datetime(2026, 3, 1, 12, 30, tzinfo=timezone(timedelta(hours=2)))),
    ],
)
def test_a_moment(text: str, moment: datetime) -> None:
    assert read_moment(text, NOW) == moment


@pytest.mark.parametrize("text", ["", "yesterday", "2x", "99999999999d", "2026-13-01"])
def test_no_moment(text: str) -> None:
    with pytest.raises(InvalidInput):
        read_moment(text, NOW)
