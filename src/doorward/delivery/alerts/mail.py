"""Tells the operator by mail: one message per address, queued in the transaction that notices the trouble.

Trouble of mail itself is not mailed: it could not leave, and would be trouble again.
"""

from collections.abc import Sequence

from doorward.courier.destinations import MAIL, MAIL_RECOVERY
from doorward.courier.enqueue import Courier
from doorward.courier.model import Channel, Message, TemplateType, template_data
from doorward.delivery.alerts.model import Alert, Event
from doorward.delivery.alerts.words import commands_for, sentence, step_for
from doorward.observability.redact import redact_text
from doorward.storage.contract import Transaction

OWN = frozenset({MAIL, MAIL_RECOVERY})


class AlertMail:
    """A Mailer for the addresses of `alerts.email`."""

    def __init__(self, courier: Courier, addresses: Sequence[str], admin_url: str) -> None:
        self._courier = courier
        self._addresses = addresses
        self._console = f"{admin_url.rstrip('/')}/console/"

    async def tell(self, tx: Transaction, event: Event, alert: Alert) -> None:
        """Names of destinations and actions, codes and counts only: no person, no payload, no secret."""
        subject = alert.trouble.subject
        if subject.name in OWN:
            return
        for address in self._addresses:
            data = template_data(
                TemplateType.ALERT,
                address,
                what=sentence(event, alert.trouble),
                reason=redact_text(alert.trouble.reason) if event is not Event.RECOVERED else "",
                step=step_for(event, alert.trouble),
                commands=commands_for(event, subject),
                console=self._console,
            )
            await self._courier.queue(tx, Message(TemplateType.ALERT, Channel.EMAIL, address, data))
