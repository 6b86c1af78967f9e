"""What both engines promise about transactions."""

import asyncio
from contextvars import ContextVar
from datetime import timedelta
from uuid import uuid4

import pytest

from doorward.clock import MovableClock
from doorward.ids import new_row_id
from doorward.storage.contract import Database, Transaction
from doorward.storage.errors import (
    ForeignKeyViolation,
    StatementFailed,
    SuspendedInTransaction,
    TransactionOver,
    UniqueViolation,
    UnstorableValue,
)
from doorward.storage.migrate import migrate
from doorward.storage.migration import Migration
from doorward.storage.types import read_bool, read_bytes, read_json, read_optional_time, read_time, read_uuid

DDL = [
    """
    CREATE TABLE boxes (
      id {uuid} PRIMARY KEY, label TEXT NOT NULL UNIQUE, at {time}, facts {json}, is_open {bool}, raw {bytes}
    )
    """,
    "CREATE TABLE things (name TEXT PRIMARY KEY, box_id {uuid} NOT NULL REFERENCES boxes (id) ON DELETE CASCADE)",
    "CREATE TABLE numbered (n {serial}, word TEXT NOT NULL)",
]
INSERT_BOX = "INSERT INTO boxes (id, label) VALUES (:id, :label)"


@pytest.fixture
async def boxes(empty_database: Database, clock: MovableClock) -> Database:
    await migrate(empty_database, clock, [Migration(1, "boxes", lambda: DDL)])
    return empty_database


async def add_box(tx: Transaction, label: str) -> None:
    await tx.execute(INSERT_BOX, {"id": new_row_id(), "label": label})


async def labels(database: Database) -> set[str]:
    return {row["label"] for row in await database.reader.fetch_all("SELECT label FROM boxes")}


async def test_values_come_back_as_they_went_in(boxes: Database, clock: MovableClock) -> None:
    key, facts = uuid4(), {"a": [1, "ü", None], "b": {"c": True}}
    values = {"id": key, "label": "x", "at": clock.now(), "facts": facts, "is_open": True, "raw": b"\x00\xff"}

    async def work(tx: Transaction) -> int:
        return await tx.execute(
            "INSERT INTO boxes (id, label, at, facts, is_open, raw) VALUES (:id, :label, :at, :facts, :is_open, :raw)",
            values,
        )

    assert await boxes.transaction(work) == 1
    row = await boxes.reader.fetch_one("SELECT * FROM boxes WHERE id = :id AND is_open = TRUE", {"id": key})
    assert row is not None
    assert read_uuid(row["id"]) == key
    assert read_time(row["at"]) == clock.now()
    assert read_json(row["facts"]) == facts
    assert read_bool(row["is_open"]) is True
    assert read_bytes(row["raw"]) == b"\x00\xff"


async def test_nulls_lists_and_json_paths(boxes: Database) -> None:
    async def work(tx: Transaction) -> None:
        for number in range(5):
            await tx.execute(
                "INSERT INTO boxes (id, label, at, facts) VALUES (:id, :label, :at, :facts)",
                {"id": new_row_id(), "label": f"b{number}", "at": None, "facts": {"n": str(number), "note": "a:b"}},
            )

    await boxes.transaction(work)
    condition = boxes.dialect.one_of("label", "labels")
    rows = await boxes.reader.fetch_all(
        f"SELECT label, at, facts ->> 'n' AS n FROM boxes WHERE {condition} ORDER BY label",
        {"labels": ["b1", "b3", "nowhere"]},
    )
    assert [(row["label"], row["n"]) for row in rows] == [("b1", "1"), ("b3", "3")]
    assert read_optional_time(rows[0]["at"]) is None
    ids = [read_uuid(row["id"]) for row in await boxes.reader.fetch_all("SELECT id FROM boxes")]
    of_ids = boxes.dialect.one_of("id", "ids", "uuid")
    assert len(await boxes.reader.fetch_all(f"SELECT id FROM boxes WHERE {of_ids}", {"ids": ids[:2]})) == 2


