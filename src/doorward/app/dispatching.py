"""Puts the delivery engine together from a core: connectors by destination, budget, metrics, the waiter of requests."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from doorward.actions.hooks import WEB_HOOK
from doorward.actions.sandbox import Sandbox
from doorward.actions.template import TemplateSource
from doorward.app.core import Core
from doorward.app.couriers import AllActions, letter_connectors
from doorward.config.model_delivery import DeliveryConfig
from doorward.connectors.registry import Parts as ConnectorParts
from doorward.connectors.registry import make_connector
from doorward.courier.destinations import FIRST
from doorward.delivery.budget import SharedBudget
from doorward.delivery.contract import Connector
from doorward.delivery.dispatcher import Dispatcher, Parts
from doorward.delivery.gauges import refresh_gauges
from doorward.delivery.settings import DeliverySettings
from doorward.observability.seats import Seat
from doorward.outbox.settled import SettledWaiter

POLL_LEAST_S = 0.05
"""However impatient the configuration: each look reads the database."""


class ConnectorSet:
    """A connector for each configured destination, for messages, and for each server that a web_hook calls."""

    def __init__(self, core: Core, budget: SharedBudget, sandbox: Sandbox) -> None:
        """Raises UnknownConnector, InvalidDestination, BadSmtpSettings, BadCourierRequest."""
        parts = ConnectorParts(core.egress, core.database, budget, core.clock)
        configured = core.config.destinations
        self._connectors: dict[str, Connector] = {
            name: make_connector(found.connector, name, found.settings, parts) for name, found in configured.items()
        }
        self._connectors |= letter_connectors(core.config, core.database, core.egress, sandbox, core.clock)
        for action in core.table.list_actions():
            if action.connector == WEB_HOOK and action.destination not in self._connectors:
                self._connectors[action.destination] = make_connector(WEB_HOOK, action.destination, {}, parts)

    def find_connector(self, destination: str) -> Connector | None:
        return self._connectors.get(destination)


def make_dispatcher(core: Core, sandbox: Sandbox) -> Dispatcher:
    """The engine of one process."""
    budget = SharedBudget(core.database, core.clock)
    return Dispatcher(
        Parts(
            database=core.database,
            connectors=ConnectorSet(core, budget, sandbox),
            actions=AllActions(core.table, core.config),
            gate=core.gate,
            keys=core.keys,
            templates=TemplateSource(core.egress, core.clock),
            sandbox=sandbox,
            budget=budget,
            clock=core.clock,
            metrics=core.metrics,
            settings=delivery_settings(core.config.delivery, core.config.courier.worker.pull_wait),
            first=FIRST,
        )
    )


def delivery_settings(given: DeliveryConfig, pull_wait: timedelta = timedelta(seconds=1)) -> DeliverySettings:
    """What the engine takes of the `delivery` section. A shorter `courier.worker.pull_wait` shortens the pauses."""
    return DeliverySettings(
        concurrency=given.concurrency,
        lease_s=float(given.lease_s),
        leadership_s=given.leadership_s,
        poll_s=min(given.poll_s, max(POLL_LEAST_S, pull_wait.total_seconds())),
        retention_days=given.retention.total_seconds() / 86400,
        drain_s=given.drain_s,
    )


def make_waiter(core: Core) -> SettledWaiter:
    """For requests that wait for a web_hook's first attempts."""
    return SettledWaiter(core.database, core.clock)


def make_exposition(core: Core, seat: Seat | None) -> Callable[[], Awaitable[bytes]]:
    """What /metrics/prometheus shows, in whichever process is asked: gauges from the database, counts of all."""

    async def show() -> bytes:
        await refresh_gauges(core.metrics, core.database, core.clock)
        return core.metrics.render(None if seat is None else await seat.total(core.metrics.counts()))

    return show
