"""Flows and reads a second with few and with very many people in the database: what a request costs must stay the same.

One server per database size; the sizes take turns, so that a machine that grows slow is slow for both. Needs wrk.
"""

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import bcrypt

from doorward.clock import SystemClock
from doorward.storage.contract import Database, Transaction
from doorward.storage.engine import open_database
from stack import BCRYPT_4, ID, NUMBERS, PASSWORD, Server, report, request, running, running_postgres

LUA = Path(__file__).with_name("flows.lua")
PATHS = {"whoami": 32, "init": 16, "registration": 8, "login": 8}
CONFIG = """
log: {level: error}
selfservice: {flows: {registration: {after: {password: {hooks: [{hook: session}]}}}}}
"""
STEP = 100_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, nargs="+", default=[10_000, 1_000_000])
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if shutil.which("wrk") is None:
        raise SystemExit("needs wrk: apt-get install wrk")
    rates: dict[int, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    wrong: list[str] = []
    with tempfile.TemporaryDirectory(prefix="doorward-people-") as folder, contextlib.ExitStack() as stack:
        dsns = stack.enter_context(databases(Path(folder), arguments.database, arguments.people))
        for _ in range(arguments.rounds):
            for people, dsn in dsns.items():
                with served(Path(folder), dsn, arguments.workers) as server:
                    for name, result in driven(server, people, arguments.seconds):
                        rates[people][name].append(result["done"] / result["seconds"])
                        wrong += [f"{name}: {result['first_wrong']}"] if result["wrong"] else []
    if wrong:
        raise SystemExit("requests failed: " + "; ".join(sorted(set(wrong))[:5]))
    report("people", figures(rates), arguments.json)


@contextlib.contextmanager
def databases(folder: Path, kind: str, sizes: list[int]) -> Iterator[dict[int, str]]:
    """A filled database for each size, by its dsn."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(running_postgres()) if kind == "postgresql" else None
        found = {}
        for people in sizes:
            found[people] = (
                server.create_database(f"people_{people}") if server else f"sqlite://{folder}/{people}.sqlite"
            )
            with served(folder, found[people], 1):
                pass
            asyncio.run(fill(found[people], people))
        yield found


@contextlib.contextmanager
def served(folder: Path, dsn: str, workers: int) -> Iterator[Server]:
    """A server that has migrated its database."""
    server = Server(folder, f"dsn: {dsn}\n{BCRYPT_4}{CONFIG}", "--dev", "--workers", str(workers))
    with running(server):
        yield server


async def fill(dsn: str, people: int) -> None:
    """Writes people with a password, straight into the tables."""
    database = open_database(dsn, SystemClock())
    await database.start()
    try:
        encoded = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
        for start in range(0, people, STEP):
            count = min(STEP, people - start)

            async def write(tx: Transaction, start: int = start, count: int = count) -> None:
                await _some(tx, start, count, encoded)

            await database.transaction(write)
            print(f"\r{start + count:,} of {people:,} people", end="", flush=True)
        await _analysed(database)
        print()
    finally:
        await database.close()


async def _some(tx: Transaction, start: int, count: int, encoded: str) -> None:
    name = tx.dialect.name
    own = ID[name].replace("{ms}", "100 + (n + :start)").replace("n)", "(n + :start))")
    cast = ("CAST(", " AS jsonb)") if name == "postgres" else ("", "")
    address = "'person-' || (n + :start) || '@example.org'"
    values: dict[str, Any] = {"count": count, "start": start, "config": json.dumps({"hashed_password": encoded})}
    statements = (
        f"""INSERT INTO identities (id, schema_id, traits, state, state_changed_at, event_seq, created_at, updated_at)
            {NUMBERS[name]} SELECT {own}, 'person', {cast[0]}'{{"email": "' || {address} || '"}}'{cast[1]}, 'active',
              0, 0, 0, 0 FROM numbers""",
        f"""INSERT INTO credentials (id, identity_id, type, config, version, created_at, updated_at)
            {NUMBERS[name]} SELECT {own}, {own}, 'password', {cast[0]}:config{cast[1]}, 0, 0, 0 FROM numbers""",
        f"""INSERT INTO credential_identifiers (type, identifier, credential_id, identity_id)
            {NUMBERS[name]} SELECT 'password', {address}, {own}, {own} FROM numbers""",
        f"""INSERT INTO verifiable_addresses (id, identity_id, via, value, verified, status, created_at, updated_at)
            {NUMBERS[name]} SELECT {own}, {own}, 'email', {address}, FALSE, 'pending', 0, 0 FROM numbers""",
        f"""INSERT INTO recovery_addresses (id, identity_id, via, value, created_at, updated_at)
            {NUMBERS[name]} SELECT {own}, {own}, 'email', {address}, 0, 0 FROM numbers""",
    )
    for sql in statements:
        await tx.execute(sql, {key: value for key, value in values.items() if f":{key}" in sql})


async def _analysed(database: Database) -> None:
    async def work(tx: Transaction) -> None:
        await tx.execute("ANALYZE")

    await database.transaction(work)


def driven(server: Server, people: int, seconds: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every path in turn."""
    flow = request("GET", f"{server.public}/self-service/login/api").body
    filled = {"method": "password", "identifier": "person-1@example.org", "password": PASSWORD}
    token = request("POST", flow["ui"]["action"], filled).body["session_token"]
    for name, connections in PATHS.items():
        asked = {"whoami": {"GET": "/sessions/whoami"}, "init": {"GET": "/self-service/registration/api"}}.get(
            name, {"FLOW": name}
        )
        environment = {
            **os.environ,
            **asked,
            "TOKEN": token if name == "whoami" else "",
            "PEOPLE": str(people),
            "PASSWORD": PASSWORD,
        }
        # A flow has a connection of its own: a thread of wrk knows only its own answers.
        threads = connections if "FLOW" in asked else 2
        command = ["wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "--timeout", "20s", "-s", str(LUA)]
        done = subprocess.run([*command, server.public], env=environment, capture_output=True, text=True, check=True)
        line = next(each for each in done.stdout.splitlines() if each.startswith("RESULT "))
        yield name, json.loads(line.removeprefix("RESULT "))


def figures(rates: dict[int, dict[str, list[float]]]) -> dict[str, Any]:
    found: dict[str, Any] = {
        f"{name}/s, {people:,} people": round(median(seen))
        for people, by_name in rates.items()
        for name, seen in by_name.items()
    }
    least, most = min(rates), max(rates)
    for name in PATHS if least != most else ():
        found[f"{name}: many against few"] = round(median(rates[most][name]) / median(rates[least][name]), 2)
    return found


if __name__ == "__main__":
    main()
