"""What a mail server's answer means for the message: again, never, or not before somebody mends the settings."""

from doorward.connectors.smtp.wire import SmtpLost, SmtpRefused, SmtpUntrusted
from doorward.delivery.contract import Discard, Outcome, Pause, Retry, Snooze

REST_S = 60.0
"""How long a mail server rests that does not accept us: what waits meanwhile loses no try."""
SAID_CHARS = 200
BLAMES_US = frozenset({"AUTH", "MAIL", "STARTTLS"})
"""Where a final no is about our name, address or settings, not about this mail."""


def lost(error: SmtpLost, summary: str) -> Outcome:
    """The connection broke."""
    return Retry("smtp_lost", _sentence(str(error)), may_have_applied=error.sent, summary=summary)


def untrusted(error: SmtpUntrusted) -> Outcome:
    """No encryption, or not the right server: mail waits, it does not go out in the clear."""
    return _rests("smtp_untrusted", _sentence(str(error)))


def refused(error: SmtpRefused, recipient: str, summary: str) -> Outcome:
    """By status (RFC 5321 4.2.1): 4xx may pass, 5xx is final."""
    said = spoken(error.text, recipient)
    reason = f"The mail server answered {error.status} to {error.stage}: {said}"
    summary = f"{summary} → {error.status}"
    if error.stage in BLAMES_US and error.status >= 500:
        return _rests(f"smtp_{error.stage.lower()}_refused", reason)
    if error.status >= 500 and error.stage in ("RCPT", "DATA", "end of DATA", "SMTPUTF8"):
        return Discard(f"smtp_{error.status}", reason, summary=summary)
    # An answer about this mail tells that the server works; one to the greeting or a 421 that it does not.
    is_about_mail = error.stage in ("RCPT", "DATA", "end of DATA") and error.status != 421
    return Retry(f"smtp_{error.status}", reason, http_status=error.status if is_about_mail else None, summary=summary)


def spoken(text: str, recipient: str) -> str:
    """A server's words without the person's address."""
    plain = "".join(char if char.isprintable() else " " for char in text)
    for shown in (recipient, recipient.lower()):
        plain = plain.replace(shown, "<recipient>") if shown else plain
    return plain[:SAID_CHARS].strip() or "nothing more"


def _rests(code: str, reason: str) -> Outcome:
    return Snooze(code, reason, REST_S, Pause("destination", code, reason, REST_S))


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
