"""`doorward restored`: tells a database that it comes from a backup that did not know it (pg_dump, copied files)."""

import click

from doorward.app.core import opened_core
from doorward.app.loading import Sources, load_config
from doorward.cli.actor import actor
from doorward.cli.options import installation_options, json_option
from doorward.cli.output import print_json, refusal, run, say
from doorward.delivery.restored import mark_restored
from doorward.errors import DoorwardError
from doorward.outbox.restored import Doubtful
from doorward.storage.dsn import SqliteDsn, parse_dsn


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@installation_options
@json_option
def restored(yes: bool, config: Sources, as_json: bool) -> None:
    """Run once after a restore with other tools than `doorward backup`, before any server starts.

    Deliveries that had not ended may have been sent since by the database that was lost. HubSpot's are looked up
    before they are sent; all others are held until somebody releases or discards them.
    """
    # Named before anything is marked: it would be easy to mark the database that was lost instead.
    name = named(config)
    if not yes:
        click.confirm(f"Was {name} just restored, and is every server of it stopped?", abort=True, err=True)

    async def work() -> Doubtful:
        async with opened_core(config) as core:
            return await mark_restored(core.database, core.clock, actor())

    found = run(work())
    if as_json:
        print_json({"database": name, "held": found.held, "looked_at": found.looked_at})
    else:
        say(f"{name} is marked as restored.")
        tell(found)


def named(sources: Sources) -> str:
    """The file, or the server and database without user and password."""
    try:
        config, _ = load_config(sources, {"dev": True} if sources.is_dev else {})
        parsed = parse_dsn(config.dsn.reveal())
    except DoorwardError as error:
        raise refusal(error) from None
    return str(parsed.path) if isinstance(parsed, SqliteDsn) else parsed.shown


def tell(found: Doubtful) -> None:
    """For people."""
    say(f"{found.looked_at} deliveries to HubSpot are looked up there before they are sent.")
    say(f"{found.held} others are held.")
    if found.held:
        say("`doorward deliveries list --state held` shows them; `doorward deliveries release` sends them.")
    say("`doorward hubspot reconcile` then tells which contacts belong to nobody here.")
