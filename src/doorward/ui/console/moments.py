"""Times as a person reads them: the exact moment in UTC, and how far away it is."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from doorward.clock import rfc3339

SPANS = ((timedelta(days=2), 86400, "days"), (timedelta(hours=2), 3600, "h"), (timedelta(minutes=2), 60, "min"))


@dataclass(frozen=True, slots=True)
class Moment:
    """`machine` is for the page's source; `day` (with the year unless it is this one), `time`, `away` are to read."""

    machine: str
    day: str
    time: str
    away: str

    @property
    def exact(self) -> str:
        return f"{self.day}, {self.time} UTC"


def moment_of(at: datetime, now: datetime) -> Moment:
    """The moment seen from `now`."""
    away = span(abs(at - now))
    told = f"in {away}" if at > now else f"{away} ago"
    year = "" if at.year == now.year else f" {at.year}"
    return Moment(rfc3339(at), f"{at.day} {at:%b}{year}", f"{at:%H:%M:%S}", told)


def span(length: timedelta) -> str:
    """`90 s`, `2 min`, `47 h`, `3 days`."""
    for least, unit_s, word in SPANS:
        if length >= least:
            return f"{int(length.total_seconds() // unit_s)} {word}"
    return f"{int(length.total_seconds())} s"
