"""What a wrong clock left behind, mended once it is right again: rows, leases, breakers and pauses from the future."""

from datetime import datetime, timedelta

from doorward.clock import Clock
from doorward.delivery.settings import DeliverySettings
from doorward.observability.logging import Log
from doorward.outbox.set_back import SKEW, bring_back, has_rows_ahead, shorten_leases
from doorward.storage.contract import Database, Transaction

LOG = Log("delivery")

PAUSES = (
    (
        "UPDATE destinations SET paused_until = paused_until - paused_at + :now, paused_at = :now, updated_at = :now "
        "WHERE paused_until IS NOT NULL AND paused_at > :ahead"
    ),
    (
        "UPDATE action_pauses SET paused_until = paused_until - paused_at + :now, paused_at = :now "
        "WHERE paused_until IS NOT NULL AND paused_at > :ahead"
    ),
)


class SetBack:
    """Notices that the clock was set back, by its own memory, and at its first look by what it finds."""

    def __init__(self, database: Database, clock: Clock, settings: DeliverySettings) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._latest: datetime | None = None

    async def look(self) -> None:
        """To be called often; costs nothing while the clock goes forwards."""
        now, latest = self._clock.now(), self._latest
        if latest is not None and now >= latest - SKEW:
            self._latest = max(now, latest)
            return
        await self._mend(now)
        self._latest = now

    async def _mend(self, now: datetime) -> None:
        lease = timedelta(seconds=self._settings.lease_s)

        async def ground(tx: Transaction) -> int:
            return await shorten_leases(tx, now, lease) + await self._shorten_rests(tx, now)

        async def rows(tx: Transaction) -> int:
            return await bring_back(tx, now)

        mended = await self._database.transaction(ground)
        while await has_rows_ahead(self._database.reader, now):
            count = await self._database.transaction(rows)
            if not count:
                # Another process is at the same rows.
                break
            mended += count
        if mended:
            LOG.warning("clock_set_back", mended=mended)

    async def _shorten_rests(self, tx: Transaction, now: datetime) -> int:
        """A breaker never opens for longer than it may, and a pause that ends by itself lasts as long as it was to."""
        count = 0
        breaker = self._settings.breaker
        for column, longest_s in (
            ("breaker_open_until", breaker.longest_s),
            ("breaker_probe_until", breaker.probe_s),
        ):
            count += await tx.execute(
                f"UPDATE destinations SET {column} = :now, updated_at = :now WHERE {column} > :ahead",
                {"now": now, "ahead": now + timedelta(seconds=longest_s) + SKEW},
            )
        for statement in PAUSES:
            count += await tx.execute(statement, {"now": now, "ahead": now + SKEW})
        return count
