"""A run as a table for people and as JSON for the record."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from .rig import Result

SHOWN = 20


def to_json(result: Result) -> dict[str, Any]:
    """Everything but the folder."""
    return {
        "ended_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "settings": asdict(result.settings),
        "kills": dict(result.kills),
        "kills_in_all": result.kills.total(),
        "put_to_sleep": dict(result.sleeps),
        "hubspot_faults": dict(result.faults),
        "fell_by_themselves": dict(result.falls),
        "requests": dict(sorted(result.clients.items())),
        "writes_in_the_ledger": result.ledger,
        "accounting": dict(result.judgement.accounting),
        "violations": result.judgement.counted,
        "evidence": [asdict(each) for each in result.judgement.violations],
        "seconds": round(result.seconds, 1),
        "seconds_until_nothing_waited": round(result.settled_s, 1),
    }


def table(result: Result) -> str:
    """Readable in a terminal and in a page."""
    settings = result.settings
    lines = [f"{settings.database}, seed {settings.seed}: {result.kills.total()} kills in {result.seconds:.0f} s"]
    lines += _block("killed", result.kills)
    lines += _block("put to sleep", result.sleeps)
    lines += _block("HubSpot's faults", result.faults)
    lines += _block("fell by themselves", result.falls)
    lines += _block("requests", {name: n for name, n in sorted(result.clients.items()) if ":" not in name})
    lines += _block("writes in HubSpot's ledger", {"": result.ledger})
    lines += _block("accounting", result.judgement.accounting)
    lines += _block("violations", result.judgement.counted)
    lines += [f"  {each.kind}: {each.person}: {each.evidence}" for each in result.judgement.violations[:SHOWN]]
    return "\n".join(lines)


def _block(title: str, counts: Mapping[str, int]) -> list[str]:
    told = ", ".join(f"{name} {count}".strip() for name, count in counts.items())
    return [f"  {title:<28}{told or 'none'}"]
