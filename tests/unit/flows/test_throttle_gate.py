"""Whoever waits at the gate comes in in turn, also where others hang up; nobody is forgotten."""

import asyncio
import random

import pytest

from doorward.flows.throttle_gate import WAITING_LIMIT, Gate, Place
from doorward.security.hash_line import Overloaded


async def waiting(gate: Gate, key: str, number: int) -> list["asyncio.Task[None]"]:
    line = [asyncio.create_task(gate.wait(key)) for _ in range(number)]
    await asyncio.sleep(0)
    return line


async def turns(line: list["asyncio.Task[None]"]) -> list[bool]:
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return [each.done() for each in line]


async def test_one_goes_in_at_all_its_keys_or_at_none() -> None:
    gate = Gate()
    assert gate.enter({"ada": 1, "network": 2}) is None
    assert gate.enter({"grace": 1, "ada": 1}) == "ada"
    assert gate.enter({"grace": 1, "network": 2}) is None
    assert gate.enter({"linus": 1, "network": 2}) == "network"
    gate.leave(["ada", "network"])
    assert gate.enter({"ada": 1, "network": 2}) is None


async def test_each_that_leaves_wakes_the_first_in_line() -> None:
    gate = Gate()
    gate.enter({"ada": 1})
    line = await waiting(gate, "ada", 3)
    assert await turns(line) == [False, False, False]
    gate.leave(["ada"])
    assert await turns(line) == [True, False, False]
    gate.wake("ada")
    gate.wake("ada")
    assert await turns(line) == [True, True, True]


async def test_a_turn_of_one_who_hangs_up_is_the_next_ones() -> None:
    gate = Gate()
    gate.enter({"ada": 1})
    line = await waiting(gate, "ada", 4)
    line[0].cancel()
    await asyncio.sleep(0)
    gate.leave(["ada"])
    # Its turn has come, and at that very moment it goes.
    line[1].cancel()
    assert await turns(line) == [True, True, True, False]
    assert [each.cancelled() for each in line[:3]] == [True, True, False]
    gate.wake("ada")
    assert all(await turns(line))


async def test_the_line_has_an_end() -> None:
    gate = Gate()
    gate.enter({"ada": 1})
    line = await waiting(gate, "ada", WAITING_LIMIT)
    with pytest.raises(Overloaded):
        await gate.wait("ada")
    for _ in line:
        gate.wake("ada")
    assert all(await turns(line))


def test_a_place_is_left_once() -> None:
    left: list[str] = []
    place = Place(lambda: left.append("left"))
    place.leave()
    place.leave()
    assert left == ["left"]


@pytest.mark.parametrize("seed", range(20))
async def test_never_more_inside_than_there_is_room_and_everybody_comes_through(seed: int) -> None:
    chance, gate, inside, through = random.Random(seed), Gate(), {"a": 0, "b": 0}, 0
    room = {"a": chance.randint(1, 3), "b": chance.randint(1, 4)}

    async def visit(hangs_up: bool) -> None:
        nonlocal through
        mine = {key: room[key] for key in chance.choice([["a"], ["b"], ["a", "b"], ["b", "a"]])}
        woken = None
        while full := gate.enter(mine):
            if woken not in (None, full):
                gate.wake(str(woken))
            woken = None
            await gate.wait(full)
            woken = full
        for key in mine:
            inside[key] += 1
            assert inside[key] <= room[key]
        try:
            for _ in range(chance.randint(0, 3)):
                await asyncio.sleep(0)
        finally:
            for key in mine:
                inside[key] -= 1
            gate.leave(mine)
        through += not hangs_up

    tasks = [asyncio.create_task(visit(each % 5 == 0)) for each in range(60)]
    for _ in range(chance.randint(1, 5)):
        await asyncio.sleep(0)
    for task in tasks[::5]:
        task.cancel()
    await asyncio.wait_for(asyncio.wait(tasks), 60)
    assert through == 48
