"""`doorward hubspot check`: is each portal ready, and where is everybody?"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from doorward.app.core import Core
from doorward.cli.output import say
from doorward.connectors.hubspot.client import HubSpotClient
from doorward.connectors.hubspot.health import Health, examine
from doorward.connectors.hubspot.limits import Unlimited
from doorward.connectors.hubspot.settings import HubSpotSettings, parse_settings
from doorward.connectors.hubspot.transport import Transport
from doorward.connectors.hubspot.wire import Paths
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


async def examine_all(core: Core) -> dict[str, Health]:
    """The health of every portal."""
    purposes = sorted({action.consent for action in core.table.list_actions() if action.consent})
    return {
        name: await examine(client_for(core, settings), settings.portal_id, purposes)
        for name, settings in hubspot_destinations(core).items()
    }


def client_for(core: Core, settings: HubSpotSettings) -> HubSpotClient:
    """A client for a command's few calls, outside the shared budget."""
    transport = Transport(core.egress, settings.base_url, settings.token, core.clock, lambda: 3600.0)
    return HubSpotClient(transport, Paths(settings.api_version), Unlimited())


def health_json(health: Health) -> dict[str, Any]:
    return {
        "ok": not health.troubles,
        "portal_id": None if health.account is None else health.account.portal_id,
        "account": None if health.account is None else asdict(health.account),
        "scopes": {scope.name: scope.is_granted for scope in health.scopes},
        "troubles": list(health.troubles),
    }


def tell_health(name: str, health: Health) -> None:
    if health.account is not None:
        say(f"{name}: HubSpot account {health.account.portal_id}, hosted in {health.account.hosting}")
    else:
        say(f"{name}: not reachable with this token")
    missing = [scope.name for scope in health.scopes if scope.is_granted is False]
    if missing:
        say(f"  scopes not granted: {', '.join(missing)}")
    for trouble in health.troubles:
        say(f"  ! {trouble}")
    if not health.troubles:
        say("  token, scopes and properties are in order")
