"""Whatever mixture of works runs at once: exactly those that were answered well are in the database."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum

from hypothesis import given, settings
from hypothesis import strategies as st

from doorward.clock import SystemClock
from doorward.storage.contract import Database, Transaction
from doorward.storage.engine import open_database
from doorward.storage.errors import SuspendedInTransaction, TransactionOver, UniqueViolation
from doorward.storage.migrate import migrate

EXPECTED_FAILURES = (LookupError, SuspendedInTransaction, TransactionOver, UniqueViolation)


class End(Enum):
    """How a work ends after its writes."""

    WELL = "well"
    RAISES = "raises"
    SLEEPS = "sleeps"
    SWALLOWS = "swallows"


@dataclass(frozen=True)
class Plan:
    keys: tuple[int, ...]
    end: End
    is_cancelled: bool


PLANS = st.lists(
    st.builds(Plan, st.lists(st.integers(0, 12), max_size=4).map(tuple), st.sampled_from(End), st.booleans()),
    max_size=25,
)


async def put(tx: Transaction, key: int, owner: int) -> None:
    await tx.execute("INSERT INTO settings (key, value) VALUES (:key, :value)", {"key": str(key), "value": str(owner)})


async def carry_out(database: Database, plan: Plan, owner: int) -> None:
    async def work(tx: Transaction) -> None:
        for key in plan.keys:
            await put(tx, key, owner)
        match plan.end:
            case End.RAISES:
                raise LookupError(owner)
            case End.SLEEPS:
                await asyncio.sleep(0)
            case End.SWALLOWS:
                await put(tx, 99, owner)
                with suppress(UniqueViolation):
                    await put(tx, 99, owner)

    await database.transaction(work)


async def run(plans: list[Plan]) -> None:
    database = open_database("memory", SystemClock())
    await database.start()
    await migrate(database, SystemClock())
    tasks = [asyncio.create_task(carry_out(database, plan, owner)) for owner, plan in enumerate(plans)]
    await asyncio.sleep(0)
    for plan, task in zip(plans, tasks, strict=True):
        if plan.is_cancelled:
            task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    rows = await database.reader.fetch_all("SELECT key, value FROM settings")
    await database.close()
    stored: dict[int, set[str]] = {}
    for row in rows:
        stored.setdefault(int(row["value"]), set()).add(row["key"])
    for owner, (plan, result) in enumerate(zip(plans, results, strict=True)):
        whole = {str(key) for key in plan.keys}
        if result is None:
            assert stored.get(owner, set()) == whole
        elif isinstance(result, asyncio.CancelledError):
            # Nobody was told: all of it or nothing of it.
            assert stored.get(owner, set()) in (set(), whole)
        else:
            assert isinstance(result, EXPECTED_FAILURES)
            assert owner not in stored


@settings(max_examples=60, deadline=None)
@given(PLANS)
def test_answered_well_and_stored_are_the_same(plans: list[Plan]) -> None:
    asyncio.run(run(plans))
