"""Work that is asked for at the same time is done together, and what one asks for harms nobody else."""

import asyncio
from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from doorward.delivery.gathering import Gathering
from doorward.storage.errors import DatabaseAway


class Doubling:
    """Doubles numbers; `gate` holds it back, a negative number breaks it, 13 makes the database go away."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.begun = asyncio.Event()

    async def __call__(self, numbers: Sequence[int]) -> list[int]:
        self.groups.append(list(numbers))
        self.begun.set()
        await self.gate.wait()
        if 13 in numbers:
            raise DatabaseAway
        if any(number < 0 for number in numbers):
            raise ValueError("negative")
        return [2 * number for number in numbers]


def gathering(work: Doubling, limit: int = 100) -> Gathering[int, int]:
    return Gathering(work, lambda number: frozenset({number}), limit)


async def test_who_asks_while_it_is_busy_shares_the_next_group() -> None:
    work = Doubling()
    asked = gathering(work)
    work.gate.clear()
    first = asyncio.create_task(asked.ask(1))
    await work.begun.wait()
    others = [asyncio.create_task(asked.ask(number)) for number in (2, 3, 4)]
    await asyncio.sleep(0)
    work.gate.set()
    assert await asyncio.gather(first, *others) == [2, 4, 6, 8]
    assert work.groups == [[1], [2, 3, 4]]


async def test_an_odd_item_fails_alone_and_an_outage_fails_the_group() -> None:
    work = Doubling()
    asked = gathering(work)
    results: list[Any] = await asyncio.gather(*map(asked.ask, (1, -2, 3)), return_exceptions=True)
    assert results[0] == 2
    assert isinstance(results[1], ValueError)
    assert results[2] == 6
    results = await asyncio.gather(*map(asked.ask, (1, 13, 3)), return_exceptions=True)
    assert [type(result) for result in results] == [DatabaseAway] * 3
    assert work.groups[-1] == [1, 13, 3]


async def test_an_asker_that_is_cancelled_takes_nothing_from_the_others() -> None:
    work = Doubling()
    asked = gathering(work)
    tasks = [asyncio.create_task(asked.ask(number)) for number in (1, 2, 3)]
    await asyncio.sleep(0)
    tasks[1].cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert (results[0], results[2]) == (2, 6)
    assert isinstance(results[1], asyncio.CancelledError)
    assert work.groups == [[1, 2, 3]]


async def test_work_that_is_cancelled_leaves_nobody_waiting() -> None:
    work = Doubling()
    asked = gathering(work, limit=2)
    work.gate.clear()
    tasks = [asyncio.create_task(asked.ask(number)) for number in (1, 2, 3)]
    await work.begun.wait()
    assert asked._running is not None
    asked._running.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(result) for result in results] == [asyncio.CancelledError] * 3
    work.gate.set()
    assert await asked.ask(4) == 8


@given(numbers=st.lists(st.integers(0, 5), max_size=30), limit=st.integers(1, 4))
def test_everybody_is_answered_in_groups_without_doubles(numbers: list[int], limit: int) -> None:
    async def run() -> None:
        work = Doubling()
        asked = gathering(work, limit)
        assert await asyncio.gather(*map(asked.ask, numbers)) == [2 * number for number in numbers]
        assert [number for group in work.groups for number in group] == numbers
        assert all(len(group) <= limit and len(set(group)) == len(group) for group in work.groups)

    asyncio.run(run())
