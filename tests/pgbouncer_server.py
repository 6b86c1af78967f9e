"""PgBouncer in transaction mode in front of a test server, where the machine has it."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from postgres_server import PostgresServer, free_port

START_TIMEOUT_S = 20


class NoPgbouncer(Exception):
    """PgBouncer is not installed: apt-get install pgbouncer"""


def find_pgbouncer() -> str:
    program = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        raise NoPgbouncer(NoPgbouncer.__doc__)
    return program


@contextmanager
def running_pgbouncer(server: PostgresServer, pool_size: int = 3) -> Iterator[int]:
    """The port. Few server connections for many clients, so that transactions do change connections."""
    program = find_pgbouncer()
    directory = Path(tempfile.mkdtemp(prefix="doorward-pgbouncer-"))
    directory.chmod(0o755)
    port = free_port()
    settings = directory / "pgbouncer.ini"
    settings.write_text(
        f"[databases]\n* = host=127.0.0.1 port={server.port} user=postgres\n"
        f"[pgbouncer]\nlisten_addr=127.0.0.1\nlisten_port={port}\nunix_socket_dir=\nauth_type=any\n"
        f"pool_mode=transaction\ndefault_pool_size={pool_size}\nmax_client_conn=200\nserver_lifetime=3600\n"
    )
    command = [program, "-q", str(settings)]
    process = subprocess.Popen(command, user=server.user, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not is_ready(server, port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("PgBouncer did not start")
            time.sleep(0.02)
        yield port
    finally:
        process.terminate()
        process.wait(START_TIMEOUT_S)
        shutil.rmtree(directory, ignore_errors=True)


def is_ready(server: PostgresServer, port: int) -> bool:
    command = [str(server.binaries / "psql"), "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "-Atc", "select 1"]
    return subprocess.run(command, capture_output=True, check=False, cwd="/").returncode == 0
