"""`doorward hubspot check`: is each portal ready, and where is everybody?"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from doorward.app.core import Core
from doorward.cli.output import print_table, say
from doorward.connectors.hubspot.client import HubSpotClient
from doorward.connectors.hubspot.health import Health, examine
from doorward.connectors.hubspot.limits import Unlimited
from doorward.connectors.hubspot.settings import HubSpotSettings, parse_settings
from doorward.connectors.hubspot.transport import Transport
from doorward.connectors.hubspot.wire import Paths
from doorward.delivery.accounting import Account as ActionAccount
from doorward.delivery.accounting import account
from doorward.delivery.pauses import Paused, list_pauses
from doorward.errors import Misconfigured

CONNECTOR = "hubspot"


class NotConnected(Misconfigured):
    """No HubSpot destination is configured. Run `doorward hubspot connect`."""


def hubspot_destinations(core: Core) -> Mapping[str, HubSpotSettings]:
    """The configured portals by name. Raises NotConnected."""
    found = {
        name: settings
        for name, each in core.config.destinations.items()
        if each.connector == CONNECTOR
        and isinstance(settings := parse_settings(each.settings, each.path), HubSpotSettings)
    }
    if not found:
        raise NotConnected
    return found


@dataclass(frozen=True, slots=True)
class Report:
    """`is_well`: every portal is ready, nothing rests, nobody is unexplained."""

    portals: Mapping[str, Health]
    pauses: Sequence[Paused]
    accounts: Sequence[ActionAccount]

    @property
    def unexplained(self) -> int:
        return sum(each.unexplained for each in self.accounts)

    @property
    def is_well(self) -> bool:
        return not self.pauses and not self.unexplained and not any(each.troubles for each in self.portals.values())


async def check(core: Core) -> Report:
    """Asks every portal and counts everybody."""
    destinations = hubspot_destinations(core)
    actions = [action for action in core.table.list_actions() if action.destination in destinations]
    purposes = sorted({action.consent for action in actions if action.consent})
    portals = {
        name: await examine(client_for(core, settings), settings.portal_id, purposes)
        for name, settings in destinations.items()
    }
    names = {*destinations, *(action.name for action in actions)}
    pauses = [each for each in await list_pauses(core.database.reader, core.clock.now()) if each.name in names]
    counted = await account(core.database, core.table, core.gate)
    return Report(portals, pauses, [each for each in counted if each.destination in destinations])


def client_for(core: Core, settings: HubSpotSettings) -> HubSpotClient:
    """A client for a command's few calls, outside the shared budget."""
    transport = Transport(core.egress, settings.base_url, settings.token, core.clock, lambda: 3600.0)
    return HubSpotClient(transport, Paths(settings.api_version), Unlimited())


def report_json(report: Report) -> dict[str, Any]:
    """For programs; keys are only ever added."""
    return {
        "ok": report.is_well,
        "unexplained": report.unexplained,
        "portals": {name: _health_json(health) for name, health in report.portals.items()},
        "pauses": [asdict(each) for each in report.pauses],
        "accounting": [
            {
                "action": each.action,
                "destination": each.destination,
                "identities": each.identities,
                "standings": dict(each.standings),
                "consenting": {"all": each.consents, **each.consenting},
                "unexplained_ids": each.unexplained_ids,
            }
            for each in report.accounts
        ],
    }


def tell_report(report: Report) -> None:
    """For people."""
    for name, health in report.portals.items():
        _tell_health(name, health)
    for pause in report.pauses:
        until = "until somebody resumes it" if pause.until is None else f"until {pause.until:%Y-%m-%d %H:%M:%S} UTC"
        say(f"  ! {pause.scope} {pause.name} is paused {until}: {pause.reason}")
    for each in report.accounts:
        say(f"\n{each.action} → {each.destination}: {each.identities} people, {each.consents} of them may be sent")
        rows = [(standing, count, each.consenting[standing]) for standing, count in each.standings.items() if count]
        print_table(("standing", "people", "of these may be sent"), rows)
        say(f"unexplained: {each.unexplained}")
        for identity_id in each.unexplained_ids:
            say(f"  doorward hubspot where {identity_id}")


def _health_json(health: Health) -> dict[str, Any]:
    return {
        "ok": not health.troubles,
        "portal_id": None if health.account is None else health.account.portal_id,
        "account": None if health.account is None else asdict(health.account),
        "scopes": {scope.name: scope.is_granted for scope in health.scopes},
        "troubles": list(health.troubles),
    }


def _tell_health(name: str, health: Health) -> None:
    if health.account is None:
        say(f"{name}: not reachable with this token")
    else:
        say(f"{name}: HubSpot account {health.account.portal_id}, hosted in {health.account.hosting}")
    for trouble in health.troubles:
        say(f"  ! {trouble}")
    if not health.troubles:
        say("  token, scopes and properties are in order")
