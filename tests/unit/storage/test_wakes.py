"""Wakes within one process."""

import asyncio

from doorward.storage.wakes import WakeBoard


async def test_a_wake_before_the_wait_is_kept_once() -> None:
    board = WakeBoard()
    board.ring("a")
    board.ring("a")
    assert await board.wait_for_wake("a", 0) is True
    assert await board.wait_for_wake("a", 0) is False
    assert await board.wait_for_wake("b", 0) is False


async def test_a_wake_ends_every_wait_of_its_channel() -> None:
    board = WakeBoard()
    waits = [asyncio.create_task(board.wait_for_wake("a", 60)) for _ in range(3)]
    other = asyncio.create_task(board.wait_for_wake("b", 60))
    await asyncio.sleep(0)
    board.ring("a")
    assert await asyncio.gather(*waits) == [True, True, True]
    assert not other.done()
    board.ring_all()
    assert await other is True


async def test_a_subscriber_keeps_its_own_memory() -> None:
    board = WakeBoard()
    first, second = board.subscribe("a"), board.subscribe("a")
    board.ring("a")
    assert await first.wait(0) is True
    assert await first.wait(0) is False
    assert await second.wait(0) is True
    first.close()
    second.close()
    board.ring("a")
    assert await board.wait_for_wake("a", 0) is True


async def test_a_cancelled_wait_leaves_nothing_behind() -> None:
    board = WakeBoard()
    wait = asyncio.create_task(board.wait_for_wake("a", 60))
    await asyncio.sleep(0)
    wait.cancel()
    await asyncio.gather(wait, return_exceptions=True)
    board.ring("a")
    assert await board.wait_for_wake("a", 0) is True
