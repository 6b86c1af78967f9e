"""Wakes reach the other processes, and are never waited for."""

import asyncio

from doorward.app.neighbours import Neighbours, make_lines


async def test_a_wake_reaches_all_others_and_not_oneself() -> None:
    lines = make_lines(3)
    first, second, third = (Neighbours(lines, number) for number in range(3))
    heard: asyncio.Queue[tuple[int, str]] = asyncio.Queue()
    with (
        first.heard(lambda channel: heard.put_nowait((1, channel))),
        second.heard(lambda channel: heard.put_nowait((2, channel))),
        third.heard(lambda channel: heard.put_nowait((3, channel))),
    ):
        first.tell("deliveries")
        both = {await heard.get(), await heard.get()}
        third.tell("settled")
        others = {await heard.get(), await heard.get()}
    assert both == {(2, "deliveries"), (3, "deliveries")}
    assert others == {(1, "settled"), (2, "settled")}
    assert heard.empty()


async def test_one_that_does_not_listen_holds_nobody_up() -> None:
    lines = make_lines(2)
    teller, listener = Neighbours(lines, 0), Neighbours(lines, 1)
    for _ in range(20_000):
        teller.tell("deliveries")
    heard = asyncio.Event()
    with listener.heard(lambda _channel: heard.set()):
        await heard.wait()
