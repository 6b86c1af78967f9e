"""The last look before a send: is the lease still ours, does anything rest by now, does the gate still say yes?"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from doorward.delivery.contract import Connector, Outcome, Withdrawer
from doorward.delivery.gathering import Gathering
from doorward.delivery.prepare import Ready
from doorward.delivery.rest import RESTING, find_rest
from doorward.delivery.settle import Ruled
from doorward.delivery.telemetry import tell_lost
from doorward.delivery.tools import ROWS_TOGETHER, Tools
from doorward.outbox.claim import list_still_leased

LEASE_MARGIN = timedelta(seconds=1)

T = TypeVar("T")
Batch = Sequence[Ready]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look left of a batch: rows that may go, and those about which something else was decided."""

    ready: list[Ready]
    refused: list[Ruled]


class LastLook:
    """Batches that are about to go at the same moment are looked at together, by the same few reads."""

    def __init__(self, destination: str, connector: Connector, tools: Tools) -> None:
        self._destination = destination
        self._tells = isinstance(connector, Withdrawer)
        self._tools = tools
        limit = max(1, ROWS_TOGETHER // connector.batch_limit)
        self._gathering: Gathering[Batch, Seen] = Gathering(self._look, _ids, limit)

    async def look(self, batch: Batch) -> Seen:
        """Rows that are not ours any more are left out of both lists. Raises Unavailable."""
        return await self._gathering.ask(batch)

    async def _look(self, batches: Sequence[Batch]) -> list[Seen]:
        reader, clock = self._tools.database.reader, self._tools.clock
        rows = [each for batch in batches for each in batch]
        mine = await self._still_ours(rows)
        now = clock.now()
        going, resting = (await find_rest(reader, self._destination, now)).split(mine)
        refused = [ruled(each, RESTING, now, now, was_sent=False) for each in resting]
        ready: list[Ready] = []
        if going:
            ready, no_longer = await self._tools.preparer.recheck(going, tells_withdrawals=self._tells)
            refused += no_longer
        return _apart(batches, ready, refused)

    async def _still_ours(self, rows: Sequence[Ready]) -> list[Ready]:
        database, clock = self._tools.database, self._tools.clock
        leases = {
            each.job.delivery.id: each.job.delivery.lease_token
            for each in rows
            if each.job.delivery.lease_token is not None
        }
        held = await list_still_leased(database.reader, database.dialect, leases, clock.now() + LEASE_MARGIN)
        tell_lost(self._destination, len(leases) - len(held), clock.now())
        return [each for each in rows if each.job.delivery.id in held]


def _apart(batches: Sequence[Batch], ready: Sequence[Ready], refused: Sequence[Ruled]) -> list[Seen]:
    goes = {each.job.delivery.id: each for each in ready}
    stays = {each.delivery.id: each for each in refused}
    return [Seen(_of(batch, goes), _of(batch, stays)) for batch in batches]


def _of(batch: Batch, found: Mapping[UUID, T]) -> list[T]:
    return [found[each.job.delivery.id] for each in batch if each.job.delivery.id in found]


def _ids(batch: Batch) -> frozenset[Hashable]:
    return frozenset(each.job.delivery.id for each in batch)


def ruled(ready: Ready, outcome: Outcome, started_at: datetime, ended_at: datetime, *, was_sent: bool) -> Ruled:
    """A prepared row with what became of it."""
    return Ruled(
        ready.job.delivery,
        ready.job.action,
        outcome,
        started_at,
        ended_at,
        was_sent=was_sent,
        template_version=ready.template_version,
        address_verified=ready.job.address_verified,
    )
