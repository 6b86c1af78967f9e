"""Following deliveries: what was queued, tried or ended lately, told once per change."""

from datetime import timedelta
from uuid import UUID

from doorward.clock import Clock
from doorward.ids import new_row_id
from doorward.outbox.model import Delivery
from doorward.outbox.query import Filter, conditions_of
from doorward.outbox.rows import LISTED, read_delivery
from doorward.storage.contract import Database

WINDOW_S = 10
"""Ids and times of several machines may differ by less than this; what lies in the window is compared, not assumed."""


class Watch:
    """Remembers what it has told within the window."""

    def __init__(self, database: Database, clock: Clock, chosen: Filter) -> None:
        self._database = database
        self._clock = clock
        self._conditions, self._params = conditions_of(chosen)
        self._told: dict[UUID, tuple[str, int, int]] = {}

    async def changes(self) -> list[Delivery]:
        """Deliveries that changed since the last call, oldest first; at the first call those of the last seconds."""
        ids_after = UUID(int=((new_row_id().int >> 80) - WINDOW_S * 1000) << 80)
        rows = await self._database.reader.fetch_all(
            f"""
            SELECT {LISTED} FROM deliveries
            WHERE id IN (
              SELECT id FROM deliveries WHERE id > :ids_after
              UNION SELECT delivery_id FROM attempts WHERE id > :ids_after
              UNION SELECT id FROM deliveries
                WHERE settled_at IS NOT NULL AND length(payload) > 0 AND settled_at > :since)
              AND {" AND ".join(self._conditions)}
            ORDER BY updated_at, id
            """,
            {**self._params, "ids_after": ids_after, "since": self._clock.now() - timedelta(seconds=WINDOW_S)},
        )
        found = list(map(read_delivery, rows))
        marks = {each.id: (str(each.state), each.attempts, each.replays) for each in found}
        changed = [each for each in found if self._told.get(each.id) != marks[each.id]]
        self._told = marks
        return changed