async def test_rows_touched_returning_and_serial(boxes: Database) -> None:
    async def work(tx: Transaction) -> tuple[int, int, int]:
        await tx.execute_many("INSERT INTO numbered (word) VALUES (:word)", [{"word": word} for word in "abc"])
        await tx.execute_many("INSERT INTO numbered (word) VALUES (:word)", [])
        changed = await tx.execute("UPDATE numbered SET word = :to WHERE word <> :a", {"to": "z", "a": "a"})
        none = await tx.execute("DELETE FROM numbered WHERE word = :word", {"word": "nothing"})
        row = await tx.fetch_one("UPDATE numbered SET word = 'y' WHERE word = 'a' RETURNING n")
        assert row is not None
        return changed, none, row["n"]

    assert await boxes.transaction(work) == (2, 0, 1)


async def test_a_failure_rolls_back_and_is_passed_on(boxes: Database) -> None:
    async def work(tx: Transaction) -> None:
        await add_box(tx, "lost")
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        await boxes.transaction(work)
    assert await labels(boxes) == set()


async def test_a_neighbour_that_fails_takes_nobody_along(boxes: Database) -> None:
    async def work(tx: Transaction, number: int) -> int:
        await add_box(tx, f"b{number}")
        if number % 3 == 0:
            raise LookupError(number)
        return number

    works = [boxes.transaction(lambda tx, n=n: work(tx, n)) for n in range(30)]  # type: ignore[misc]
    results = await asyncio.gather(*works, return_exceptions=True)
    assert [isinstance(result, LookupError) for result in results] == [n % 3 == 0 for n in range(30)]
    assert await labels(boxes) == {f"b{n}" for n in range(30) if n % 3}


async def test_unique_violation_names_table_and_columns_but_no_value(boxes: Database) -> None:
    async def work(tx: Transaction) -> None:
        await add_box(tx, "anna@example.org")

    await boxes.transaction(work)
    with pytest.raises(UniqueViolation) as caught:
        await boxes.transaction(work)
    assert (caught.value.table, caught.value.columns) == ("boxes", ("label",))
    assert "anna" not in str(caught.value)
    assert caught.value.__cause__ is None


async def test_foreign_keys_are_enforced_and_cascade(boxes: Database) -> None:
    key = new_row_id()

    async def orphan(tx: Transaction) -> None:
        await tx.execute("INSERT INTO things (name, box_id) VALUES ('t', :box)", {"box": key})

    async def family(tx: Transaction) -> None:
        await tx.execute(INSERT_BOX, {"id": key, "label": "b"})
        await orphan(tx)

    async def delete(tx: Transaction) -> None:
        await tx.execute("DELETE FROM boxes WHERE id = :id", {"id": key})

    with pytest.raises(ForeignKeyViolation):
        await boxes.transaction(orphan)
    await boxes.transaction(family)
    await boxes.transaction(delete)
    assert await boxes.reader.fetch_all("SELECT name FROM things") == []


async def test_a_swallowed_statement_failure_still_fails_the_transaction(boxes: Database) -> None:
    async def work(tx: Transaction) -> str:
        await add_box(tx, "same")
        with pytest.raises(UniqueViolation):
            await add_box(tx, "same")
        with pytest.raises(TransactionOver):
            await add_box(tx, "other")
        return "looks well"

    with pytest.raises(UniqueViolation):
        await boxes.transaction(work)
    assert await labels(boxes) == set()


async def test_a_transaction_kept_beyond_its_end_is_refused(boxes: Database) -> None:
    kept: list[Transaction] = []

    async def work(tx: Transaction) -> None:
        kept.append(tx)

    await boxes.transaction(work)
    with pytest.raises(TransactionOver):
        await add_box(kept[0], "late")


