"""What rests at this moment, asked right before a send: rows that were claimed earlier must not go out into a pause."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from doorward.delivery.contract import Snooze
from doorward.delivery.prepare import Ready
from doorward.storage.contract import Reader

RESTING = Snooze("resting", "The destination or the action was paused, or known to be away, before this was sent.", 0.0)


@dataclass(frozen=True, slots=True)
class Rest:
    """Whether the destination rests (paused, or its breaker is open), and which actions are paused."""

    is_destination: bool
    actions: frozenset[str]

    def split(self, batch: Sequence[Ready]) -> tuple[list[Ready], list[Ready]]:
        """(may go, rest)"""
        going: list[Ready] = []
        resting: list[Ready] = []
        for each in batch:
            (resting if self.is_destination or each.job.action.name in self.actions else going).append(each)
        return going, resting


async def find_rest(reader: Reader, destination: str, now: datetime) -> Rest:
    """One read."""
    rows = await reader.fetch_all(
        """
        SELECT 'destination' AS scope, name FROM destinations
        WHERE name = :name AND (breaker_open_until > :now
          OR (paused_code IS NOT NULL AND (paused_until IS NULL OR paused_until > :now)))
        UNION ALL
        SELECT 'action' AS scope, action AS name FROM action_pauses
        WHERE paused_until IS NULL OR paused_until > :now
        """,
        {"name": destination, "now": now},
    )
    names = [(row["scope"], row["name"]) for row in rows]
    return Rest(
        any(scope == "destination" for scope, _ in names),
        frozenset(name for scope, name in names if scope == "action"),
    )
