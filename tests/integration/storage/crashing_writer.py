"""Run by tests in a process of its own: writes one row after another and prints each that was committed."""

import asyncio
import sys
from functools import partial

from doorward.clock import SystemClock
from doorward.storage.contract import Transaction
from doorward.storage.engine import open_database
from doorward.storage.migrate import migrate


async def put(tx: Transaction, key: str) -> None:
    await tx.execute("INSERT INTO settings (key, value) VALUES (:key, '')", {"key": key})


async def main(dsn: str, prefix: str = "k") -> None:
    database = open_database(dsn, SystemClock())
    await database.start()
    await migrate(database, SystemClock())
    for number in range(50):
        await database.transaction(partial(put, key=f"{prefix}{number}"))
        print(f"{prefix}{number}", flush=True)


asyncio.run(main(*sys.argv[1:]))
