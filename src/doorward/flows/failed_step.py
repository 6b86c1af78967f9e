"""A submit that failed for a reason that no form can show: the form remembers what was tried, the client hears why."""

from dataclasses import dataclass
from typing import NoReturn

from doorward.clock import Clock
from doorward.errors import DoorwardError
from doorward.flows import store
from doorward.flows.model import Flow
from doorward.storage.contract import Transaction


@dataclass(frozen=True, slots=True)
class FailedStep:
    """A plan. `flow` is the form as it is found when it is read again."""

    flow: Flow
    failure: DoorwardError
    clock: Clock

    async def write(self, tx: Transaction) -> None:
        await store.update_flow(tx, self.flow, self.clock.now())

    async def conclude(self, written: None) -> NoReturn:
        """Raises the failure."""
        raise self.failure

    def refused(self, error: DoorwardError) -> Flow | None:
        return None
