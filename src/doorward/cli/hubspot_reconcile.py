"""`doorward hubspot reconcile`: contacts of people whom nobody knows here, and people whose contact is gone."""

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import UUID

import click
import orjson

from doorward.app.core import Core, opened_core
from doorward.app.loading import Sources
from doorward.cli.actor import actor
from doorward.cli.hubspot_check import hubspot_destinations
from doorward.cli.options import installation_options, json_option
from doorward.cli.output import run, say, warn
from doorward.cli.progress import progress
from doorward.clock import rfc3339
from doorward.connectors.hubspot.client import HubSpotClient
from doorward.connectors.hubspot.limits import SharedQuota
from doorward.connectors.hubspot.links import StoredLinks
from doorward.connectors.hubspot.portal import Portal
from doorward.connectors.hubspot.reconcile import Finding, Kind, Reconciler, Thrifty, Walk
from doorward.connectors.hubspot.settings import HubSpotSettings
from doorward.connectors.hubspot.transport import Transport
from doorward.connectors.hubspot.wire import Paths
from doorward.delivery.budget import SharedBudget
from doorward.delivery.replay import NotReplayable, PayloadShredded, Superseded, replay
from doorward.delivery.restored import Mark, find_mark
from doorward.errors import DoorwardError, InvalidInput
from doorward.outbox.mentions import find_newest_delivered

REPAIRED = frozenset({Kind.MISSING, Kind.UNLINKED})
ADVICE: Mapping[Kind, str] = {
    Kind.UNKNOWN: (
        "unknown: nothing here tells of these people. They signed up after the backup from which this database was "
        "restored, or belong to another installation. Who signs up again and verifies the same e-mail gets the "
        "contact back; the others are yours to write to, or to delete in HubSpot."
    ),
    Kind.WITHDRAWN: (
        "withdrawn: the contact says no to what the person here says yes to. Somebody has set it by hand, or the no "
        "came after the backup: then record it here (`doorward identities patch`, the consent's trait to false)."
    ),
    Kind.MISSING: "missing: delivered, and no contact is left. --repair sends them again.",
    Kind.REMOVED: (
        "removed: the contact is in HubSpot's recycle bin. After a restore: perhaps the person has deleted the account "
        "since the backup; then delete it here as well (`doorward identities delete`). --repair leaves these alone."
    ),
    Kind.UNLINKED: "unlinked: the contact is there without our id (merged, or taken off). --repair sends them again.",
}
LEFT_OUT = "Not compared: other values of contacts. A person's next change writes them."


class NoSuchDestination(InvalidInput):
    """The configuration has no HubSpot destination of this name."""


@dataclass(slots=True)
class Outcome:
    """What a run came to. `cursor`: it was not completed, and where it may go on."""

    mark: Mark | None = None
    contacts: int = 0
    ours: int = 0
    remembered: int = 0
    found: Counter[Kind] = field(default_factory=Counter)
    repaired: int = 0
    unrepaired: int = 0
    cursor: str | None = None
    trouble: str | None = None

    def add(self, walk: Walk) -> None:
        self.contacts += walk.contacts
        self.ours += walk.ours
        self.remembered += walk.remembered
        self.found += walk.found


@click.command()
@click.option("--destination", help="Only this one. Default: every HubSpot destination.")
@click.option("--after", help="Continue where an earlier run has stopped; it printed the place.")
@click.option("--repair", is_flag=True, help="Send again what is missing or unlinked.")
@installation_options
@json_option
def reconcile(destination: str | None, after: str | None, repair: bool, config: Sources, as_json: bool) -> None:
    """Compare HubSpot's contacts with the people here. Fails if something differs; changes nothing without --repair.

    Needs about one call for each hundred contacts of the portal, from the budget that deliveries share.
    """
    outcome = run(_reconcile(config, destination, after, repair=repair, printer=Printer(as_json=as_json)))
    if outcome.trouble is not None:
        raise click.ClickException(outcome.trouble)
    raise SystemExit(1 if outcome.found else 0)


