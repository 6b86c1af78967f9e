"""Bounded counts: exact up to the bound, told as "or more" beyond it, never a walk through the whole table."""

from uuid import UUID

from doorward.outbox.states import State
from doorward.outbox.tally import count_state
from doorward.storage.contract import Database
from many_rows import BASE, ListenedDatabase, plan_of, walks_all, write_rows


async def test_counts_by_action_and_destination(database: Database) -> None:
    await write_rows(database, 7, "dead", "crm")
    await write_rows(database, 3, "dead", "hook", 1000)
    await write_rows(database, 5, "pending", "crm", 2000)
    tally = await count_state(database, State.DEAD)
    assert (tally.total, tally.is_capped) == (10, False)
    assert tally.of(action="crm") == tally.of(destination="crm") == 7
    assert tally.of(action="hook", destination="hook") == 3
    assert tally.of(action="hook", destination="crm") == 0
    assert (await count_state(database, State.HELD)).total == 0


async def test_beyond_the_bound_it_is_that_many_or_more(database: Database) -> None:
    await write_rows(database, 10, "dead")
    exact = await count_state(database, State.DEAD, limit=10)
    assert (exact.total, exact.is_capped) == (10, False)
    capped = await count_state(database, State.DEAD, limit=9)
    assert capped.is_capped
    assert capped.total == 10


async def test_only_what_was_queued_lately(database: Database) -> None:
    await write_rows(database, 10, at=0)
    await write_rows(database, 4, at=60_000)
    since = UUID(int=(BASE + 30_000) << 80)
    assert (await count_state(database, State.DELIVERED, after=since)).total == 4


async def test_no_count_reads_the_whole_table(database: Database) -> None:
    await write_rows(database, 20_000)
    await write_rows(database, 20, "dead", at=50_000)
    listened = ListenedDatabase(database)
    for state in (State.DELIVERED, State.DEAD, State.PENDING):
        await count_state(listened, state, limit=100)
    for asked in listened.reader.asked:
        plan = await plan_of(database, asked)
        assert not walks_all(plan), plan
