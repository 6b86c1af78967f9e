"""Commands come and go beside a running server. What the server commits afterwards must be there for the next one."""

import asyncio
import subprocess
import sys
from pathlib import Path

from doorward.clock import MovableClock
from doorward.storage.contract import Transaction
from doorward.storage.engine import open_database
from doorward.storage.migrate import migrate

COMMAND = """
import asyncio, sys
from doorward.clock import SystemClock
from doorward.storage.engine import open_database

async def main():
    database = open_database(sys.argv[1], SystemClock())
    await database.start()
    row = await database.reader.fetch_one("SELECT COUNT(*) AS number FROM settings")
    print(row["number"])
    await database.close()

asyncio.run(main())
"""


async def count_elsewhere(dsn: str) -> int:
    """Rows as another process sees them, which opens the file and closes it again."""
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", COMMAND, dsn], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


async def test_a_command_that_ends_takes_nothing_from_a_running_server(tmp_path: Path) -> None:
    """SQLite deletes the write-ahead log when the last process leaves; a server that lost its locks is not counted."""
    clock = MovableClock()
    dsn = f"sqlite://{tmp_path / 'doorward.sqlite'}"
    first = open_database(dsn, clock)
    await first.start()
    await migrate(first, clock)
    await first.close()
    server = open_database(dsn, clock)
    await server.start()
    try:
        before = await count_elsewhere(dsn)
        for number in range(3):

            async def write(tx: Transaction, number: int = number) -> None:
                await tx.execute("INSERT INTO settings (key, value) VALUES (:key, 'x')", {"key": f"coming.{number}"})

            await server.transaction(write)
            assert await count_elsewhere(dsn) == before + number + 1
    finally:
        await server.close()