@pytest.mark.parametrize("seconds", [0.0, 0.001])
async def test_nothing_but_the_transaction_may_be_awaited(boxes: Database, seconds: float) -> None:
    async def work(tx: Transaction) -> None:
        await add_box(tx, "held")
        await asyncio.sleep(seconds)

    with pytest.raises(SuspendedInTransaction):
        await boxes.transaction(work)
    assert await labels(boxes) == set()


async def test_callbacks_run_on_the_loop_after_the_commit_and_not_after_a_rollback(boxes: Database) -> None:
    seen: list[tuple[str, bool]] = []
    loop = asyncio.get_running_loop()

    async def work(tx: Transaction, label: str, fails: bool) -> None:
        await add_box(tx, label)
        tx.on_commit(lambda: seen.append((label, asyncio.get_running_loop() is loop)))
        if fails:
            raise LookupError

    await boxes.transaction(lambda tx: work(tx, "kept", False))
    with pytest.raises(LookupError):
        await boxes.transaction(lambda tx: work(tx, "lost", True))
    assert seen == [("kept", True)]


async def test_context_variables_reach_the_work(boxes: Database) -> None:
    trace: ContextVar[str] = ContextVar("trace", default="none")
    trace.set("t1")

    async def work(_tx: Transaction) -> str:
        return trace.get()

    assert await boxes.transaction(work) == "t1"


async def test_the_reader_sees_committed_rows_only(boxes: Database) -> None:
    started = asyncio.Event()
    loop = asyncio.get_running_loop()
    counts: list[int] = []

    async def work(tx: Transaction) -> None:
        await add_box(tx, "x")
        loop.call_soon_threadsafe(started.set)
        counts.append(len(await tx.fetch_all("SELECT label FROM boxes")))

    assert await labels(boxes) == set()
    await boxes.transaction(work)
    assert counts == [1]
    assert await labels(boxes) == {"x"}


@pytest.mark.parametrize("label", ["a\x00b", "\ud800", 2**63])
async def test_values_that_one_engine_would_refuse_are_refused_by_both(boxes: Database, label: object) -> None:
    async def work(tx: Transaction) -> None:
        await tx.execute(INSERT_BOX, {"id": new_row_id(), "label": label})

    with pytest.raises(UnstorableValue):
        await boxes.transaction(work)


async def test_nul_inside_json_is_refused_by_both_but_its_spelling_is_not(boxes: Database) -> None:
    async def work(tx: Transaction, text: str) -> None:
        await tx.execute(
            "INSERT INTO boxes (id, label, facts) VALUES (:id, 'j', :facts)", {"id": new_row_id(), "facts": {"t": text}}
        )

    with pytest.raises(UnstorableValue):
        await boxes.transaction(lambda tx: work(tx, "a\x00"))
    await boxes.transaction(lambda tx: work(tx, "a\\u0000"))
    row = await boxes.reader.fetch_one("SELECT facts FROM boxes")
    assert row is not None
    assert read_json(row["facts"]) == {"t": "a\\u0000"}


async def test_wrong_sql_and_missing_values_are_clear_errors(boxes: Database) -> None:
    async def wrong(tx: Transaction) -> None:
        await tx.execute("SELEKT 1")

    async def missing(tx: Transaction) -> None:
        await tx.execute(INSERT_BOX, {"id": new_row_id()})

    with pytest.raises(StatementFailed):
        await boxes.transaction(wrong)
    with pytest.raises(StatementFailed, match="label"):
        await boxes.transaction(missing)


async def test_a_cancelled_caller_leaves_the_database_usable(boxes: Database) -> None:
    async def work(tx: Transaction, label: str) -> None:
        await add_box(tx, label)

    tasks = [asyncio.create_task(boxes.transaction(lambda tx, n=n: work(tx, f"b{n}"))) for n in range(20)]  # type: ignore[misc]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await boxes.transaction(lambda tx: work(tx, "after"))
    found = await labels(boxes)
    assert found >= {"after", *(f"b{n}" for n in range(1, 20, 2))}


