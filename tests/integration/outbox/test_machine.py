"""Any mixture of claims, settles, dead workers, rescues, replays and discards, against a model of the outbox.

Order per identity, one in flight per line, no write without a lease, nothing lost.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TypeVar
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from delivery_house import CRM, Actions
from doorward.actions.model import RetryPolicy
from doorward.clock import MovableClock
from doorward.delivery.replay import discard, replay
from doorward.delivery.rescue import rescue
from doorward.ids import new_row_id
from doorward.outbox.claim import Lease, claim, lay_aside
from doorward.outbox.model import Attempt, Delivery, NewDelivery, NewEvent
from doorward.outbox.query import Filter, list_attempts, list_deliveries
from doorward.outbox.settle import Verdict, settle
from doorward.outbox.states import ENDED, OPEN, State
from doorward.outbox.store import insert_deliveries, insert_event, release_held
from doorward.storage.contract import Database, Transaction
from doorward.storage.engine import open_database
from doorward.storage.migrate import migrate

T = TypeVar("T")
PEOPLE = st.integers(0, 2)
OUTCOMES = (State.DELIVERED, State.RETRYABLE, State.PENDING, State.HELD, State.SKIPPED, State.DEAD)
PATIENT = replace(CRM, retry=RetryPolicy(tuple(timedelta(seconds=1) for _ in range(50)), jitter=0.0))


@dataclass(eq=False)
class Row:
    """What the model knows of one delivery."""

    id: UUID
    person: int
    state: State = State.PENDING
    attempts: int = 0
    all_attempts: int = 0


@dataclass(eq=False)
class Held:
    """Rows that one worker believes to hold, and whether it is right."""

    token: UUID
    rows: list[Row]
    is_valid: bool = True

    @property
    def leases(self) -> dict[UUID, UUID]:
        """The token by delivery id."""
        return dict.fromkeys((row.id for row in self.rows), self.token)


@dataclass
class World:
    """What all examples of a test share; each example has its own destination."""

    runner: asyncio.Runner
    database: Database
    clock: MovableClock = field(default_factory=MovableClock)

    def run(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        return self.runner.run(self.database.transaction(work))


class Outbox(RuleBasedStateMachine):
    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.clock = world.clock
        self.destination = f"d-{uuid4()}"
        self.actions = Actions(PATIENT)
        self.people = [uuid4() for _ in range(3)]
        self.seqs = [0, 0, 0]
        self.lines: list[list[Row]] = [[], [], []]
        self.claims: list[Held] = []

    @initialize()
    def begin(self) -> None:
        self.clock.move(hours=1)
        for person in range(3):
            self.happen(person, 2)

    @rule(person=PEOPLE, count=st.integers(1, 2))
    def happen(self, person: int, count: int) -> None:
        """An event, with one delivery or with two of two actions; held rows of the person are looked at again."""
        self.seqs[person] += 1
        now, event_id = self.clock.now(), new_row_id()
        rows = [Row(new_row_id(), person) for _ in range(count)]

        async def work(tx: Transaction) -> None:
            identity_id, seq = self.people[person], self.seqs[person]
            event = NewEvent(event_id, "identity.updated", identity_id, seq, now, "test", None, None, None, "")
            await insert_event(tx, event)
            await insert_deliveries(
                tx,
                [
                    NewDelivery(
                        row.id,
                        event_id,
                        event.kind,
                        identity_id,
                        seq,
                        "crm",
                        "x",
                        self.destination,
                        b"{}",
                        now,
                        now,
                        "",
                    )
                    for row in rows
                ],
            )

        self.world.run(work)
        self._released(person)
        self.lines[person] += rows

    @precondition(lambda self: self.count(State.PENDING, State.RETRYABLE) > 0)
    @rule(limit=st.integers(1, 5))
    def take(self, limit: int) -> None:
        """A worker claims; the model says which rows it may get."""
        heads = {head.id: head for line in self.lines if (head := self._head(line)) is not None}
        token = uuid4()

        async def work(tx: Transaction) -> list[Delivery]:
            now = self.clock.now()
            return await claim(tx, self.destination, Lease("w", token, now + timedelta(seconds=60)), now, limit)

        got = self.world.run(work)
        claimable = {row_id for row_id, row in heads.items() if row.state in {State.PENDING, State.RETRYABLE}}
        assert {each.id for each in got} <= claimable
        assert len(got) == min(limit, len(claimable))
        rows = [heads[each.id] for each in got]
        for row in rows:
            row.state = State.LEASED
        if rows:
            self.claims.append(Held(token, rows))

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), most=st.integers(1, 3))
    def end(self, data: st.DataObject, most: int) -> None:
        """Claims are settled together, each whether or not it is still held; if it is not, nothing of it may change."""
        together = self._pop_claims(data, most)
        verdicts = {
            row.id: self._verdict(row, data.draw(st.sampled_from(OUTCOMES))) for held in together for row in held.rows
        }
        leases = {row_id: token for held in together for row_id, token in held.leases.items()}

        async def work(tx: Transaction) -> frozenset[UUID]:
            return await settle(tx, self.destination, leases, list(verdicts.values()), self.clock.now())

        written = self.world.run(work)
        changed = [row for held in together if held.is_valid for row in held.rows]
        assert written == frozenset(row.id for row in changed)
        for row in changed:
            row.state = verdicts[row.id].state
            row.attempts += verdicts[row.id].attempt is not None
            row.all_attempts += verdicts[row.id].attempt is not None

    @precondition(lambda self: self.count(State.LEASED) > 0)
    @rule()
    def oversleep(self) -> None:
        """Every lease runs out, and nobody has noticed yet. The workers do not know."""
        self.clock.move(seconds=61)
        for held in self.claims:
            held.is_valid = False

    @precondition(lambda self: self.count(State.LEASED) > 0)
    @rule()
    def rescued(self) -> None:
        """Every lease runs out and somebody takes the rows back."""
        self.oversleep()
        self.world.runner.run(rescue(self.world.database, self.actions, self.clock))
        for row in (row for line in self.lines for row in line if row.state is State.LEASED):
            row.state, row.attempts, row.all_attempts = State.RETRYABLE, row.attempts + 1, row.all_attempts + 1
        # Those that were lost more than twice wait one second of their policy.
        self.clock.move(seconds=1)

    @precondition(lambda self: self.count(State.HELD) > 0)
    @rule(person=PEOPLE)
    def verify(self, person: int) -> None:
        async def work(tx: Transaction) -> int:
            return await release_held(tx, self.people[person], self.clock.now(), "address_verified")

        held = sum(row.state is State.HELD for row in self.lines[person])
        assert self.world.run(work) == held
        self._released(person)

    @precondition(lambda self: self.count(*ENDED) > 0)
    @rule(data=st.data())
    def send_again(self, data: st.DataObject) -> None:
        row = data.draw(st.sampled_from([row for line in self.lines for row in line if row.state in ENDED]))
        self.world.runner.run(replay(self.world.database, self.clock, row.id, "test", anyway=True))
        row.state, row.attempts = State.PENDING, 0
        line = self.lines[row.person]
        line.append(line.pop(line.index(row)))

    @precondition(lambda self: self.count(*OPEN - {State.LEASED}) > 0)
    @rule(data=st.data())
    def give_up(self, data: st.DataObject) -> None:
        rows = [row for line in self.lines for row in line if row.state in OPEN - {State.LEASED}]
        row = data.draw(st.sampled_from(rows))
        self.world.runner.run(discard(self.world.database, self.clock, row.id, "test"))
        row.state = State.CANCELLED

    @precondition(lambda self: self.count(State.HELD) > 0)
    @rule()
    def tidy(self) -> None:
        """Laying rows aside changes nothing that anybody can see."""

        async def work(tx: Transaction) -> int:
            return await lay_aside(tx, self.destination, self.clock.now(), 100)

        self.world.run(work)

    @invariant()
    def the_database_says_what_the_model_says(self) -> None:
        found = self.world.runner.run(
            list_deliveries(self.world.database.reader, Filter(destination=self.destination), 1000)
        )
        lines = [
            [
                (row.id, row.state, row.attempts)
                for row in sorted(
                    (each for each in found if each.identity_id == person), key=lambda each: (each.position, each.id)
                )
            ]
            for person in self.people
        ]
        assert lines == [[(row.id, row.state, row.attempts) for row in line] for line in self.lines]
        assert all(sum(row.state is State.LEASED for row in line) <= 1 for line in self.lines)

    def teardown(self) -> None:
        """Every try is there to be read, and whatever is left can be brought to an end: nothing is stuck."""
        for row in (row for line in self.lines for row in line):
            attempts = self.world.runner.run(list_attempts(self.world.database.reader, row.id))
            assert len(attempts) == row.all_attempts
        self.rescued()
        self.claims.clear()
        for person in range(3):
            self.verify(person)
        for _ in range(sum(map(len, self.lines)) + 1):
            self.take(5)
            while self.claims:
                held = self.claims.pop()
                verdicts = [self._verdict(row, State.DELIVERED) for row in held.rows]

                async def work(
                    tx: Transaction, held: Held = held, verdicts: list[Verdict] = verdicts
                ) -> frozenset[UUID]:
                    return await settle(tx, self.destination, held.leases, verdicts, self.clock.now())

                assert len(self.world.run(work)) == len(held.rows)
                for row in held.rows:
                    row.state = State.DELIVERED
        assert all(row.state in ENDED for line in self.lines for row in line)

    def count(self, *states: State) -> int:
        return sum(row.state in states for line in self.lines for row in line)

    def _released(self, person: int) -> None:
        for row in self.lines[person]:
            if row.state is State.HELD:
                row.state = State.PENDING

    def _pop_claims(self, data: st.DataObject, most: int) -> list[Held]:
        """Some claims that have no row in common: a row that was lost may be in a later claim, too."""
        chosen: list[Held] = []
        for _ in range(most):
            taken = {row.id for held in chosen for row in held.rows}
            left = [held for held in self.claims if not any(row.id in taken for row in held.rows)]
            if left:
                chosen.append(data.draw(st.sampled_from(left)))
                self.claims.remove(chosen[-1])
        return chosen

    def _head(self, line: list[Row]) -> Row | None:
        return next((row for row in line if row.state in OPEN), None)

    def _verdict(self, row: Row, state: State) -> Verdict:
        now = self.clock.now()
        is_try = state in {State.DELIVERED, State.RETRYABLE, State.DEAD}
        attempt = Attempt(new_row_id(), row.id, row.attempts + 1, now, now, "x", None, None, None, None, "")
        return Verdict(
            row.id,
            state,
            now,
            attempt if is_try else None,
            held_for="address_verified" if state is State.HELD else None,
        )


@pytest.fixture
def world(dsn: str) -> Iterator[World]:
    with asyncio.Runner() as runner:
        clock = MovableClock()
        database = open_database(dsn, clock)
        runner.run(database.start())
        runner.run(migrate(database, clock))
        yield World(runner, database, clock)
        runner.run(database.close())


def test_any_mixture_keeps_the_promises(world: World, request: pytest.FixtureRequest) -> None:
    examples = 60 if "sqlite" in request.node.name else 20

    class InThisWorld(Outbox):
        def __init__(self) -> None:
            super().__init__(world)

    run_state_machine_as_test(
        InThisWorld,
        settings=settings(
            max_examples=examples,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
