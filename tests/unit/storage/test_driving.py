"""Coroutines that may await their transaction only."""

import asyncio
from contextlib import suppress
from contextvars import ContextVar, copy_context

import pytest

from doorward.storage.driving import only_statements, run_at_once
from doorward.storage.errors import SuspendedInTransaction


class Statements:
    """Stands for a transaction whose statement takes a turn of the loop."""

    is_executing = False

    async def run(self) -> str:
        self.is_executing = True
        try:
            await asyncio.sleep(0)
            return "row"
        finally:
            self.is_executing = False


async def nothing() -> int:
    return 1


async def stubborn() -> None:
    with suppress(GeneratorExit):
        await asyncio.sleep(0)


def test_a_coroutine_that_never_waits_is_run_to_its_end() -> None:
    seen: ContextVar[int] = ContextVar("seen", default=0)

    async def work() -> int:
        before = seen.get()
        seen.set(before + await nothing())
        return seen.get()

    context = copy_context()
    context.run(seen.set, 41)
    assert run_at_once(work(), context) == 42
    assert seen.get() == 0


def test_waiting_on_a_thread_without_a_loop_is_refused() -> None:
    for wait in (asyncio.sleep(0), asyncio.sleep(1), stubborn()):
        with pytest.raises(SuspendedInTransaction):
            run_at_once(wait, copy_context())


def test_other_errors_pass() -> None:
    async def fails() -> None:
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        run_at_once(fails(), copy_context())


async def test_waits_for_statements_pass_and_their_results_return() -> None:
    statements = Statements()

    async def work() -> list[str]:
        return [await statements.run(), await statements.run()]

    assert await only_statements(work(), statements) == ["row", "row"]


async def test_any_other_wait_ends_the_work() -> None:
    statements, ended = Statements(), []

    async def work() -> None:
        await statements.run()
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(True)

    with pytest.raises(SuspendedInTransaction):
        await only_statements(work(), statements)
    assert ended == [True]


async def test_a_cancellation_reaches_the_work() -> None:
    statements, seen = Statements(), []

    async def work() -> None:
        try:
            while True:
                await statements.run()
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    async def drive() -> None:
        await only_statements(work(), statements)

    task = asyncio.create_task(drive())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert seen == ["cancelled"]
