"""`doorward hubspot`: connect a portal, check it and its accounting, find where a person's contact is."""

from pathlib import Path
from typing import Any

import click

from doorward.app.core import opened_core
from doorward.app.loading import Sources
from doorward.cli.hubspot_check import Report, report_json, tell_report
from doorward.cli.hubspot_check import check as check_all
from doorward.cli.hubspot_connect import Request, connected_json, read_token, tell
from doorward.cli.hubspot_connect import connect as connect_portal
from doorward.cli.hubspot_where import tell_where
from doorward.cli.hubspot_where import where as find_where
from doorward.cli.options import installation_options, json_option
from doorward.cli.output import print_json, run
from doorward.connectors.hubspot.action_settings import BASES
from doorward.connectors.hubspot.wire import API_VERSIONS, DEFAULT_BASE_URL, DEFAULT_VERSION
from doorward.errors import DoorwardError

NAME = "hubspot"


@click.group()
def hubspot() -> None:
    """Connect HubSpot, check it, and find a person's contact."""


@hubspot.command()
@click.option("--destination", default=NAME, show_default=True, help="Its name in the configuration.")
@click.option("--token-file", type=click.Path(path_type=Path, dir_okay=False), help="Read the token from this file.")
@click.option("--token-env", help="Read the token from this variable. Default: $HUBSPOT_TOKEN, else a prompt.")
@click.option("--portal", help="Refuse any other HubSpot account than this number.")
@click.option("--base-url", default=DEFAULT_BASE_URL, show_default=True, help="Another address, e.g. a simulator's.")
@click.option("--api-version", type=click.Choice(API_VERSIONS), default=DEFAULT_VERSION, show_default=True)
@click.option("--consent", help="The consent that a person must have given. Default: the only one in the schema.")
@click.option("--basis", type=click.Choice(BASES), help="Send without consent, on this ground.")
@click.option("--why", help="The sentence that explains the basis.")
@installation_options
@json_option
def connect(
    destination: str,
    token_file: Path | None,
    token_env: str | None,
    portal: str | None,
    base_url: str,
    api_version: str,
    consent: str | None,
    basis: str | None,
    why: str | None,
    config: Sources,
    as_json: bool,
) -> None:
    """Check a HubSpot token, make the account ready, and write the configuration. Safe to repeat."""
    request = Request(destination, base_url, api_version, portal, consent, basis, why, config)
    try:
        token = read_token(token_file, token_env)
    except DoorwardError as error:
        raise click.ClickException(f"{error} [{error.code()}]") from None
    done = run(connect_portal(request, token))
    if as_json:
        print_json(connected_json(done))
    else:
        tell(done)


@hubspot.command()
@installation_options
@json_option
def check(config: Sources, as_json: bool) -> None:
    """Is the account ready, does anything rest, and where is everybody? Fails if something needs a person."""

    async def work() -> Report:
        async with opened_core(config) as core:
            return await check_all(core)

    report = run(work())
    if as_json:
        print_json(report_json(report))
    else:
        tell_report(report)
    raise SystemExit(0 if report.is_well else 1)


@hubspot.command()
@click.argument("who", metavar="EMAIL|IDENTITY_ID")
@installation_options
@json_option
def where(who: str, config: Sources, as_json: bool) -> None:
    """Tell where a person's contact is, how it got there, or why it is not there."""

    async def work() -> list[dict[str, Any]]:
        async with opened_core(config) as core:
            return await find_where(core, who)

    told = run(work())
    if as_json:
        print_json(told)
    else:
        tell_where(told)
