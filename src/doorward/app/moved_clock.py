"""The offset of the clock that tests set, so that days can pass: one row, shared by all processes of an installation.

Only with `--dev`. Nothing of ours writes the row; a test does, in SQL.
"""

import asyncio
from datetime import timedelta

from doorward.clock import Clock, SystemClock
from doorward.errors import Unavailable
from doorward.storage.contract import Database, Reader

KEY = "clock_offset_s"
EVERY_S = 0.25


async def read_offset(reader: Reader) -> timedelta:
    """Zero where nobody set one."""
    row = await reader.fetch_one("SELECT value FROM settings WHERE key = :key", {"key": KEY})
    return timedelta(seconds=0.0 if row is None else float(row["value"]))


async def move_clock(clock: Clock, reader: Reader) -> None:
    """Sets this process's clock as the row says; a clock that is not the system's belongs to a test anyway."""
    if isinstance(clock, SystemClock):
        clock.offset = await read_offset(reader)


async def follow_clock(clock: Clock, database: Database) -> None:
    """The same again and again, until it is cancelled."""
    while True:
        await asyncio.sleep(EVERY_S)
        try:
            await move_clock(clock, database.reader)
        except Unavailable:
            continue
