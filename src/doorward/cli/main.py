"""`doorward`: the program. Each noun is a file of its own; nothing is decided here."""

import logging
from importlib.metadata import version

import click

from doorward.cli.actions import actions
from doorward.cli.alerts import alerts
from doorward.cli.backup import backup
from doorward.cli.config import config
from doorward.cli.deliveries import deliveries
from doorward.cli.deliveries_release import release
from doorward.cli.hubspot import hubspot
from doorward.cli.hubspot_reconcile import reconcile
from doorward.cli.identities import identities
from doorward.cli.identities_export import export
from doorward.cli.identities_import import import_
from doorward.cli.migrate import migrate
from doorward.cli.pauses import pauses
from doorward.cli.restored import restored
from doorward.cli.secrets import secrets
from doorward.cli.serve import serve


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(version("doorward"), prog_name="doorward")
def main() -> None:
    """A self-hosted identity server that lets people in and announces them."""
    # Where nobody listens, Python prints a driver's warnings with their traces, among what a command says.
    logging.getLogger("asyncpg").addHandler(logging.NullHandler())


main.add_command(actions)
main.add_command(alerts)
main.add_command(backup)
main.add_command(config)
main.add_command(deliveries)
main.add_command(hubspot)
main.add_command(identities)
main.add_command(migrate)
main.add_command(pauses)
main.add_command(restored)
main.add_command(secrets)
main.add_command(serve)
deliveries.add_command(release)
hubspot.add_command(reconcile)
identities.add_command(export)
identities.add_command(import_)
