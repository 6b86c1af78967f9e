"""Deliveries per second to a web_hook target that answers at once: SQLite and PostgreSQL, one dispatcher and several.

The queue is filled and its destination paused before the dispatchers start; when all of them run, it is resumed."""

import argparse
import asyncio
import contextlib
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from fast_target import fast_target
from processes import cpu_seconds
from seeding import seed
from stack import PostgresServer, Server, report, running, running_postgres, until, web_hooks

SHARE_MEASURED = 0.9
"""The last rows of a queue are fewer than the dispatchers could send at once, so they are left out."""


@dataclass(frozen=True, slots=True)
class Measured:
    """`cpu_ms`: of all dispatchers, per delivery; `database_ms`: of the database server's processes.

    `transactions`: per delivery, reads outside of one included.
    """

    per_s: float
    cpu_ms: float
    database_ms: float | None = None
    transactions: float | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """Counts so far."""

    at: float
    cpu_s: float
    database_s: float
    transactions: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=4_000)
    parser.add_argument("--dispatchers", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--engines", nargs="+", default=["sqlite", "postgres"], choices=["sqlite", "postgres"])
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    figures: dict[str, float] = {}
    first: Measured | None = None
    for engine in arguments.engines:
        for dispatchers in arguments.dispatchers:
            found = measure(engine, dispatchers, arguments.count)
            first = first or found
            name = f"{engine}, {dispatchers} dispatcher{'s' if dispatchers > 1 else ''}"
            figures[f"{name}: deliveries/s"] = found.per_s
            figures[f"{name}: against the first line"] = found.per_s / first.per_s
            figures[f"{name}: processor ms each"] = found.cpu_ms
            if found.database_ms is not None:
                figures[f"{name}: database's processor ms each"] = found.database_ms
            if found.transactions is not None:
                figures[f"{name}: transactions each"] = found.transactions
    report(f"deliveries of {arguments.count} web_hooks to a local target", figures, arguments.json)


def measure(engine: str, dispatchers: int, count: int) -> Measured:
    with contextlib.ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="doorward-bench-")))
        target = opened.enter_context(fast_target())
        dsn, postgres = opened.enter_context(database(engine, folder))
        servers = [dispatcher(folder / str(number), dsn, target) for number in range(dispatchers)]
        migrated = servers[0].command("migrate")
        if migrated.returncode != 0:
            raise SystemExit(migrated.stdout + migrated.stderr)
        asyncio.run(seed(servers[0].config, count))
        if postgres is not None:
            postgres.sql("ANALYZE", "bench")
        destination = servers[0].told("deliveries", "list")["deliveries"][0]["destination"]
        servers[0].told("pauses", "pause", "destination", destination)
        opened.enter_context(running(*servers))
        servers[0].told("pauses", "resume", "destination", destination)
        return watch(servers, target, postgres, count)


def watch(servers: list[Server], target: str, postgres: PostgresServer | None, count: int) -> Measured:
    """All dispatchers run and may send now: until nearly everything has arrived."""
    begun = until("the first delivery", lambda: arrived(target))
    before = look(servers, postgres)
    while (seen := arrived(target)) < count * SHARE_MEASURED:
        time.sleep(0.02)
    after, landed = look(servers, postgres), seen - begun
    per_s, cpu_ms = landed / (after.at - before.at), 1000 * (after.cpu_s - before.cpu_s) / landed
    if postgres is None:
        return Measured(per_s, cpu_ms)
    database_ms = 1000 * (after.database_s - before.database_s) / landed
    return Measured(per_s, cpu_ms, database_ms, (after.transactions - before.transactions) / landed)


def look(servers: list[Server], postgres: PostgresServer | None) -> Look:
    used = sum(cpu_seconds(each.pid) for each in servers)
    if postgres is None or postgres.process is None:
        return Look(time.perf_counter(), used, 0.0, 0)
    return Look(time.perf_counter(), used, cpu_seconds(postgres.process.pid), transaction_count(postgres))


@contextlib.contextmanager
def database(engine: str, folder: Path) -> Iterator[tuple[str, PostgresServer | None]]:
    if engine == "sqlite":
        yield f"sqlite://{folder}/doorward.sqlite?_fk=true", None
        return
    with running_postgres(is_durable=True) as server:
        yield server.create_database("bench"), server


def dispatcher(folder: Path, dsn: str, target: str) -> Server:
    """Not started yet. Each has ports and a folder of its own, and the installation's secret."""
    folder.mkdir()
    secrets = "secrets: {cipher: [a-benchmark-secret-of-enough-length], cookie: [a-benchmark-cookie-secret-of-length]}"
    config = f"dev: true\ndsn: {dsn}\nlog: {{level: warning}}\n{secrets}\n{web_hooks(target, 1)}"
    return Server(folder, config, "--dev", "--only", "dispatcher,admin")


def arrived(target: str) -> int:
    with urlopen(target) as answer:
        return int(answer.read())


def transaction_count(postgres: PostgresServer) -> int:
    return int(postgres.sql("SELECT xact_commit FROM pg_stat_database WHERE datname = 'bench'"))


if __name__ == "__main__":
    main()
