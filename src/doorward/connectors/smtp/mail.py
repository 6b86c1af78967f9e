"""Makes the mail: headers, plain text and HTML. Nothing that somebody typed can become a header (RFC 5322, 2045)."""

import re
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime
from uuid import UUID

from doorward.connectors.smtp.conversation import Envelope
from doorward.connectors.smtp.settings import Sender
from doorward.courier.rendering import RenderedMessage
from doorward.errors import InvalidInput

ADDRESS = re.compile(r"[^\s<>@\x00-\x1f\x7f]+@[^\s<>@\x00-\x1f\x7f]+")
LIMIT_CHARS = 320
OWN = frozenset({"subject", "from", "to", "date", "message-id", "content-type", "content-transfer-encoding"})
CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")


class BadAddress(InvalidInput):
    """No mail can be sent to this address."""


def compose(message_id: UUID, at: datetime, sender: Sender, recipient: str, words: RenderedMessage) -> Envelope:
    """The mail with its envelope. Its Message-ID follows from `message_id` alone: a mail sent twice can be told.

    Raises BadAddress.
    """
    origin = _address(sender.address)
    target = _address(recipient)
    needs_utf8 = not (origin.addr_spec.isascii() and target.addr_spec.isascii())
    policy = (SMTPUTF8 if needs_utf8 else SMTP).clone(cte_type="7bit")
    mail = EmailMessage(policy=policy)
    mail["From"] = Address(_plain(sender.name), origin.username, origin.domain)
    mail["To"] = target
    mail["Subject"] = _plain(words.subject)
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<{message_id}@{origin.domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    for name, value in sender.headers.items():
        if name.lower() not in OWN:
            del mail[name]
            mail[name] = _plain(value)
    mail.set_content(words.plain)
    if words.html:
        mail.add_alternative(words.html, subtype="html")
    return Envelope(origin.addr_spec, target.addr_spec, mail.as_bytes(), needs_utf8)


def _address(text: str) -> Address:
    """With the domain as DNS has it: letters beyond ASCII are for people."""
    if len(text) > LIMIT_CHARS or ADDRESS.fullmatch(text) is None:
        raise BadAddress
    local, _, domain = text.rpartition("@")
    try:
        return Address(username=local, domain=domain.encode("idna").decode())
    except (UnicodeError, ValueError):
        raise BadAddress from None


def _plain(text: str) -> str:
    """One line without control characters: a line break in a header would begin another one."""
    return CONTROL.sub(" ", text).strip()
