"""Which commits of an SQLite file survive a power cut: all, but those of groups in which nobody asks for it."""

import asyncio
import threading
from pathlib import Path

import pytest

from doorward.clock import MovableClock
from doorward.storage.contract import Transaction
from doorward.storage.engine import open_database

FULL, NORMAL, OFF = 2, 1, 0


async def level(tx: Transaction) -> int:
    row = await tx.fetch_one("PRAGMA synchronous")
    assert row is not None
    found: int = row["synchronous"]
    return found


async def test_only_what_asks_for_less_gets_less(tmp_path: Path, clock: MovableClock) -> None:
    database = open_database(f"sqlite://{tmp_path}/doorward.sqlite", clock)
    await database.start()
    try:
        asked = [True, False, False, True, False, True]
        levels = [await database.transaction(level, is_durable=each) for each in asked]
        assert levels == [FULL if each else NORMAL for each in asked]
    finally:
        await database.close()


@pytest.mark.parametrize("others", [[False, True], [True, False], [False, False, True]])
async def test_one_that_must_last_makes_its_whole_group_last(
    tmp_path: Path, clock: MovableClock, others: list[bool]
) -> None:
    database = open_database(f"sqlite://{tmp_path}/doorward.sqlite", clock)
    await database.start()
    gate, started, loop = threading.Event(), asyncio.Event(), asyncio.get_running_loop()

    async def hold(_: Transaction) -> None:
        loop.call_soon_threadsafe(started.set)
        gate.wait(60)

    try:
        holding = asyncio.create_task(database.transaction(hold, is_durable=False))
        await started.wait()
        tasks = [asyncio.create_task(database.transaction(level, is_durable=each)) for each in others]
        await asyncio.sleep(0)
        gate.set()
        await holding
        assert await asyncio.gather(*tasks) == [FULL] * len(others)
    finally:
        await database.close()


async def test_a_database_in_memory_never_syncs(clock: MovableClock) -> None:
    database = open_database("memory", clock)
    await database.start()
    try:
        assert [await database.transaction(level, is_durable=each) for each in (True, False, True)] == [OFF] * 3
    finally:
        await database.close()
