"""Run by tests in a process of its own: writes without a pause, and holds the file for long each time, as a slow disk.

Prints a line once it has begun, and ends when its input does.
"""

import asyncio
import sys
import threading
from functools import partial

from doorward.clock import SystemClock
from doorward.storage.contract import Transaction
from doorward.storage.engine import open_database

HELD_S = 0.02


async def put(tx: Transaction, number: int) -> None:
    await tx.execute("INSERT INTO settings (key, value) VALUES (:key, '')", {"key": f"greedy{number}"})
    threading.Event().wait(HELD_S)


def wait_for_end(ended: threading.Event) -> None:
    sys.stdin.read()
    ended.set()


async def main(dsn: str) -> None:
    ended = threading.Event()
    threading.Thread(target=wait_for_end, args=(ended,), daemon=True).start()
    database = open_database(dsn, SystemClock())
    await database.start()
    # One is always waiting for the writer while another is written.
    numbers = iter(range(1_000_000))

    async def write() -> None:
        while not ended.is_set():
            await database.transaction(partial(put, number=next(numbers)))
            print("wrote", flush=True)

    await asyncio.gather(write(), write(), write())
    await database.close()


asyncio.run(main(*sys.argv[1:]))
