"""Several processes write one file: none starves beside one that never pauses, and a stopped one stops nobody."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from doorward.storage.contract import Database, Transaction

PROGRAM = Path(__file__).with_name("greedy_writer.py")


async def put(tx: Transaction, key: str) -> int:
    """Writes, and tells how many rows of the other process are there by then."""
    await tx.execute("INSERT INTO settings (key, value) VALUES (:key, '')", {"key": key})
    return await count(tx)


async def count(tx: Transaction) -> int:
    row = await tx.fetch_one("SELECT COUNT(*) AS number FROM settings WHERE key LIKE 'greedy%'")
    assert row is not None
    return int(row["number"])


@contextmanager
def greedy_writer(path: Path) -> Iterator[None]:
    writer = subprocess.Popen(
        [sys.executable, str(PROGRAM), f"sqlite://{path}"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert writer.stdout is not None
    assert writer.stdin is not None
    try:
        assert writer.stdout.readline()
        yield
    finally:
        writer.stdin.close()
        writer.stdout.read()
        assert writer.wait() == 0
        writer.stdout.close()


async def test_nobody_starves_beside_one_that_never_pauses(file: Database, path: Path) -> None:
    """Counted in the other's commits, not in time: before there were turns, hundreds went first, or it failed."""
    others: list[int] = []
    with greedy_writer(path):
        for number in range(15):
            row = await file.reader.fetch_one("SELECT COUNT(*) AS number FROM settings WHERE key LIKE 'greedy%'")
            assert row is not None
            after = await file.transaction(lambda tx, number=number: put(tx, f"mine{number}"))  # type: ignore[misc]
            others.append(after - row["number"])
    # Each of the other's commits carries up to three rows, and it may get some before its lock is asked for in earnest.
    assert max(others) < 60, others


async def test_one_that_was_stopped_in_its_turn_stops_nobody(file: Database, path: Path) -> None:
    log = os.open(path.with_name("doorward.sqlite-wal"), os.O_RDONLY)
    try:
        fcntl.flock(log, fcntl.LOCK_EX)
        assert await file.transaction(lambda tx: put(tx, "mine")) == 0
    finally:
        os.close(log)
