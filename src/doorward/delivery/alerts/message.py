"""The JSON body of a message, in the form that Standard Webhooks recommends: type, timestamp, data.

Names of destinations and actions, codes and counts only: no person, no payload, no secret. Reasons are cleaned as log
lines are.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from doorward.clock import rfc3339
from doorward.delivery.alerts.model import Alert, Event, WatchSettings
from doorward.delivery.alerts.words import commands_for, sentence, step_for
from doorward.observability.redact import redact_text

Counts = Mapping[str, Any]
"""`waiting`, `dead`, and `dead_by_code` of the destination; empty for an action."""


def body_of(event: Event, alert: Alert, counts: Counts, settings: WatchSettings, now: datetime) -> str:
    """JSON text. `number` counts the messages about one alert from 1, so that a receiver can put them in order."""
    trouble = alert.trouble
    data: dict[str, Any] = {
        "id": str(alert.id),
        "number": alert.told,
        "kind": trouble.subject.kind,
        "scope": trouble.subject.scope,
        "name": trouble.subject.name,
        "what": sentence(event, trouble),
        "code": trouble.code,
        "reason": redact_text(trouble.reason),
        "step": step_for(event, trouble),
        "since": rfc3339(trouble.since),
        "until": None if trouble.until is None else rfc3339(trouble.until),
        "ended_at": None if alert.ended_at is None else rfc3339(alert.ended_at),
        "counts": dict(counts),
        "commands": commands_for(event, trouble.subject),
        "console": f"{settings.admin_url.rstrip('/')}/console/",
    }
    return orjson.dumps({"type": event, "timestamp": rfc3339(now), "data": data}).decode()


def trial_body(settings: WatchSettings, now: datetime) -> str:
    """What `doorward alerts test` sends."""
    data = {
        "what": "This is a test.",
        "step": "Nothing has to be done.",
        "commands": ["doorward alerts list"],
        "console": f"{settings.admin_url.rstrip('/')}/console/",
    }
    return orjson.dumps({"type": Event.TEST, "timestamp": rfc3339(now), "data": data}).decode()
