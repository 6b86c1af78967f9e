"""The portal's state for the control API and the pages: what it holds, how its clock stands, what is armed."""

from typing import Any

from portalsim.clock import iso
from portalsim.contacts import records
from portalsim.portal import Portal
from portalsim.switches import SWITCHES


def counters(portal: Portal) -> dict[str, Any]:
    now = portal.clock.now()
    rates = portal.counters.rates(int(now.timestamp()))
    return {
        "contacts": records.count(portal.database),
        "ledger": portal.ledger.last_seq(),
        "calls": portal.counters.by_name["calls"],
        "writes": portal.counters.by_name["writes"],
        "refused": portal.counters.by_name["refused"],
        "rate_limited": portal.counters.by_name["rate_limited"],
        "faults": portal.counters.by_name["faults"],
        "used_today": portal.limits.used_today(now),
        "written_last_10_s": sum(rates[-10:]),
    }


def clock(portal: Portal) -> dict[str, Any]:
    return {
        "now": iso(portal.clock.now()),
        "now_ms": portal.clock.now_ms(),
        "frozen": portal.clock.is_frozen,
        "offset_s": portal.clock.offset_s,
    }


def switches(portal: Portal) -> list[dict[str, Any]]:
    return [
        {
            "name": each.name,
            "value": portal.switches[each.name],
            "default": each.default,
            "choices": [] if each.is_number else list(each.choices),
            "question": each.question or None,
            "about": each.about,
        }
        for each in SWITCHES
    ]


def plan(portal: Portal) -> dict[str, Any]:
    found = portal.limits.plan
    return {"name": found.name, "burst_per_10_s": found.burst, "daily": found.daily}


def everything(portal: Portal) -> dict[str, Any]:
    return {
        "simulator": "portalsim",
        "portal_id": portal.account.portal_id,
        "hosting": portal.account.hosting,
        "time_zone": portal.account.time_zone,
        "seed": portal.seed,
        "store": portal.store_name,
        "plan": plan(portal),
        "clock": clock(portal),
        "counters": counters(portal),
        "tokens": [each.to_json() for each in portal.tokens.list_all()],
        "faults": [each.to_json() for each in portal.faults.list_all()],
        "switches_changed": dict(portal.switches.changed()),
        "required": list(portal.required),
    }
