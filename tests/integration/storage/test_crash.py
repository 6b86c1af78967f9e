"""kill -9 around a commit: what was answered is there, what was not committed is not."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from doorward.clock import MovableClock
from doorward.storage.engine import open_database

PROGRAM = Path(__file__).with_name("crashing_writer.py")


async def run_until_killed(dsn: str, clock: MovableClock, failpoint: str) -> tuple[list[str], set[str]]:
    """The keys that the writer was told are stored, and those that are."""
    environment = {
        **os.environ,
        "DOORWARD_FAILPOINTS": failpoint,
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    writer = await asyncio.create_subprocess_exec(
        sys.executable, str(PROGRAM), dsn, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    told, complaints = await writer.communicate()
    assert writer.returncode == -signal.SIGKILL, complaints.decode()
    database = open_database(dsn, clock)
    await database.start()
    rows = await database.reader.fetch_all("SELECT key FROM settings")
    await database.close()
    return told.decode().split(), {row["key"] for row in rows}


# The first commits belong to the migration.
@pytest.mark.parametrize("passes", [4, 7])
async def test_killed_before_the_commit(dsn: str, clock: MovableClock, passes: int) -> None:
    told, stored = await run_until_killed(dsn, clock, f"storage.before_commit=kill@{passes}")
    assert stored == set(told)


@pytest.mark.parametrize("passes", [4, 7])
async def test_killed_between_commit_and_answer(dsn: str, clock: MovableClock, passes: int) -> None:
    told, stored = await run_until_killed(dsn, clock, f"storage.after_commit=kill@{passes}")
    assert set(told) < stored
    assert len(stored) == len(told) + 1
