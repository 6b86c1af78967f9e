"""Puts the alerts together from the configuration, and keeps them going for as long as a process serves."""

import asyncio
from datetime import datetime, timedelta

from doorward.app.core import Core
from doorward.app.couriers import may_mail
from doorward.config.model import Config
from doorward.delivery.alerts.mail import AlertMail
from doorward.delivery.alerts.model import WatchSettings
from doorward.delivery.alerts.sender import Receiver, Sender
from doorward.delivery.alerts.watch import Watch
from doorward.errors import Unavailable
from doorward.observability.logging import Log
from doorward.security.signing import SigningKeys

LOOK_EVERY_S = 3.0
FORGET_EVERY = timedelta(hours=6)


def watch_settings(config: Config) -> WatchSettings:
    """The `alerts` section, but for the receiver."""
    alerts = config.alerts
    return WatchSettings(
        waiting_longer_than=alerts.waiting_longer_than,
        every=alerts.every,
        has_receiver=alerts.url is not None,
        admin_url=config.serve.admin.base_url,
    )


def find_receiver(config: Config) -> Receiver | None:
    """Whoever `alerts.url` names. Raises BadSigningSecret."""
    alerts = config.alerts
    if alerts.url is None:
        return None
    return Receiver(alerts.url.reveal(), SigningKeys.parse(secret.reveal() for secret in alerts.signing_secrets))


def find_sender(core: Core) -> Sender | None:
    """None when only the log is told."""
    receiver = find_receiver(core.config)
    return None if receiver is None else Sender(core.database, core.clock, core.egress, receiver, core.metrics)


def find_mailer(core: Core) -> AlertMail | None:
    """None where no address is named, or no mail can leave: then each alert would make another one."""
    config = core.config
    if not config.alerts.email or not may_mail(config):
        return None
    return AlertMail(core.courier, config.alerts.email, config.serve.admin.base_url)


async def alert_for_ever(core: Core) -> None:
    """Until it is cancelled. Whatever fails here is tried again; deliveries are never touched by it."""
    log = Log("alerts")
    watch = Watch(core.database, core.clock, watch_settings(core.config), find_mailer(core))
    sender = find_sender(core)
    forgotten_at: datetime | None = None
    while True:
        try:
            await watch.look()
            if sender is not None:
                await sender.send_due()
            now = core.clock.now()
            if forgotten_at is None or not forgotten_at <= now < forgotten_at + FORGET_EVERY:
                await watch.forget()
                forgotten_at = now
        except Unavailable as error:
            log.debug("database_away", reason=str(error))
        except Exception as error:  # noqa: BLE001 - who watches over the others must not be the one that ends
            log.fault("alerts_fault", error)
        await asyncio.sleep(LOOK_EVERY_S)
