"""A server that signs people up, recorded: its database and log as they lie on the disk, and when it answered.

Also `Cut`, which makes of that what a power cut could have left, and reads what is still there.
"""

import re
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from running import Server, Simulator, request, until
from wal_file import HEADER, Wal, accepted_frames

WRITE = re.compile(r"(\d+\.\d+) pwrite64\(\d+<[^>]*-wal>.*, (\d+), (\d+)")
SYNC = re.compile(r"(\d+\.\d+) f(?:data)?sync\(\d+<[^>]*-wal>\) += 0")
RESUMED = re.compile(r"(\d+\.\d+) <\.\.\. f(?:data)?sync resumed>\) += 0")


@dataclass(frozen=True, slots=True)
class Recording:
    """`answered` is when each person was told so (seconds since 1970) and how many frames the log had then.

    `syncs`: when a sync of the log had ended, and up to which byte the log had been written before it began; None
    where the system calls could not be watched.
    """

    name: str
    folder: Path
    server: Server
    simulator: Simulator
    answered: Mapping[str, tuple[float, int]]
    begun_flow: str
    syncs: tuple[tuple[float, int], ...] | None

    @property
    def database(self) -> Path:
        return self.folder / "doorward.sqlite"

    @property
    def log(self) -> Path:
        return self.folder / "doorward.sqlite-wal"

    def order(self) -> list[str]:
        """People in the order of their answers."""
        return sorted(self.answered, key=lambda email: self.answered[email][0])


def record(server: Server, simulator: Simulator, kept: Path, name: str, people: int, crowd: int) -> Recording:
    """Runs the server for one after another, then for several at once; kills it and copies its files to `kept`.

    `name` is part of their addresses.
    """
    live = server.config.parent / "doorward.sqlite"
    log = live.with_name("doorward.sqlite-wal")
    answered: dict[str, tuple[float, int]] = {}

    def sign_up(email: str) -> None:
        assert server.sign_up(email, newsletter=True).status == 200
        answered[email] = time.time(), accepted_frames(live.with_name("doorward.sqlite-shm"))

    server.start()
    # The log begins anew with the next commit, so that it holds nothing but what is recorded.
    with closing(sqlite3.connect(live)) as connection:
        connection.execute("PRAGMA wal_checkpoint(RESTART)")
    with watched_syncs(server.pid, kept / "calls") as are_watched:
        for number in range(people):
            sign_up(f"one{number}-{name}@example.org")
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(sign_up, [f"many{number}-{name}@example.org" for number in range(crowd)]))
        until("the deliveries to be sent", lambda: set(answered) <= set(simulator.emails()))
        flow = request("GET", f"{server.public}/self-service/registration/api").body
        server.kill()
    for path in (live, log):
        shutil.copy(path, kept)
    syncs = tuple(read_syncs(kept / "calls")) if are_watched else None
    return Recording(name, kept, server, simulator, answered, flow["ui"]["action"], syncs)


@contextmanager
def watched_syncs(pid: int, report: Path) -> Iterator[bool]:
    """Writes down the process's writes and syncs, where strace is there and may watch it."""
    tracer = shutil.which("strace")
    if tracer is None:
        yield False
        return
    arguments = ["-f", "-y", "-ttt", "-s0", "-e", "trace=pwrite64,fdatasync,fsync", "-o", str(report), "-p", str(pid)]
    with subprocess.Popen([tracer, *arguments], stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        said = process.stderr.readline().decode()
        yield "attached" in said
        process.terminate()


def read_syncs(report: Path) -> Iterator[tuple[float, int]]:
    """One thread writes, so that its calls follow one another; a sync covers what was written before it began."""
    written = at_begin = 0
    for line in report.read_text().splitlines():
        if found := WRITE.search(line):
            written = max(written, int(found[3]) + int(found[2]))
        elif "sync(" in line and "-wal>" in line:
            at_begin = written
            if found := SYNC.search(line):
                yield float(found[1]), at_begin
        elif found := RESUMED.search(line):
            yield float(found[1]), at_begin


@dataclass(frozen=True, slots=True)
class Kept:
    """What a database tells after a cut. `accepted`: how many frames of the log SQLite took for valid."""

    accepted: int
    people: frozenset[str]
    rows: Mapping[str, int]
    states: Mapping[str, int]


class Cut:
    """Works on one copy of a recording. Never lets SQLite write the log back into the file."""

    def __init__(self, recording: Recording, folder: Path) -> None:
        self.recording = recording
        self.database = Path(shutil.copy(recording.database, folder))
        self.log = Path(shutil.copy(recording.log, folder))
        self.index = folder / "doorward.sqlite-shm"
        self.wal = Wal.read(self.log)

    def restore(self) -> None:
        shutil.copy(self.recording.database, self.database)
        shutil.copy(self.recording.log, self.log)
        self.index.unlink(missing_ok=True)

    @contextmanager
    def opened(self, *, with_old_index: bool = False) -> Iterator[sqlite3.Connection]:
        if not with_old_index:
            self.index.unlink(missing_ok=True)
        # Read-only: else the last one to close the file would check the log in.
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
            yield connection

    def accepted(self, *, with_old_index: bool = False) -> int:
        """Opens the file and asks only how much of the log counts."""
        with self.opened(with_old_index=with_old_index) as connection:
            connection.execute("SELECT COUNT(*) FROM sqlite_schema").fetchone()
            return accepted_frames(self.index) if self.log.stat().st_size > HEADER else 0

    def look(self) -> Kept:
        """Opens the file, checks it whole, and counts."""
        with self.opened() as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
            people = connection.execute("SELECT json_extract(traits, '$.email') FROM identities").fetchall()
            rows = {name: connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0] for name, table in OF_ONE}
            states = dict(connection.execute("SELECT state, COUNT(*) FROM deliveries GROUP BY state").fetchall())
            accepted = accepted_frames(self.index) if self.log.stat().st_size > HEADER else 0
        return Kept(accepted, frozenset(email for (email,) in people), rows, states)


# What one sign-up writes, one row of each; the last only counts what belongs to nobody, and is never more than 0.
OF_ONE = (
    ("credentials", "credentials WHERE type = 'password'"),
    ("identifiers", "credential_identifiers WHERE type = 'password'"),
    ("addresses", "verifiable_addresses"),
    ("receipts", "consent_receipts"),
    ("keys", "identity_keys"),
    ("events", "events WHERE kind = 'identity.created'"),
    ("deliveries", "deliveries"),
    ("orphans", "deliveries WHERE identity_id NOT IN (SELECT id FROM identities)"),
)
