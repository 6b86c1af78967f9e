"""`doorward backup`: a copy of a running SQLite installation that sends nothing twice when it is restored."""

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID, uuid4

import click

from doorward.app.core import MemoryDatabase
from doorward.app.loading import Sources, load_config
from doorward.cli.actor import actor
from doorward.cli.options import installation_options, json_option
from doorward.cli.output import print_json, refusal, run, say
from doorward.cli.progress import progress
from doorward.clock import Clock, SystemClock, rfc3339
from doorward.config.model import Config
from doorward.delivery.restored import mark_restored
from doorward.errors import Conflict, DoorwardError, Misconfigured
from doorward.identities.query import count_identities
from doorward.storage.dsn import SqliteDsn, parse_dsn
from doorward.storage.migrate import pending
from doorward.storage.sqlite.backup import copy_online, finish_copy, partial_file, require_room
from doorward.storage.sqlite.database import SqliteDatabase

HOWTO = "docs/howto/back-up-and-restore.md"
FIRST = 1
"""The version of the first migration: without it there are no tables."""


class BackupElsewhere(Misconfigured):
    """PostgreSQL is backed up with its own tools, and `doorward restored` is run after a restore."""


class NothingToBackUp(Conflict):
    """The database holds no tables of ours yet."""


@dataclass(frozen=True, slots=True)
class Made:
    """A finished backup. `waiting` deliveries had not ended; of these `held` wait for a person after a restore."""

    file: Path
    backup_id: UUID
    backed_up_at: datetime
    size_bytes: int
    identities: int
    waiting: int
    held: int
    key: str


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--force", is_flag=True, help="Replace FILE if it exists.")
@installation_options
@json_option
def backup(file: Path, force: bool, config: Sources, as_json: bool) -> None:
    """Copy the SQLite database to FILE while servers go on writing.

    Whoever restores it sends nothing twice: deliveries that had not ended are marked in the copy. The key that
    encrypts personal payloads (secrets.cipher) is not in it and is needed as well.
    """
    try:
        made = back_up(file, config, force=force)
    except DoorwardError as error:
        raise refusal(error) from None
    if as_json:
        print_json({**asdict(made), "file": str(made.file), "backed_up_at": rfc3339(made.backed_up_at)})
    else:
        tell(made)


def back_up(file: Path, sources: Sources, *, force: bool) -> Made:
    """Raises DoorwardErrors; then nothing is left of it."""
    config, _ = load_config(sources, {"dev": True} if sources.is_dev else {})
    source = source_of(config)
    clock = SystemClock()
    backup_id, at = uuid4(), clock.now()
    with partial_file(file, force=force) as partial:
        require_room(source, partial)
        with progress("pages copied") as advance:
            copy_online(source, partial, advance)
        counts = run(marked(partial, clock, backup_id))
        finish_copy(partial)
    return Made(file, backup_id, at, file.stat().st_size, *counts, key_of(config, source))


def source_of(config: Config) -> Path:
    """The database file. Raises BackupElsewhere, MemoryDatabase, NothingToBackUp."""
    parsed = parse_dsn(config.dsn.reveal())
    if not isinstance(parsed, SqliteDsn):
        raise BackupElsewhere(
            f"PostgreSQL is backed up with its own tools: pg_dump, or base backups and archived logs. {HOWTO} has the "
            "commands. After a restore run `doorward restored` before any server starts."
        )
    if parsed.path is None:
        raise MemoryDatabase("The dsn is memory: that database lives inside the server and is gone with it.")
    if not parsed.path.is_file():
        raise NothingToBackUp(f"There is no database file {parsed.path} yet.")
    return parsed.path


def key_of(config: Config, source: Path) -> str:
    """Where the key lies without which the payloads in the backup cannot be read."""
    beside = source.with_name(f"{source.name}.dev-secrets.json")
    return str(beside) if config.dev and beside.exists() else "secrets.cipher"


async def marked(partial: Path, clock: Clock, backup_id: UUID) -> tuple[int, int, int]:
    """Marks the copy; identities, deliveries that had not ended, and those of them that wait for a person."""
    database = SqliteDatabase(SqliteDsn(partial, "rw"))
    await database.start()
    try:
        if any(step.version == FIRST for step in await pending(database)):
            raise NothingToBackUp("The database holds no tables of ours yet.")
        doubtful = await mark_restored(database, clock, actor(), backup_id)
        identities = await count_identities(database.reader)
        return identities, doubtful.held + doubtful.looked_at, doubtful.held
    finally:
        await database.close()


def tell(made: Made) -> None:
    """For people."""
    say(
        f"{made.file}: {made.identities:,} identities, {made.waiting:,} deliveries that had not ended, "
        f"{made.size_bytes / 1e6:,.1f} MB. Checked and synced."
    )
    say(f"Needed as well, and not in it: the key in {made.key}.")
    if made.held:
        say(f"Restored, {made.held:,} of the deliveries will wait for a person, who asks the receiver: {HOWTO}")
