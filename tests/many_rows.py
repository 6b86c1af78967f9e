"""Many delivery rows, written by the database itself, and a reader that remembers what it was asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from doorward.storage.contract import Database, Params, Reader, Row, Transaction
from doorward.storage.dialect import Dialect
from doorward.storage.statements import compile_statement

BASE = 0x0193_0000_0000
"""Milliseconds in the ids of the rows."""
ID = {
    "sqlite": "printf('%08x-%04x-7000-8000-%012x', ({ms}) >> 16, ({ms}) & 65535, n)",
    "postgres": "CAST(lpad(to_hex(({ms}) >> 16), 8, '0') || '-' || lpad(to_hex(({ms}) & 65535), 4, '0') "
    "|| '-7000-8000-' || lpad(to_hex(n), 12, '0') AS uuid)",
}
NUMBERS = {
    "sqlite": "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :count)",
    "postgres": "WITH numbers AS (SELECT n FROM generate_series(CAST(1 AS bigint), CAST(:count AS bigint)) AS g(n))",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One statement."""

    sql: str
    params: Mapping[str, Any]


@dataclass
class ListeningReader:
    """Passes everything on and keeps it."""

    reader: Reader
    asked: list[Asked] = field(default_factory=list)

    async def fetch_one(self, sql: str, params: Params | None = None) -> Row | None:
        self.asked.append(Asked(sql, params or {}))
        return await self.reader.fetch_one(sql, params)

    async def fetch_all(self, sql: str, params: Params | None = None) -> list[Row]:
        self.asked.append(Asked(sql, params or {}))
        return await self.reader.fetch_all(sql, params)


class ListenedDatabase:
    """A real database whose reads are kept; everything else is its own."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.reader = ListeningReader(database.reader)

    @property
    def dialect(self) -> Dialect:
        return self._database.dialect

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)


async def write_rows(
    database: Database, count: int, state: str = "delivered", action: str = "crm", at: int = 0
) -> None:
    """`count` deliveries of as many people; `at` is how many milliseconds after BASE the first was queued."""
    name = database.dialect.name
    own = ID[name].replace("{ms}", f"{BASE + at} + n")

    async def work(tx: Transaction) -> None:
        await tx.execute(
            f"""
            INSERT INTO events (id, kind, identity_id, seq, occurred_at, source, trace_id)
            {NUMBERS[name]} SELECT {own}, 'identity.created', {own}, 1, 0, 'test', '' FROM numbers
            """,
            {"count": count},
        )
        await tx.execute(
            f"""
            INSERT INTO deliveries (id, event_id, event_kind, identity_id, seq, position, action, connector,
              destination, state, payload, not_before, waiting_since, trace_id, created_at, updated_at, settled_at)
            {NUMBERS[name]} SELECT {own}, {own}, 'identity.created', {own}, 1, 1, '{action}', 'scripted', '{action}',
              '{state}', {"x''" if name == "sqlite" else "''"}, 0, {at} + n, '', {at} + n, {at} + n, 0 FROM numbers
            """,
            {"count": count},
        )

    await database.transaction(work)
    if name == "postgres":
        await _analyze(database)


async def _analyze(database: Database) -> None:
    async def work(tx: Transaction) -> None:
        await tx.execute("ANALYZE deliveries")

    await database.transaction(work)


async def plan_of(database: Database, asked: Asked) -> str:
    """How the engine goes about a statement, in its own words."""
    if database.dialect.name == "sqlite":
        rows = await database.reader.fetch_all(f"EXPLAIN QUERY PLAN {asked.sql}", asked.params)
        return "\n".join(row["detail"] for row in rows)
    rows = await database.reader.fetch_all(f"EXPLAIN {asked.sql}", asked.params)
    return "\n".join(row["QUERY PLAN"] for row in [*rows, *await _generic_plan(database, asked)])


async def _generic_plan(database: Database, asked: Asked) -> list[Row]:
    """PostgreSQL's plan for any values: it goes over to that after a few runs of a prepared statement."""
    compiled = compile_statement(asked.sql)
    values = f"({', '.join(['NULL'] * len(compiled.names))})" if compiled.names else ""

    async def work(tx: Transaction) -> list[Row]:
        await tx.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        await tx.execute(f"PREPARE looked_at AS {compiled.sql}")
        rows = await tx.fetch_all(f"EXPLAIN EXECUTE looked_at{values}")
        await tx.execute("DEALLOCATE looked_at")
        return rows

    return await database.transaction(work)


def walks_all(plan: str) -> bool:
    """Whether a plan reads the whole table, sorts what it has read of it, or drops most of what it reads of it.

    A walk through an index in the order that is asked for, of which every row counts, ends at the limit: it is none.
    """
    lines = [line.strip() for line in plan.splitlines()]
    sqlite = any(
        (line.startswith("SCAN deliveries") and "USING" not in line) or line.startswith("USE TEMP B-TREE FOR ORDER BY")
        for line in lines
    )
    postgres = any(
        "Seq Scan on deliveries" in line
        or ("using deliveries_pkey" in line and any(each.startswith("Filter:") for each in lines[number : number + 3]))
        for number, line in enumerate(lines)
    )
    return sqlite or postgres
