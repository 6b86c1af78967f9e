"""Time, as a dependency. Everything that asks for the time is given a Clock; tests are given one that they move."""

from datetime import UTC, datetime, timedelta
from typing import Protocol

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    """Tells the time in UTC."""

    def now(self) -> datetime:
        """The present moment, timezone-aware, UTC."""
        ...


class SystemClock:
    """The machine's clock, moved by an offset that only tests set (so that days can pass in a test)."""

    def __init__(self, offset: timedelta = timedelta()) -> None:
        self.offset = offset

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset


class MovableClock:
    """Stands still until it is moved."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, 12, tzinfo=UTC)) -> None:
        self.moment = start

    def now(self) -> datetime:
        return self.moment

    def move(self, *, seconds: float = 0, **kinds: float) -> None:
        """Moves forwards, or backwards with a negative value; takes the keywords of `timedelta`."""
        self.moment += timedelta(seconds=seconds, **kinds)


def micros(moment: datetime) -> int:
    """Microseconds since 1970 UTC: how the database keeps every time."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def from_micros(value: int) -> datetime:
    """The inverse of `micros`."""
    return EPOCH + timedelta(0, 0, value)


def rfc3339(moment: datetime) -> str:
    """`2026-01-01T12:00:00.123456Z`, trailing zeros of the fraction left out, as Go's RFC 3339 does."""
    # Each answer holds a dozen: what is in UTC already is not converted, and its `+00:00` just cut off.
    text = (moment if moment.tzinfo is UTC else moment.astimezone(UTC)).isoformat()[: -len("+00:00")]
    return f"{text.rstrip('0')}Z" if moment.microsecond else f"{text}Z"
