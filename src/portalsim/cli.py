"""The command line: `portalsim serve`."""

import logging
import sys
from pathlib import Path

import click
import orjson
from rich.console import Console

from portalsim.contacts import records
from portalsim.database import NotOurFile
from portalsim.limits import PLANS
from portalsim.logs import JsonLines
from portalsim.portal import Account, Portal, open_portal
from portalsim.seeding import seed_contacts
from portalsim.server import PortTaken, listen, serve
from portalsim.tokens import FIRST_TOKEN


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """A local simulator of the HubSpot API: contacts that never leave this machine."""


@main.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=4480, show_default=True, type=click.IntRange(0, 65535), help="0 picks a free one.")
@click.option("--store", default="memory", show_default=True, help="`memory`, or a file that survives restarts.")
@click.option("--plan", type=click.Choice(sorted(PLANS)), default=None, help="Call limits; as last time, off at first.")
@click.option("--seed", default=1, show_default=True, help="Everything random follows from it.")
@click.option("--contacts", default=0, show_default=True, help="Invented contacts to start with, if there are none.")
@click.option(
    "--portal-id", default=62515000, show_default=True, type=click.IntRange(min=1), help="What account-info answers."
)
@click.option("--hosting", type=click.Choice(["na1", "eu1"]), default="na1", show_default=True, help="Data centre.")
@click.option("--time-zone", default="UTC", show_default=True, help="Where the portal's day begins.")
@click.option("--json-logs", is_flag=True, help="Log lines as JSON.")
def serve_command(
    host: str,
    port: int,
    store: str,
    plan: str | None,
    seed: int,
    contacts: int,
    portal_id: int,
    hosting: str,
    time_zone: str,
    json_logs: bool,
) -> None:
    """Serve the API, the control API and the pages on one port."""
    if store != "memory":
        Path(store).parent.mkdir(parents=True, exist_ok=True)
    try:
        portal = open_portal(store, Account(portal_id, hosting, time_zone), seed, plan)
        sock = listen(host, port)
    except (NotOurFile, PortTaken) as refused:
        raise click.ClickException(str(refused)) from refused
    except LookupError as unknown:
        raise click.ClickException(f"there is no time zone {time_zone}") from unknown
    _greet(portal, f"http://{host}:{sock.getsockname()[1]}", contacts, as_json=json_logs)
    try:
        serve(portal, sock)
    finally:
        portal.database.close()


def _greet(portal: Portal, url: str, contacts: int, *, as_json: bool) -> None:
    made = seed_contacts(portal, contacts, "example.org") if contacts and not records.count(portal.database) else 0
    facts = {"url": url, "portal_id": portal.account.portal_id, "token": FIRST_TOKEN, "plan": portal.limits.plan.name}
    if as_json:
        logging.basicConfig(handlers=[JsonLines.on(sys.stderr)], level=logging.WARNING, force=True)
        sys.stdout.write(orjson.dumps({"event": "serving", "seeded": made, **facts}).decode() + "\n")
        sys.stdout.flush()
        return
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"[bold]portalsim[/bold], a local simulator: nothing leaves this machine. Store: {portal.store_name}")
    for name, value in facts.items():
        console.print(f"  {name.replace('_', ' '):<10} {value}")
    console.print("  control    /_sim/state, /_sim/ledger, /_sim/faults …   Ctrl-C stops it.")
