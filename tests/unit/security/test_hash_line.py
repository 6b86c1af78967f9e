"""How long the line before the hashing threads may be."""

import asyncio
import threading

import pytest

from doorward.security.hash_line import HashLine, Overloaded


async def held_up(line: HashLine, gate: threading.Event, count: int) -> list[asyncio.Task[bool]]:
    tasks = [asyncio.create_task(line.run(lambda: gate.wait(60))) for _ in range(count)]
    await asyncio.sleep(0)
    return tasks


def is_full(line: HashLine) -> bool:
    """Asked anew each time, which a type checker does not believe of a property."""
    return line.is_full


async def test_the_line_is_as_long_as_its_time_allows() -> None:
    line, gate = HashLine(2, waiting_s=0.5), threading.Event()
    # Before anything was measured a hash is taken to last 50 ms: 0.5 s on two threads are twenty in line.
    tasks = await held_up(line, gate, 22)
    assert is_full(line)
    with pytest.raises(Overloaded):
        await line.run(lambda: True)
    gate.set()
    assert all(await asyncio.gather(*tasks))
    assert not is_full(line)
    line.close()


async def test_slow_hashes_shorten_the_line_and_quick_ones_make_it_longer() -> None:
    quick, gate = HashLine(1, waiting_s=0.5), threading.Event()
    for _ in range(60):
        await quick.run(lambda: True)
    tasks = await held_up(quick, gate, 30)
    assert not quick.is_full
    gate.set()
    await asyncio.gather(*tasks)
    quick.close()


async def test_one_may_always_wait_however_slow_a_hash_is() -> None:
    line, gate = HashLine(1, waiting_s=0.0), threading.Event()
    tasks = await held_up(line, gate, 1)
    assert not is_full(line)
    tasks += await held_up(line, gate, 1)
    assert is_full(line)
    gate.set()
    await asyncio.gather(*tasks)
    line.close()
