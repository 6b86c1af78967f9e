"""The budget between workers and processes: never above the plan, whatever the order of their calls."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doorward.clock import MovableClock
from doorward.delivery.budget import SharedBudget
from doorward.storage.contract import Database
from doorward.storage.engine import open_database
from doorward.storage.migrate import migrate

STEPS = st.lists(st.tuples(st.integers(1, 6), st.floats(0, 4), st.integers(1, 3)), min_size=1, max_size=12)


async def play(
    budgets: list[SharedBudget], clock: MovableClock, name: str, limit: int, steps: list[tuple[int, float, int]]
) -> None:
    """Several workers ask at once, time passes, they ask again; every yes is counted in its window."""
    granted: list[tuple[float, int]] = []
    await budgets[0].learn(name, limit=limit, interval_s=10)
    for workers, pause_s, calls in steps:
        wanted = min(calls, limit)
        asked = [budgets[number % len(budgets)].take(name, wanted) for number in range(workers)]
        waits = await asyncio.gather(*asked)
        granted += [(clock.now().timestamp(), wanted) for wait_s in waits if wait_s == 0]
        refused = [wait_s for wait_s in waits if wait_s > 0]
        clock.move(seconds=pause_s)
        for at, _ in granted:
            inside = sum(count for moment, count in granted if at <= moment < at + 9.99)
            assert inside <= limit
        if refused:
            clock.move(seconds=max(refused))
            assert await budgets[-1].take(name, 1) == 0
            granted.append((clock.now().timestamp(), 1))


@given(st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_two_processes_on_one_file_stay_below_the_plan(tmp_path: Path, data: st.DataObject) -> None:
    steps, limit = data.draw(STEPS), data.draw(st.integers(1, 8))

    async def run() -> None:
        clock = MovableClock()
        path = tmp_path / f"{abs(hash((limit, tuple(steps))))}.sqlite"
        databases = [open_database(f"sqlite://{path}", clock) for _ in range(2)]
        for each in databases:
            await each.start()
        await migrate(databases[0], clock)
        try:
            await play([SharedBudget(each, clock) for each in databases], clock, "crm", limit, steps)
        finally:
            for each in databases:
                await each.close()

    asyncio.run(run())


@pytest.mark.parametrize("limit", [1, 3, 7])
async def test_many_at_once_get_what_there_is(database: Database, clock: MovableClock, limit: int) -> None:
    budget = SharedBudget(database, clock)
    steps = [(6, 0.5, 1), (6, 3.0, 2), (5, 0.0, 1), (6, 4.0, 3)]
    await play([budget], clock, "crm", limit, steps)


async def test_what_others_spend_is_counted(database: Database, clock: MovableClock) -> None:
    budget = SharedBudget(database, clock)
    assert await budget.take("free") == 0
    await budget.learn("crm", limit=10, interval_s=10)
    assert await budget.take("crm") == 0
    await budget.learn("crm", limit=10, interval_s=10, remaining=2)
    assert [await budget.take("crm") == 0 for _ in range(3)] == [True, True, False]
    clock.move(seconds=10.1)
    assert await budget.take("crm", 10) == 0


async def test_an_answer_that_is_late_is_not_taken_for_others(database: Database, clock: MovableClock) -> None:
    budget = SharedBudget(database, clock)
    await budget.learn("crm", limit=10, interval_s=10)
    assert await budget.take("crm", 10) == 0
    clock.move(seconds=10.2)
    await budget.learn("crm", limit=10, interval_s=10, remaining=0)
    assert await budget.take("crm", 10) == 0


async def test_a_smaller_plan_holds_at_once(database: Database, clock: MovableClock) -> None:
    budget = SharedBudget(database, clock)
    await budget.learn("crm", limit=10, interval_s=10)
    assert await budget.take("crm", 5) == 0
    await budget.learn("crm", limit=4, interval_s=10)
    assert await budget.take("crm") > 9
    clock.move(seconds=-3600)
    assert 0 < await budget.take("crm") <= 10
