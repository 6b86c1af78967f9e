"""Which process dispatches on SQLite: one leads, the others take over when it dies. On PostgreSQL all work.

Leases keep the deliveries right even if two believe that they lead; leading only keeps processes out of each other's
way on a database that one transaction at a time may write.
"""

from datetime import datetime, timedelta

from doorward.clock import Clock
from doorward.outbox.set_back import SKEW
from doorward.storage.contract import Database, Transaction

ROLE = "dispatcher"


class Leadership:
    """Held for `ttl_s` seconds at a time; `hold` is called again well before that."""

    def __init__(self, database: Database, clock: Clock, holder: str, ttl_s: float) -> None:
        self._database = database
        self._clock = clock
        self._holder = holder
        self._ttl = timedelta(seconds=ttl_s)
        self._is_shared = database.dialect.name == "postgres"
        self._renew_at = clock.now()
        self._leads = False

    async def hold(self) -> bool:
        """Whether this process may dispatch now. Writes only when the time to renew has come."""
        now = self._clock.now()
        if self._is_shared:
            return True
        if self._leads and self._renew_at - self._ttl < now < self._renew_at:
            return True

        if await self._is_led_by_another(now):
            self._leads = False
            return False

        async def work(tx: Transaction) -> bool:
            return bool(
                await tx.execute(
                    """
                    INSERT INTO leaders (role, holder, until) VALUES (:role, :holder, :until)
                    ON CONFLICT (role) DO UPDATE SET holder = :holder, until = :until
                    WHERE leaders.holder = :holder OR leaders.until <= :now OR leaders.until > :ahead
                    """,
                    {"role": ROLE, "holder": self._holder, "until": now + self._ttl, **self._bounds(now)},
                )
            )

        self._leads = await self._database.transaction(work, is_durable=False)
        self._renew_at = now + self._ttl / 3
        return self._leads

    async def _is_led_by_another(self, now: datetime) -> bool:
        """A read, so that those who wait do not take the leader's turns to write."""
        row = await self._database.reader.fetch_one(
            """
            SELECT 1 AS one FROM leaders
            WHERE role = :role AND holder <> :holder AND until > :now AND until <= :ahead
            """,
            {"role": ROLE, "holder": self._holder, **self._bounds(now)},
        )
        return row is not None

    def _bounds(self, now: datetime) -> dict[str, datetime]:
        """Nobody leads for so long as `ahead`: the clock was set back, and who led before it may be dead."""
        return {"now": now, "ahead": now + self._ttl + SKEW}

    async def release(self) -> None:
        """Lets another process lead at once."""
        if self._is_shared or not self._leads:
            return
        self._leads = False

        async def work(tx: Transaction) -> None:
            await tx.execute(
                "DELETE FROM leaders WHERE role = :role AND holder = :holder",
                {"role": ROLE, "holder": self._holder},
            )

        await self._database.transaction(work)