async def test_wakes_follow_the_commit(boxes: Database) -> None:
    async def work(tx: Transaction, fails: bool) -> None:
        tx.wake("deliveries")
        if fails:
            raise LookupError

    with pytest.raises(LookupError):
        await boxes.transaction(lambda tx: work(tx, True))
    assert await boxes.wait_for_wake("deliveries", 0.0) is False
    await boxes.transaction(lambda tx: work(tx, False))
    assert await boxes.wait_for_wake("deliveries", 5.0) is True
    assert await boxes.wait_for_wake("deliveries", 0.0) is False


async def test_every_subscriber_hears_every_wake(boxes: Database) -> None:
    first, second = boxes.subscribe("c"), boxes.subscribe("c")

    async def work(tx: Transaction) -> None:
        tx.wake("c")

    await boxes.transaction(work)
    assert await first.wait(5.0) is True
    assert await second.wait(5.0) is True
    assert await first.wait(0.0) is False
    first.close()
    second.close()


async def test_time_before_1970_and_microseconds(boxes: Database, clock: MovableClock) -> None:
    moment = clock.now() - timedelta(days=40_000, microseconds=1)

    async def work(tx: Transaction) -> None:
        await tx.execute(
            "INSERT INTO boxes (id, label, at) VALUES (:id, 'old', :at)", {"id": new_row_id(), "at": moment}
        )

    await boxes.transaction(work)
    row = await boxes.reader.fetch_one("SELECT at FROM boxes WHERE at < :now", {"now": clock.now()})
    assert row is not None
    assert read_time(row["at"]) == moment


async def test_deferred_writes_are_there_for_what_follows_and_for_the_commit(boxes: Database) -> None:
    key = new_row_id()

    async def work(tx: Transaction) -> int:
        await tx.defer(INSERT_BOX, {"id": key, "label": "a"})
        await tx.defer("INSERT INTO things (name, box_id) VALUES (:name, :box_id)", {"name": "n", "box_id": key})
        await tx.defer("UPDATE boxes SET label = :label WHERE id = :id", {"label": "b", "id": key})
        seen = await tx.fetch_all("SELECT label FROM boxes")
        assert [row["label"] for row in seen] == ["b"]
        await tx.defer("UPDATE boxes SET label = :label WHERE id = :id", {"label": "c", "id": key})
        return len(seen)

    assert await boxes.transaction(work) == 1
    assert await labels(boxes) == {"c"}


async def test_a_transaction_of_deferred_writes_alone_is_all_or_nothing(boxes: Database) -> None:
    key = new_row_id()

    async def both(tx: Transaction) -> None:
        await tx.defer(INSERT_BOX, {"id": key, "label": "it's $1 :label"})
        await tx.defer("INSERT INTO things (name, box_id) VALUES (:name, :box_id)", {"name": "n", "box_id": key})

    await boxes.transaction(both)
    assert await labels(boxes) == {"it's $1 :label"}

    async def one_is_wrong(tx: Transaction) -> None:
        await tx.defer(INSERT_BOX, {"id": new_row_id(), "label": "b"})
        await tx.defer("INSERT INTO things (name, box_id) VALUES (:name, :box_id)", {"name": "n", "box_id": key})

    with pytest.raises(UniqueViolation) as caught:
        await boxes.transaction(one_is_wrong)
    assert caught.value.table == "things"
    assert await labels(boxes) == {"it's $1 :label"}


async def test_a_deferred_write_to_nowhere_breaks_its_foreign_key(boxes: Database) -> None:
    async def work(tx: Transaction) -> None:
        await tx.defer("INSERT INTO things (name, box_id) VALUES ('n', :box_id)", {"box_id": new_row_id()})

    with pytest.raises(ForeignKeyViolation):
        await boxes.transaction(work)


async def test_a_transaction_that_does_nothing_commits_nothing_and_calls_back(boxes: Database) -> None:
    heard: list[str] = []

    async def work(tx: Transaction) -> None:
        tx.on_commit(lambda: heard.append("committed"))

    await boxes.transaction(work)
    assert heard == ["committed"]
