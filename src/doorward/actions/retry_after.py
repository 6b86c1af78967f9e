"""How long a target asks to be left alone. Whether and how often to try again is the caller's business."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from doorward.security.egress import OutgoingResponse

STATUSES = frozenset({429, 503})
MAX_DIGITS = 9


def retry_after_s(response: OutgoingResponse, now: datetime) -> float | None:
    """Seconds from `Retry-After` (RFC 9110 §10.2.3: seconds or a date; past is 0), of 429 and 503 only, as in Kratos.

    None when there is none, or none that can be read. Not capped.
    """
    text = response.headers.get("retry-after", "").strip()
    if response.status not in STATUSES or not text:
        return None
    if text.isascii() and text.isdigit():
        return float(text[:MAX_DIGITS])
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    # "-0000" gives a time without a zone; it means UTC
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds())
