"""Looks for trouble and tells what is new, has grown, or is over: one log line and one message, by one process.

Every process looks, those without a dispatcher too: that no dispatcher runs is one of the things to be told. Who wins
the row in the database tells. What was told is known after a restart.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from doorward.clock import Clock
from doorward.delivery.alerts.message import Counts, body_of
from doorward.delivery.alerts.model import Alert, Event, Kind, Trouble, WatchSettings
from doorward.delivery.alerts.plan import Change, plan
from doorward.delivery.alerts.store import delete_ended, insert_message, list_open, open_alert, update_alert
from doorward.delivery.alerts.troubles import list_troubles
from doorward.delivery.alerts.words import commands_for, sentence, step_for
from doorward.ids import new_row_id
from doorward.observability.logging import Log
from doorward.outbox.queues import count_dead, count_dead_by_code, count_waiting
from doorward.storage.contract import Database, Reader, Transaction
from doorward.storage.dialect import Dialect

LOG = Log("alerts")
KEPT = timedelta(days=30)
"""How long an alert that is over can be listed."""


@dataclass(frozen=True, slots=True)
class Told:
    """What this process has written and has to say."""

    event: Event
    alert: Alert
    counts: Counts


class Mailer(Protocol):
    """Writes to the operator, in the transaction that notices (`delivery.alerts.mail`)."""

    async def tell(self, tx: Transaction, event: Event, alert: Alert) -> None: ...


class Watch:
    """One per process. `look` may be called as often as one likes: what is known is not told again."""

    def __init__(self, database: Database, clock: Clock, settings: WatchSettings, mailer: Mailer | None = None) -> None:
        self._mailer = mailer
        self._database = database
        self._clock = clock
        self._settings = settings

    async def look(self) -> list[Told]:
        """What was told now. Opens a transaction only where something has changed."""
        if not await self._changes(self._database.reader, self._clock.now()):
            return []
        told = await self._database.transaction(self._write)
        for each in told:
            _log(each)
        return told

    async def forget(self) -> int:
        """Deletes alerts that ended long ago; how many."""
        before = self._clock.now() - KEPT

        async def work(tx: Transaction) -> int:
            return await delete_ended(tx, before)

        return await self._database.transaction(work)

    async def _changes(self, reader: Reader, now: datetime) -> list[Change]:
        alerts = await list_open(reader)
        raised = {each.trouble.subject for each in alerts}
        dialect, limit = self._database.dialect, self._settings.waiting_longer_than
        return plan(await list_troubles(reader, dialect, now, limit, raised), alerts, now, self._settings.every)

    async def _write(self, tx: Transaction) -> list[Told]:
        # Looked at again: another process may have told it since, or it is over.
        now = self._clock.now()
        told = []
        for change in await self._changes(tx, now):
            alert = _after(change, now)
            if not await _written(tx, change.alert, alert) or change.event is None:
                continue
            counts = await _counts(tx, tx.dialect, alert.trouble)
            if self._settings.has_receiver:
                body = body_of(change.event, alert, counts, self._settings, now)
                await insert_message(tx, new_row_id(), alert, body, now)
            if self._mailer is not None:
                await self._mailer.tell(tx, change.event, alert)
            told.append(Told(change.event, alert, counts))
        return told


def _after(change: Change, now: datetime) -> Alert:
    """The alert as the change leaves it."""
    alert, trouble = change.alert, change.trouble
    if alert is None:
        assert trouble is not None
        return Alert(new_row_id(), trouble, 1, now)
    if trouble is None:
        return replace(alert, told=alert.told + 1, ended_at=now)
    # Since when it is so does not change with its reason or its number.
    alert = replace(alert, trouble=replace(trouble, since=alert.trouble.since))
    return alert if change.event is None else replace(alert, told=alert.told + 1, told_at=now)


async def _written(tx: Transaction, before: Alert | None, after: Alert) -> bool:
    return await open_alert(tx, after) if before is None else await update_alert(tx, before, after)


async def _counts(reader: Reader, dialect: Dialect, trouble: Trouble) -> Counts:
    """How much is at stake at this destination. The queue of one action is not counted: that would read all of it."""
    name = trouble.subject.name
    if trouble.subject.scope == "action":
        return {}
    counts: dict[str, object] = {
        "waiting": await count_waiting(reader, dialect, name),
        "dead": (await count_dead(reader, dialect)).get(name, 0),
    }
    if trouble.subject.kind is Kind.DEAD:
        counts["dead_by_code"] = dict(await count_dead_by_code(reader, dialect, name))
    return counts


def _log(told: Told) -> None:
    trouble = told.alert.trouble
    write = LOG.info if told.event is Event.RECOVERED else LOG.warning if trouble.until else LOG.error
    write(
        str(told.event).replace(".", "_"),
        alert_id=str(told.alert.id),
        kind=str(trouble.subject.kind),
        scope=trouble.subject.scope,
        name=trouble.subject.name,
        what=sentence(told.event, trouble),
        code=trouble.code,
        reason=trouble.reason,
        step=step_for(told.event, trouble),
        commands="; ".join(commands_for(told.event, trouble.subject)),
        since=trouble.since.isoformat(),
        **told.counts,
    )
