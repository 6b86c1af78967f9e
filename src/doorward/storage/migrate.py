"""Brings a database's schema up to this release, one transaction per step, and says whether it is there.

A release runs on its own schema and on the next one's, so that servers can be replaced one by one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from doorward.clock import Clock
from doorward.storage.contract import Database, Reader, Transaction
from doorward.storage.dialect import Dialect
from doorward.storage.errors import SchemaGap, SchemaOutdated, SchemaTooNew
from doorward.storage.failpoints import failpoint
from doorward.storage.foreign import OURS, list_tables
from doorward.storage.migration import Migration
from doorward.storage.migrations import MIGRATIONS

COMMAND = "doorward migrate"
LEDGER = (
    f"CREATE TABLE IF NOT EXISTS {OURS} (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at {{time}} NOT NULL)"
)
# How many versions ahead of this release a database may be: the next release's schema, during a rolling upgrade.
TOLERATED_AHEAD = 1


@dataclass(frozen=True, slots=True)
class SchemaState:
    """`pending` are the steps to apply; `missing` those of them that lie before an applied one; `ahead` is how many
    versions the database is newer than this release."""

    pending: tuple[Migration, ...]
    missing: tuple[Migration, ...]
    ahead: int


async def migrate(database: Database, clock: Clock, migrations: Sequence[Migration] = MIGRATIONS) -> list[str]:
    """Applies what is pending; the names of the steps applied. Safe to run in several processes at once.

    Raises SchemaTooNew, SchemaGap.
    """
    refuse_wrong(await schema_state(database.reader, database.dialect, migrations))
    await database.transaction(prepare)
    return [str(step) for step in migrations if await database.transaction(partial(apply, migration=step, clock=clock))]


async def prepare(tx: Transaction) -> None:
    """Makes the schema and the table that remembers what was applied."""
    await take_lock(tx)
    for statement in (*tx.dialect.before_migrations, LEDGER):
        failpoint("storage.migration_statement")
        await tx.execute(tx.dialect.render(statement))


async def apply(tx: Transaction, migration: Migration, clock: Clock) -> bool:
    """Runs one step unless another process did so meanwhile; whether it did."""
    await take_lock(tx)
    if await tx.fetch_one(f"SELECT version FROM {OURS} WHERE version = :version", {"version": migration.version}):
        return False
    for statement in migration.statements():
        failpoint("storage.migration_statement")
        await tx.execute(tx.dialect.render(statement))
    failpoint("storage.migration_statement")
    await tx.execute(
        f"INSERT INTO {OURS} (version, name, applied_at) VALUES (:version, :name, :applied_at)",
        {"version": migration.version, "name": migration.name, "applied_at": clock.now()},
    )
    return True


async def take_lock(tx: Transaction) -> None:
    if tx.dialect.migration_lock is not None:
        await tx.fetch_one(tx.dialect.migration_lock)


async def pending(database: Database, migrations: Sequence[Migration] = MIGRATIONS) -> list[Migration]:
    """The steps that `migrate` would apply."""
    return list((await schema_state(database.reader, database.dialect, migrations)).pending)


async def require_current(database: Database, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Raises SchemaOutdated, SchemaGap or SchemaTooNew, each with what to do, unless this release can run here."""
    state = await schema_state(database.reader, database.dialect, migrations)
    refuse_wrong(state)
    if state.pending:
        names = ", ".join(map(str, state.pending))
        raise SchemaOutdated(f"The database's schema is older than this release (missing: {names}). Run: {COMMAND}")


async def schema_state(reader: Reader, dialect: Dialect, migrations: Sequence[Migration]) -> SchemaState:
    """Compares what was applied with what this release knows."""
    applied: set[int] = set()
    if OURS in await list_tables(reader, dialect):
        applied = {row["version"] for row in await reader.fetch_all(f"SELECT version FROM {OURS}")}
    newest = max(applied, default=0)
    waiting = tuple(step for step in migrations if step.version not in applied)
    known = migrations[-1].version if migrations else 0
    return SchemaState(
        pending=waiting,
        missing=tuple(step for step in waiting if step.version < newest),
        ahead=max(0, newest - known),
    )


def refuse_wrong(state: SchemaState) -> None:
    """Raises SchemaGap or SchemaTooNew."""
    if state.ahead > TOLERATED_AHEAD:
        raise SchemaTooNew(
            f"The database's schema is {state.ahead} versions newer than this release understands. "
            "Install the release that made it, or restore the backup from before."
        )
    if state.missing:
        names = ", ".join(map(str, state.missing))
        raise SchemaGap(
            f"The database's schema misses steps before its newest one ({names}); they cannot be applied afterwards. "
            "Restore a complete backup."
        )