class Printer:
    """Writes each finding as it comes: a list of all of them would grow with the portal."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._count = 0

    def begin(self) -> None:
        if self._as_json:
            sys.stdout.write('{"findings": [')

    def tell(self, finding: Finding) -> None:
        if self._as_json:
            sys.stdout.write(("," if self._count else "") + "\n  " + orjson.dumps(asdict(finding)).decode())
        else:
            who = f" {finding.email}" if finding.email else ""
            say(f"{finding.kind:<9}{finding.destination}  contact {finding.contact_id}{who}  {finding.identity_id}")
        self._count += 1

    def end(self, outcome: Outcome) -> None:
        if self._as_json:
            rest = orjson.dumps(outcome_json(outcome)).decode()
            sys.stdout.write(f"\n],\n{rest[1:]}\n")
        else:
            tell(outcome)


async def _reconcile(
    sources: Sources, destination: str | None, after: str | None, *, repair: bool, printer: Printer
) -> Outcome:
    outcome = Outcome()
    async with opened_core(sources) as core:
        chosen = _chosen(core, destination, after)
        outcome.mark = await find_mark(core.database.reader)
        printer.begin()
        for name, settings in chosen.items():
            walk = Walk(cursor=after)
            try:
                async for finding in _walk(core, name, settings, walk):
                    printer.tell(finding)
                    if repair and finding.kind in REPAIRED:
                        await _repair(core, finding, outcome)
            except asyncio.CancelledError:
                warn(f"Stopped. Continue with: --destination {name} --after {walk.cursor}")
                raise
            except DoorwardError as error:
                outcome.cursor = walk.cursor
                outcome.trouble = f"{error} [{error.code()}]"
            outcome.add(walk)
            if outcome.trouble is not None:
                break
        printer.end(outcome)
    return outcome


def _chosen(core: Core, destination: str | None, after: str | None) -> Mapping[str, HubSpotSettings]:
    found = hubspot_destinations(core)
    if destination is not None:
        if destination not in found:
            raise NoSuchDestination(f"There is no HubSpot destination {destination!r}, only: {', '.join(found)}.")
        return {destination: found[destination]}
    if after is not None and len(found) > 1:
        raise NoSuchDestination("--after continues one destination: name it with --destination.")
    return found


async def _walk(core: Core, name: str, settings: HubSpotSettings, walk: Walk) -> AsyncIterator[Finding]:
    """The findings, with a bar beside them."""
    quota = SharedQuota(name, settings.limits, SharedBudget(core.database, core.clock), core.clock)
    await quota.prime()
    transport = Transport(core.egress, settings.base_url, settings.token, core.clock, quota.until_reset_s)
    client = HubSpotClient(transport, Paths(settings.api_version), Thrifty(quota))
    await Portal(name, settings, core.database, core.clock).ensure_checked(client)
    links = StoredLinks(core.database, name, core.clock)
    total = await links.count_links()
    actions = [action for action in core.table.list_actions() if action.destination == name]
    purposes = sorted({action.consent for action in actions if action.consent})
    with progress(f"{name}: contacts, then people") as advance:

        def show() -> None:
            is_among_people = (walk.cursor or "people").startswith("people")
            advance(walk.contacts + walk.remembered, walk.contacts + total if is_among_people else None)

        async for finding in Reconciler(client, core.database, name, links, purposes, on_page=show).walk(walk):
            yield finding


async def _repair(core: Core, finding: Finding, outcome: Outcome) -> None:
    """By the road of every replay: audit line, consent gate, order, budget."""
    newest = await find_newest_delivered(core.database.reader, finding.destination, UUID(finding.identity_id))
    try:
        if newest is not None:
            await replay(core.database, core.clock, newest, actor())
            outcome.repaired += 1
            return
    except (NotReplayable, PayloadShredded, Superseded):
        pass
    outcome.unrepaired += 1


def outcome_json(outcome: Outcome) -> dict[str, Any]:
    """For programs; keys are only ever added."""
    mark = outcome.mark
    return {
        "ok": not outcome.found and outcome.trouble is None,
        "restored_from": None if mark is None else {"id": str(mark.backup_id), "at": rfc3339(mark.at)},
        "contacts": outcome.contacts,
        "ours": outcome.ours,
        "remembered": outcome.remembered,
        "counts": {str(kind): outcome.found[kind] for kind in Kind},
        "repaired": outcome.repaired,
        "unrepaired": outcome.unrepaired,
        "after": outcome.cursor,
        "trouble": outcome.trouble,
    }


def tell(outcome: Outcome) -> None:
    """For people: what was looked at, what can be done."""
    if outcome.mark is not None:
        say(f"This database comes from a backup of {outcome.mark.at:%Y-%m-%d %H:%M:%S} UTC.")
    say(
        f"{outcome.contacts:,} contacts looked at, {outcome.ours:,} of them carry an id of ours; "
        f"{outcome.remembered:,} people's contacts looked up."
    )
    for kind, advice in ADVICE.items():
        if outcome.found[kind]:
            say(f"{outcome.found[kind]:,} {advice}")
    if outcome.repaired or outcome.unrepaired:
        say(f"{outcome.repaired:,} are sent again.")
    if outcome.unrepaired:
        say(f"{outcome.unrepaired:,} have no payload any more (retention): the person's next change makes the contact.")
    if not outcome.found and outcome.trouble is None:
        say("Everything is in order.")
    say(LEFT_OUT)
    if outcome.cursor is not None:
        warn(f"Not complete. Continue with: --after {outcome.cursor}")
