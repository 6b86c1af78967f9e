"""`doorward deliveries release`: lets go what is held because the database was restored."""

from typing import Any
from uuid import UUID

import click

from doorward.app.core import opened_core
from doorward.app.loading import Sources
from doorward.cli.actor import actor
from doorward.cli.deliveries import chosen, filter_options
from doorward.cli.options import installation_options, json_option
from doorward.cli.output import print_json, run, say
from doorward.delivery.restored import release_all, release_one


@click.command("release")
@click.argument("delivery_ids", nargs=-1, type=click.UUID)
@filter_options
@click.option("--yes", is_flag=True, help="Do not ask.")
@installation_options
@json_option
def release(delivery_ids: tuple[UUID, ...], yes: bool, config: Sources, as_json: bool, **options: Any) -> None:
    """Send deliveries that are held because of a restore: those named, or all that the filters choose.

    The receiver may have had them before: they keep their id (webhook-id), by which it can tell.
    """
    if not delivery_ids and not any(options.values()):
        raise click.UsageError("Name deliveries, or choose them with --state held, --destination or --action.")
    if not delivery_ids and not yes:
        click.confirm("Send all of these, though they may have been sent before?", abort=True, err=True)

    async def work() -> int:
        async with opened_core(config) as core:
            for each in delivery_ids:
                await release_one(core.database, core.clock, each, actor())
            if delivery_ids:
                return len(delivery_ids)
            return await release_all(core.database, core.clock, chosen(core, **options), actor())

    released = run(work())
    if as_json:
        print_json({"released": released})
    else:
        say(f"{released} deliver{'y' if released == 1 else 'ies'} released.")
