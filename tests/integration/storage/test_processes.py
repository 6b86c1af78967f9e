"""Several processes on one database, as with `serve --workers`."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from doorward.clock import MovableClock
from doorward.storage.engine import open_database

PROGRAM = Path(__file__).with_name("crashing_writer.py")


async def write(dsn: str, prefix: str) -> list[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    writer = await asyncio.create_subprocess_exec(
        sys.executable, str(PROGRAM), dsn, prefix, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    told, complaints = await writer.communicate()
    assert writer.returncode == 0, complaints.decode()
    return told.decode().split()


async def test_processes_that_start_migrate_and_write_at_once_lose_nothing(dsn: str, clock: MovableClock) -> None:
    told = await asyncio.gather(*(write(dsn, prefix) for prefix in "abcd"))
    database = open_database(dsn, clock)
    await database.start()
    rows = await database.reader.fetch_all("SELECT key FROM settings")
    await database.close()
    assert sorted(row["key"] for row in rows) == sorted(key for keys in told for key in keys)
    assert len(rows) == 200
