"""The destinations that messages go to, and the names of their connectors.

Recovery has lanes of its own, so that somebody who is locked out waits behind nobody.
"""

from doorward.courier.model import Channel, Message

SMTP = "smtp"
COURIER_HTTP = "courier_http"

MAIL, MAIL_RECOVERY = "mail", "mail:recovery"
SMS, SMS_RECOVERY = "sms", "sms:recovery"

FIRST = (MAIL_RECOVERY, SMS_RECOVERY, MAIL, SMS)
"""In the order in which the dispatcher fills their lanes, before all others."""

BY_CHANNEL = {Channel.EMAIL: (MAIL, MAIL_RECOVERY), Channel.SMS: (SMS, SMS_RECOVERY)}


def destination_of(message: Message) -> str:
    """Where a message goes."""
    ordinary, recovery = BY_CHANNEL[message.channel]
    return recovery if message.template.is_recovery else ordinary


def action_of(channel: Channel) -> str:
    """The name of the action that the rows of a channel carry."""
    return f"courier.{channel}"
