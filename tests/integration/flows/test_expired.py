"""Expired flows and shown errors go a bounded number at a time; what is young stays."""

from datetime import datetime, timedelta

from doorward.clock import MovableClock
from doorward.flows.store import delete_expired
from doorward.ids import new_row_id
from doorward.storage.contract import Database, Transaction

INSERT_FLOW = """
INSERT INTO flows (id, kind, type, state, request_url, ui, csrf_token, extra, internal, issued_at, expires_at,
  created_at, updated_at)
VALUES (:id, 'registration', 'api', 'choose_method', '', '{}', '', '{}', '{}', :at, :at, :at, :at)
"""
INSERT_ERROR = """
INSERT INTO flow_errors (id, error, csrf_token, created_at, updated_at) VALUES (:id, '{}', '', :at, :at)
"""


async def fill(database: Database, old: datetime, young: datetime) -> None:
    async def work(tx: Transaction) -> None:
        for sql in (INSERT_FLOW, INSERT_ERROR):
            for at in (*[old] * 7, *[young] * 3):
                await tx.execute(sql, {"id": new_row_id(), "at": at})

    await database.transaction(work)


async def test_the_old_go_a_few_at_a_time_and_the_young_stay(database: Database, clock: MovableClock) -> None:
    now = clock.now()
    await fill(database, now - timedelta(days=2), now)

    async def work(tx: Transaction) -> int:
        return await delete_expired(tx, now - timedelta(days=1), 5)

    assert [await database.transaction(work) for _ in range(3)] == [10, 4, 0]
    for table in ("flows", "flow_errors"):
        row = await database.reader.fetch_one(f"SELECT COUNT(*) AS number FROM {table}")
        assert row is not None
        assert row["number"] == 3
