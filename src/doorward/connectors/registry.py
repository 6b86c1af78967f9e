"""Every kind of connector by its name, and how one is made from a destination's settings. Nothing is discovered."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from doorward.clock import Clock
from doorward.config.plugins import Check
from doorward.connectors.hubspot.checks import check_action, check_destination
from doorward.connectors.hubspot.connector import HubSpotConnector
from doorward.connectors.hubspot.links import StoredLinks
from doorward.connectors.hubspot.people import StoredPeople
from doorward.connectors.hubspot.settings import HubSpotSettings, parse_settings
from doorward.connectors.web_hook import WebHookConnector
from doorward.connectors.web_hook import check as check_web_hook
from doorward.delivery.contract import Budget, Connector
from doorward.errors import Misconfigured
from doorward.security.egress import Egress
from doorward.storage.contract import Database


class UnknownConnector(Misconfigured):
    """The configuration names a connector that does not exist."""


class InvalidDestination(Misconfigured):
    """The settings of a destination are wrong."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What connectors are made of. The composition root has one and keeps it."""

    egress: Egress
    database: Database
    budget: Budget
    clock: Clock


Factory = Callable[[str, Mapping[str, Any], Parts], Connector]
"""From a destination's name and raw settings. Raises InvalidDestination with everything that is wrong."""


def make_hubspot(destination: str, raw: Mapping[str, Any], parts: Parts) -> Connector:
    """One HubSpot portal."""
    settings = parse_settings(raw, f"destinations.{destination}")
    if not isinstance(settings, HubSpotSettings):
        raise InvalidDestination("\n".join(f"{path}: {text}" for path, text in settings))
    return HubSpotConnector(
        destination,
        settings,
        sender=parts.egress,
        database=parts.database,
        people=StoredPeople(parts.database),
        links=StoredLinks(parts.database, destination, parts.clock),
        budget=parts.budget,
        clock=parts.clock,
    )


def make_web_hook(destination: str, raw: Mapping[str, Any], parts: Parts) -> Connector:
    """Any server that takes web_hooks; each action carries its own settings."""
    return WebHookConnector(parts.egress, parts.clock)


FACTORIES: Mapping[str, Factory] = MappingProxyType({"hubspot": make_hubspot, "web_hook": make_web_hook})
DESTINATION_CHECKS: Mapping[str, Check] = MappingProxyType({"hubspot": check_destination})
HOOK_CHECKS: Mapping[str, Check] = MappingProxyType({"hubspot": check_action, "web_hook": check_web_hook})


def make_connector(name: str, destination: str, raw: Mapping[str, Any], parts: Parts) -> Connector:
    """The connector called `name` for one destination. Raises UnknownConnector, InvalidDestination."""
    factory = FACTORIES.get(name)
    if factory is None:
        raise UnknownConnector(f"There is no connector {name!r}; there are: {', '.join(sorted(FACTORIES))}.")
    return factory(destination, raw, parts)
