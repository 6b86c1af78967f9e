"""The one thread that writes. It takes the works that wait, runs each in a savepoint, and commits them as one group.

One fsync then pays for many sign-ups. A work that fails loses its own savepoint only; a commit that fails fails all.
What made the latest group fail is remembered until a commit succeeds, for whoever asks about the database's health.
"""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Awaitable, Callable
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from typing import Any

from doorward.errors import DoorwardError
from doorward.storage.callbacks import run_callbacks
from doorward.storage.contract import Transaction
from doorward.storage.driving import run_at_once
from doorward.storage.errors import CommitUnknown, DatabaseAway, DatabaseBusy, DatabaseMoved
from doorward.storage.failpoints import failpoint
from doorward.storage.sqlite.faults import translate
from doorward.storage.sqlite.place import Place
from doorward.storage.sqlite.transaction import SqliteTransaction
from doorward.storage.sqlite.turn import Turn
from doorward.storage.wakes import WakeBoard

QUEUE_LIMIT = 2000
GROUP_LIMIT = 128


@dataclass(slots=True, eq=False)
class Job:
    """One work on its way: who waits for it, and what became of it."""

    work: Callable[[Transaction], Awaitable[Any]]
    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop
    is_durable: bool
    context: Context = field(default_factory=copy_context)
    transaction: SqliteTransaction | None = None
    result: Any = None
    error: BaseException | None = None


