"""Fault stories: a known kind of bad day under one name, for the portal page and for tests."""

from collections.abc import Mapping, Sequence
from typing import Any

from portalsim.faults.model import Fault
from portalsim.portal import Portal

_CRM = {"path": "/crm/"}
STORIES: Mapping[str, tuple[str, Sequence[Mapping[str, Any]]]] = {
    "down": ("HubSpot is down for 60 seconds", ({"kind": "status", "status": 503, "seconds": 60, "match": _CRM},)),
    "edge": (
        "HubSpot's edge answers HTML for the next 10 calls",
        ({"kind": "status", "status": 502, "html": True, "count": 10, "match": _CRM},),
    ),
    "slow": ("Every call takes a second, some ten", ({"kind": "latency", "ms": 1000, "spread": "long_tail"},)),
    "lost-answers": (
        "The next 3 writes are applied, and the answer is lost",
        ({"kind": "lost_answer", "count": 3, "match": {"path": "/crm/", "method": "POST"}},),
    ),
    "flaky": (
        "One call in five breaks off before it is applied, one in five after",
        (
            {"kind": "reset", "probability": 0.2, "match": _CRM},
            {"kind": "lost_answer", "probability": 0.2, "match": _CRM},
        ),
    ),
    "rate-burst": ("The next 20 calls are over the limit", ({"kind": "rate_limit", "count": 20, "match": _CRM},)),
    "daily": ("The day's calls are used up, for 60 seconds", ({"kind": "daily", "seconds": 60, "match": _CRM},)),
    "locked": ("Contacts are locked for 2 seconds", ({"kind": "locked", "seconds": 2, "match": _CRM},)),
    "migration": (
        "The account moves between data centres for 60 seconds",
        ({"kind": "migrating", "seconds": 60, "retry_after": 60},),
    ),
    "half-bad": (
        "One record in three fails in the next 5 batches",
        ({"kind": "partial", "share": 0.34, "count": 5, "match": {"path": "/batch/"}},),
    ),
    "garbled": ("The next 3 answers are cut off", ({"kind": "truncated", "count": 3, "match": _CRM},)),
    "token-revoked": (
        "The token is revoked at the next call",
        ({"kind": "act", "action": "revoke_token", "count": 1},),
    ),
}


def tell(portal: Portal, name: str) -> list[Fault]:
    """Arms the faults of a story. Raises KeyError for an unknown one."""
    return [portal.faults.arm(each, portal.clock.now_ms(), name) for each in STORIES[name][1]]
