"""A connector to a target that lives in the test: it keeps what arrives, and answers as it is told to.

It is a whole Connector, with a ledger as the simulator has one; nothing of the engine is replaced by it.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

from doorward.delivery.contract import Delivered, Job, Outcome, Skip

Answer = Callable[[Job], Outcome]


def accept(job: Job) -> Outcome:
    return Delivered(external_id=f"x-{job.delivery.identity_id}", http_status=200)


class ScriptedConnector:
    """`ledger` holds every job that was sent, in order; `answer` decides what came back.

    `gate`, when set, is what a send waits for: a target that takes its time.
    """

    def __init__(self, batch_limit: int = 10, answer: Answer = accept) -> None:
        self._batch_limit = batch_limit
        self.answer = answer
        self.ledger: list[Job] = []
        self.batches: list[int] = []
        self.gate: asyncio.Event | None = None
        self.arrived = asyncio.Event()

    @property
    def batch_limit(self) -> int:
        return self._batch_limit

    async def send(self, jobs: Sequence[Job]) -> Mapping[UUID, Outcome]:
        self.ledger += jobs
        self.batches.append(len(jobs))
        self.arrived.set()
        if self.gate is not None:
            await self.gate.wait()
        return {job.delivery.id: self.answer(job) for job in jobs}

    async def close(self) -> None:
        """Nothing is open."""

    def sent_ids(self) -> list[UUID]:
        return [job.delivery.id for job in self.ledger]


class TellingConnector(ScriptedConnector):
    """One that can also be told of a withdrawal."""

    def __init__(self, batch_limit: int = 10, answer: Answer = accept) -> None:
        super().__init__(batch_limit, answer)
        self.withdrawals: list[Job] = []

    async def send_withdrawals(self, jobs: Sequence[Job]) -> Mapping[UUID, Outcome]:
        self.withdrawals += jobs
        return {job.delivery.id: Skip("withdrawn", "The contact was told.") for job in jobs}
