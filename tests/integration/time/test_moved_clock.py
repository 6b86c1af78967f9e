"""The offset that tests set: every process of a `--dev` installation follows it, no other does."""

from datetime import timedelta

from doorward.app.moved_clock import KEY, move_clock, read_offset
from doorward.clock import MovableClock, SystemClock
from doorward.storage.contract import Database, Transaction


async def set_offset(database: Database, seconds: float) -> None:
    async def work(tx: Transaction) -> None:
        await tx.execute(
            "INSERT INTO settings (key, value) VALUES (:key, :value) ON CONFLICT (key) DO UPDATE SET value = :value",
            {"key": KEY, "value": str(seconds)},
        )

    await database.transaction(work)


async def test_the_clock_goes_where_the_row_says_and_back(database: Database) -> None:
    clock = SystemClock()
    assert await read_offset(database.reader) == timedelta()
    for seconds in (86400.0, -3600.0, 0.0):
        await set_offset(database, seconds)
        await move_clock(clock, database.reader)
        assert clock.offset == timedelta(seconds=seconds)


async def test_a_clock_of_a_test_is_left_alone(database: Database, clock: MovableClock) -> None:
    await set_offset(database, 86400.0)
    before = clock.now()
    await move_clock(clock, database.reader)
    assert clock.now() == before