class Writer:
    """Owns the writing connection. `submit` is called on the event loop; everything else happens on the thread."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        wakes: WakeBoard,
        queue_limit: int = QUEUE_LIMIT,
        *,
        is_durable: bool = True,
        place: Place | None = None,
        turn: Turn | None = None,
        reopen: Callable[[], sqlite3.Connection] | None = None,
    ) -> None:
        """`is_durable`: the connection syncs its commits, and may be told not to for a group that asks for less.

        `place`: where the files have to lie for a commit to count. `turn`: shared with the other processes that write.
        `reopen`: another connection like the first, for when that one is lost.
        """
        self._connection = connection
        self._place = place
        self._turn = turn
        self._reopen = reopen
        self._is_lost = False
        self._trouble: DoorwardError | None = None
        self._may_relax = is_durable
        self._is_relaxed = False
        self._wakes = wakes
        self._jobs: queue.Queue[Job | None] = queue.Queue(queue_limit)
        self._is_closed = False
        self._thread = threading.Thread(target=self._run, name="doorward-sqlite-writer", daemon=True)

    @property
    def trouble(self) -> DoorwardError | None:
        """Why the latest group was not committed; None when it was."""
        return self._trouble

    def start(self) -> None:
        self._thread.start()

    async def submit(self, work: Callable[[Transaction], Awaitable[Any]], *, is_durable: bool = True) -> Any:
        """Queues `work` and waits for its commit. Raises DatabaseBusy when too many wait already."""
        if self._is_closed:
            raise DatabaseAway("The database is closed.")
        loop = asyncio.get_running_loop()
        job = Job(work, loop.create_future(), loop, is_durable)
        try:
            self._jobs.put_nowait(job)
        except queue.Full:
            raise DatabaseBusy("Too many changes wait to be written.") from None
        return await job.future

    async def close(self) -> None:
        """Finishes what waits, then ends the thread and closes the connection."""
        if self._is_closed:
            return
        self._is_closed = True
        await asyncio.to_thread(self._jobs.put, None)
        await asyncio.to_thread(self._thread.join)
        self._connection.close()
        if self._turn is not None:
            self._turn.close()

    def _run(self) -> None:
        while True:
            group, is_last = self._take_group()
            if group:
                self._write(group)
                hand_over(group, self._wakes)
            if is_last:
                return

    def _take_group(self) -> tuple[list[Job], bool]:
        """Waits for one job, then takes all that are there; those whose caller has gone are left out."""
        group: list[Job] = []
        job = self._jobs.get()
        while job is not None:
            if not job.future.cancelled():
                group.append(job)
            if len(group) >= GROUP_LIMIT:
                return group, False
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return group, False
        return group, True

    def _write(self, group: list[Job]) -> None:
        try:
            self._begin(is_relaxed=not any(job.is_durable for job in group))
            for job in group:
                self._run_one(job)
                # A full disk or a failed write makes SQLite roll back the whole transaction by itself.
                if not self._connection.in_transaction:
                    raise job.error or DatabaseAway("The transaction was lost.")  # noqa: TRY301 - as any failure
            failpoint("storage.before_commit")
            self._connection.execute("COMMIT")
            failpoint("storage.after_commit")
            self._require_seen()
            self._trouble = None
        except BaseException as error:  # noqa: BLE001 - whatever it is, every caller of the group must hear of it
            fault = translate(error) if isinstance(error, sqlite3.Error) else error
            self._trouble = fault if isinstance(fault, DoorwardError) else DatabaseAway()
            fail_all(group, fault)
            self._roll_back()

    def _begin(self, *, is_relaxed: bool) -> None:
        if self._place is not None:
            self._place.require_in_place()
        if self._is_lost and self._reopen is not None:
            self._connection = self._reopen()
            self._is_lost = self._is_relaxed = False
        self._relax(is_relaxed=is_relaxed)
        if self._turn is None:
            self._connection.execute("BEGIN IMMEDIATE")
        else:
            self._turn.begin(self._connection)

    def _require_seen(self) -> None:
        """Nobody may be told of a commit that went into a file deleted since the transaction began."""
        try:
            if self._place is not None:
                self._place.require_in_place()
        except DatabaseMoved as error:
            raise CommitUnknown(str(error)) from None

    def _relax(self, *, is_relaxed: bool) -> None:
        """Whether the next commit may stay unsynced. A later one that is synced takes it along: the log is in order."""
        if self._may_relax and is_relaxed != self._is_relaxed:
            self._connection.execute(f"PRAGMA synchronous = {'NORMAL' if is_relaxed else 'FULL'}")
            self._is_relaxed = is_relaxed

    def _run_one(self, job: Job) -> None:
        """Runs one work within its savepoint. Raises sqlite3.Error only when the savepoint itself fails."""
        self._connection.execute("SAVEPOINT work")
        transaction = job.transaction = SqliteTransaction(self._connection)
        try:
            job.result = run_at_once(call(job.work, transaction), job.context)
            # Swallowing a failed statement must not commit half a work: PostgreSQL would not allow it either.
            job.error = transaction.fault
        except BaseException as error:  # noqa: BLE001 - the work's failure is its caller's, not the thread's
            job.error = error
        transaction.end()
        if not self._connection.in_transaction:
            return
        if job.error is not None:
            self._connection.execute("ROLLBACK TO work")
        self._connection.execute("RELEASE work")

    def _roll_back(self) -> None:
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error:
            # Closing it is the only way left to give up its lock; the next group opens another.
            self._connection.close()
            self._is_lost = True


async def call(work: Callable[[Transaction], Awaitable[Any]], transaction: SqliteTransaction) -> Any:
    return await work(transaction)


def fail_all(group: list[Job], error: BaseException) -> None:
    """No work of the group was committed; one that failed by itself keeps its own error."""
    for job in group:
        if job.error is None:
            job.error = error


def hand_over(group: list[Job], wakes: WakeBoard) -> None:
    """Gives the results to the event loops that wait for them, each loop once."""
    for loop in {job.loop for job in group}:
        jobs = [job for job in group if job.loop is loop]
        if not loop.is_closed():
            loop.call_soon_threadsafe(resolve, jobs, wakes)


def resolve(jobs: list[Job], wakes: WakeBoard) -> None:
    """On the loop: callbacks and wakes first, so that whoever continues finds them done."""
    for job in jobs:
        if job.error is not None:
            if not job.future.done():
                job.future.set_exception(job.error)
            continue
        if job.transaction is not None:
            run_callbacks(job.loop, job.transaction.callbacks)
            for channel in job.transaction.wakes:
                wakes.announce(channel)
        if not job.future.done():
            job.future.set_result(job.result)
