"""Retry-After in its two forms, and in forms that are none."""

from datetime import UTC, datetime

import pytest

from doorward.actions.retry_after import retry_after_s
from doorward.security.egress import OutgoingResponse

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "value", "expected"),
    [
        (429, "30", 30.0),
        (503, " 0 ", 0.0),
        (429, "9" * 5000, 999_999_999.0),
        (503, "Thu, 01 Jan 2026 12:01:00 GMT", 60.0),
        (503, "Thu, 01 Jan 2026 12:01:00 -0000", 60.0),
        (503, "Fri, 31 Dec 1999 23:59:59 GMT", 0.0),
        (429, "-5", None),
        (429, "1.5", None),
        (429, "soon", None),
        (429, "\u00b2", None),
        (429, "Thu, 99 Jan 2026 12:01:00 GMT", None),
        (500, "30", None),
        (429, "", None),
    ],
)
def test_retry_after(status: int, value: str, expected: float | None) -> None:
    assert retry_after_s(OutgoingResponse(status, {"retry-after": value}, b"", 0.1), NOON) == expected


def test_none_given() -> None:
    assert retry_after_s(OutgoingResponse(429, {}, b"", 0.1), NOON) is None
