"""Whatever is issued, tried, taken back and waited for: codes are taken exactly when a plain model says so."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from doorward.clock import MovableClock
from doorward.flows import store
from doorward.flows.codes import CodeLimits, Miss, OneTimeCodes
from doorward.flows.codes_store import OneTimeCode, Purpose, Recipient
from doorward.flows.model import Flow, FlowKind, FlowState, FlowType, Ui
from doorward.ids import new_secret_id
from doorward.storage.contract import Database, Transaction
from doorward.storage.engine import open_database
from doorward.storage.migrate import migrate

LIMITS = CodeLimits(timedelta(minutes=10), 4)
STEPS = ("issue", "try newest", "try oldest", "try wrong", "try twice at once", "invalidate", "wait", "other flow")


@dataclass
class Model:
    """The rules in their plainest form: codes with their ends, and how many were tried."""

    codes: dict[str, datetime] = field(default_factory=dict)
    tried: int = 0

    def guess(self, code: str, now: datetime) -> str:
        self.tried += 1
        if self.tried > LIMITS.max_submissions:
            return "too many"
        if code in self.codes and now < self.codes[code]:
            del self.codes[code]
            return "taken"
        return "wrong"


class Machine:
    """The store and the model, side by side."""

    def __init__(self, database: Database, clock: MovableClock, flow_id: UUID, other_id: UUID) -> None:
        self.database = database
        self.clock = clock
        self.flow_id = flow_id
        self.other_id = other_id
        self.codes = OneTimeCodes(LIMITS, ["a-secret-of-the-tests"], clock)
        self.model = Model()
        self.issued: list[str] = []

    async def redeem(self, code: str, flow_id: UUID | None = None) -> str:
        async def work(tx: Transaction) -> OneTimeCode | Miss:
            return await self.codes.redeem(tx, flow_id or self.flow_id, Purpose.LOGIN, code)

        found = await self.database.transaction(work)
        if isinstance(found, OneTimeCode):
            return "taken"
        return "wrong" if found is Miss.WRONG else "too many"

    async def step(self, name: str) -> None:
        now = self.clock.now()
        match name:
            case "issue":
                await self._issue()
            case "try newest" | "try oldest":
                code = self.issued[-1 if name == "try newest" else 0] if self.issued else "none"
                assert await self.redeem(code) == self.model.guess(code, now)
            case "try wrong":
                assert await self.redeem("wrong") == self.model.guess("wrong", now)
            case "try twice at once":
                code = self.issued[-1] if self.issued else "none"
                both = await asyncio.gather(self.redeem(code), self.redeem(code))
                assert sorted(both) == sorted([self.model.guess(code, now), self.model.guess(code, now)])
            case "invalidate":
                await self._invalidate()
            case "wait":
                self.clock.move(minutes=4)
            case "other flow":
                assert await self.redeem(self.issued[-1] if self.issued else "none", self.other_id) != "taken"

    async def _issue(self) -> None:
        async def work(tx: Transaction) -> str:
            return await self.codes.issue(tx, self.flow_id, Purpose.LOGIN, Recipient("email", "ann@example.org"))

        code = await self.database.transaction(work)
        # Two equal codes at once are one in a million; the model has no word for them.
        if code not in self.model.codes:
            self.issued.append(code)
        self.model.codes[code] = self.clock.now() + LIMITS.lifespan

    async def _invalidate(self) -> None:
        async def work(tx: Transaction) -> None:
            await self.codes.invalidate(tx, self.flow_id, Purpose.LOGIN)

        await self.database.transaction(work)
        self.model.codes.clear()


async def begun_flow(database: Database, clock: MovableClock) -> UUID:
    now = clock.now()
    flow = Flow(
        id=new_secret_id(),
        kind=FlowKind.LOGIN,
        type=FlowType.API,
        state=FlowState.SENT_EMAIL,
        request_url="",
        ui=Ui(action=""),
        csrf_token="",
        issued_at=now,
        expires_at=now + timedelta(hours=1),
    )

    async def work(tx: Transaction) -> UUID:
        await store.insert_flow(tx, flow)
        return flow.id

    return await database.transaction(work)


async def run(steps: list[str]) -> None:
    clock = MovableClock()
    database = open_database("memory", clock)
    await database.start()
    await migrate(database, clock)
    machine = Machine(database, clock, await begun_flow(database, clock), await begun_flow(database, clock))
    for name in steps:
        await machine.step(name)
    await database.close()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(STEPS), max_size=20))
def test_codes_are_taken_when_the_model_says_so(steps: list[str]) -> None:
    asyncio.run(run(steps))
