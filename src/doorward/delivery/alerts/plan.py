"""From what is wrong now and what was told to what has to change: the whole policy, without a database.

A pause that ends by itself is often renewed a moment later, by the next delivery that finds nothing mended: it counts
as over after a while only. What waits counts as young again at half the age that raised the alert (`troubles`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from doorward.delivery.alerts.model import Alert, Event, Subject, Trouble

CALM = timedelta(seconds=60)
"""How long a pause that ended by itself must stay away."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be written, and with an `event` told. `alert` is None for a new one; `trouble` None for the end."""

    event: Event | None
    alert: Alert | None
    trouble: Trouble | None


def plan(troubles: Iterable[Trouble], alerts: Iterable[Alert], now: datetime, every: timedelta) -> list[Change]:
    """The changes, those of open alerts first. Two troubles of one subject must not be given."""
    present: Mapping[Subject, Trouble] = {each.subject: each for each in troubles}
    known = {each.trouble.subject for each in alerts}
    changes = [_of_open(alert, present.get(alert.trouble.subject), now, every) for alert in alerts]
    new = [Change(Event.RAISED, None, trouble) for subject, trouble in present.items() if subject not in known]
    return [*(each for each in changes if each is not None), *new]


def _of_open(alert: Alert, trouble: Trouble | None, now: datetime, every: timedelta) -> Change | None:
    told = alert.trouble
    if trouble is None:
        return Change(Event.RECOVERED, alert, None) if _is_over(told, now) else None
    if trouble.code != told.code:
        return Change(Event.CHANGED, alert, trouble)
    is_time = not alert.told_at <= now < alert.told_at + every
    if trouble.number > told.number and is_time:
        return Change(Event.CHANGED, alert, trouble)
    if trouble.number < told.number or trouble.until != told.until:
        return Change(None, alert, trouble)
    return None


def _is_over(told: Trouble, now: datetime) -> bool:
    """A person's resume counts at once; the end of a time does not yet."""
    return told.until is None or now < told.until or now >= told.until + CALM
