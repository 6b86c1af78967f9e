"""What has to be done now and then, whoever does it: rescue, release of what is no longer held, pruning."""

from datetime import datetime, timedelta

from doorward.clock import Clock
from doorward.delivery.admission import Actions
from doorward.delivery.coverage import ensure_since
from doorward.delivery.held import release_verified
from doorward.delivery.prune import delete_ended, shred
from doorward.delivery.rescue import rescue
from doorward.delivery.set_back import SetBack
from doorward.delivery.settings import DeliverySettings
from doorward.storage.contract import Database

HELD_EVERY_S = 30.0
SINCE_EVERY_S = 3600.0
SHRED_EVERY_S = 600.0
DELETE_EVERY_S = 86400.0


class Housekeeping:
    """Keeps the times of the last runs. All works are safe in several processes at once."""

    def __init__(self, database: Database, actions: Actions, clock: Clock, settings: DeliverySettings) -> None:
        self._database = database
        self._actions = actions
        self._clock = clock
        self._settings = settings
        self._set_back = SetBack(database, clock, settings)
        self._last: dict[str, datetime] = {}

    async def run(self, *, force: bool = False) -> None:
        """Runs what is due; with `force` everything."""
        await self._set_back.look()
        if self._is_due("rescue", self._settings.housekeeping_s) or force:
            await rescue(self._database, self._actions, self._clock)
        if self._is_due("held", HELD_EVERY_S) or force:
            await release_verified(self._database, self._clock)
        if self._is_due("since", SINCE_EVERY_S) or force:
            await ensure_since(self._database, self._actions, self._clock)
        retention = timedelta(days=self._settings.retention_days)
        if self._is_due("shred", SHRED_EVERY_S) or force:
            await shred(self._database, self._clock, retention)
        if self._is_due("delete", DELETE_EVERY_S) or force:
            await delete_ended(self._database, self._clock, retention)

    def _is_due(self, name: str, every_s: float) -> bool:
        now = self._clock.now()
        last = self._last.get(name)
        # A clock that was set back makes it due as well.
        if last is not None and last <= now < last + timedelta(seconds=every_s):
            return False
        self._last[name] = now
        return True
