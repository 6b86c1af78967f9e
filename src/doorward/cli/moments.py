"""Moments as people type them: a date, a time, or how long ago."""

import re
from datetime import UTC, datetime, timedelta

from doorward.errors import InvalidInput

SPAN = re.compile(r"(\d+)\s*([smhdw])")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def read_moment(text: str, now: datetime) -> datetime:
    """`2h` is two hours before `now`; others are ISO 8601, in UTC where they name no zone. Raises InvalidInput."""
    span = SPAN.fullmatch(text.strip())
    try:
        if span is not None:
            return now - timedelta(**{UNITS[span[2]]: int(span[1])})
        moment = datetime.fromisoformat(text.strip())
    except (ValueError, OverflowError):
        raise InvalidInput(f"{text!r} is no moment. Write 2026-03-01, 2026-03-01T12:00Z, 90s, 15m, 2h or 3d.") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
