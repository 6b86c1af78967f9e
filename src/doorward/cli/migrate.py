"""`doorward migrate`: brings the database's schema up to this release."""

from pathlib import Path

import click

from doorward.app.loading import load_config
from doorward.cli.options import config_option, json_option
from doorward.cli.output import print_json, run, say
from doorward.clock import SystemClock
from doorward.storage.engine import open_database
from doorward.storage.migrate import migrate as apply
from doorward.storage.migrate import pending


@click.command()
@click.option("--dry-run", is_flag=True, help="Only tell what would be applied.")
@click.option("--dev", is_flag=True, help="Development defaults for what the configuration leaves out.")
@config_option
@json_option
def migrate(dry_run: bool, dev: bool, config: tuple[Path, ...], as_json: bool) -> None:
    """Apply the database migrations of this release. Safe to repeat and to run in several processes at once."""

    async def work() -> list[str]:
        loaded, _ = load_config(config, {"dev": True} if dev else {})
        clock = SystemClock()
        database = open_database(loaded.dsn.reveal(), clock)
        await database.start()
        try:
            return [str(step) for step in await pending(database)] if dry_run else await apply(database, clock)
        finally:
            await database.close()

    steps = run(work())
    if as_json:
        print_json({"applied": [] if dry_run else steps, "pending": steps if dry_run else []})
    elif not steps:
        say("The schema is up to date.")
    else:
        say(("Would apply: " if dry_run else "Applied: ") + ", ".join(steps))
