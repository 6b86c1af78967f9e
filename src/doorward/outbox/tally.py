"""How many deliveries are in each state, by action and destination: bounded, so that a million rows cost no more."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from doorward.outbox.rows import IN_STATE, NEWEST, OLDEST
from doorward.outbox.states import State
from doorward.storage.contract import Database

LIMIT = 5000
Place = tuple[str, str]
"""Action and destination."""


@dataclass(frozen=True, slots=True)
class Tally:
    """One state. `is_capped`: only the newest LIMIT rows were counted, so every number is a "that many or more"."""

    state: State
    counts: Mapping[Place, int]
    is_capped: bool = False

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    def of(self, *, action: str | None = None, destination: str | None = None) -> int:
        """The rows of an action, of a destination, or of one for the other."""
        return sum(
            number for (by, to), number in self.counts.items() if action in (None, by) and destination in (None, to)
        )


async def count_state(database: Database, state: State, *, after: UUID = OLDEST, limit: int = LIMIT) -> Tally:
    """The newest rows of a state, of those queued after the row id `after` (ids are ordered by time)."""
    rows = await database.reader.fetch_all(
        f"""
        SELECT action, destination, COUNT(*) AS number FROM (
          SELECT action, destination FROM deliveries{database.dialect.through("deliveries_state")}
          WHERE {IN_STATE} ORDER BY state DESC, id DESC LIMIT :limit) AS newest
        GROUP BY action, destination
        """,
        {"state": state, "after": after, "before": NEWEST, "limit": limit + 1},
    )
    counts = {(row["action"], row["destination"]): int(row["number"]) for row in rows}
    return Tally(state, counts, sum(counts.values()) > limit)
