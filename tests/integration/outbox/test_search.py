"""Lists that a person pages through: everything once, in order, at a cost that does not grow with the table."""

from itertools import product
from uuid import UUID

import pytest

from doorward.outbox.query import Filter, list_deliveries
from doorward.outbox.search import Page, search_deliveries
from doorward.outbox.states import State
from doorward.storage.contract import Database
from many_rows import Asked, ListenedDatabase, plan_of, walks_all, write_rows

WAITING = (State.PENDING, State.LEASED, State.RETRYABLE)


async def every_page(database: Database, chosen: Filter, limit: int, look_at: int) -> list[UUID]:
    """Ids in the order in which the pages show them."""
    found: list[UUID] = []
    before: UUID | None = None
    while True:
        page = await search_deliveries(database, chosen, limit, before=before, look_at=look_at)
        found += [each.id for each in page.deliveries]
        if page.before is None:
            return found
        assert before is None or page.before < before
        before = page.before


async def write_mixture(database: Database) -> None:
    """Three states and two actions, queued in turns."""
    for at, (state, action) in enumerate(product(("delivered", "dead", "pending"), ("crm", "hook"))):
        await write_rows(database, 7, state, action, at * 3000)
        await write_rows(database, 4, state, action, 100_000 + at * 5)


CHOICES = [
    Filter(),
    Filter((State.DEAD,)),
    Filter(WAITING),
    Filter((State.DEAD, State.DELIVERED), action="hook"),
    Filter(action="crm"),
    Filter(destination="hook"),
    Filter((State.HELD,)),
    Filter(action="nothing"),
]


@pytest.mark.parametrize(("limit", "look_at"), [(3, 5), (5, 4), (10, 2000)])
async def test_the_pages_together_are_the_list(database: Database, limit: int, look_at: int) -> None:
    await write_mixture(database)
    for chosen in CHOICES:
        whole = [each.id for each in await list_deliveries(database.reader, chosen, 1000)]
        assert await every_page(database, chosen, limit, look_at) == whole, chosen


async def test_a_persons_own(database: Database) -> None:
    await write_mixture(database)
    row = (await list_deliveries(database.reader, Filter((State.DEAD,)), 1))[0]
    of_person = Filter(identity_id=row.identity_id)
    assert [each.id for each in (await search_deliveries(database, of_person, 5)).deliveries] == [row.id]
    assert await search_deliveries(database, Filter((State.HELD,), identity_id=row.identity_id), 5) == Page(())


async def test_a_search_that_stops_says_how_far_it_has_looked(database: Database) -> None:
    await write_rows(database, 1, "delivered", "rare")
    await write_rows(database, 30, "delivered", "crm", 1000)
    page = await search_deliveries(database, Filter(action="rare"), 5, look_at=20)
    assert page.deliveries == ()
    assert page.looked_back_to is not None
    assert page.before is not None
    rest = await search_deliveries(database, Filter(action="rare"), 5, before=page.before, look_at=20)
    assert [each.action for each in rest.deliveries] == ["rare"]
    assert rest.looked_back_to is None


async def test_the_edge_of_a_search_is_not_told_twice(database: Database) -> None:
    """What was looked at and is exactly as much as there is needs no further page."""
    await write_rows(database, 20)
    assert (await search_deliveries(database, Filter(action="none"), 5, look_at=20)).before is None
    assert (await search_deliveries(database, Filter(), 20, look_at=20)).before is None


async def test_no_list_reads_the_whole_table(database: Database) -> None:
    await write_rows(database, 20_000)
    await write_rows(database, 50, "pending", "rare", 50_000)
    listened = ListenedDatabase(database)
    for chosen in (*CHOICES, Filter((State.DELIVERED,), "crm", "rare"), Filter(identity_id=UUID(int=5))):
        page = await search_deliveries(listened, chosen, 50)
        await search_deliveries(listened, chosen, 50, before=page.before)
    assert listened.reader.asked
    for asked in listened.reader.asked:
        plan = await plan_of(database, asked)
        assert not walks_all(plan), plan


@pytest.mark.parametrize("state", [State.DEAD, State.PENDING, State.DELIVERED])
async def test_neither_does_the_list_of_a_command(database: Database, state: State) -> None:
    await write_rows(database, 20_000)
    await write_rows(database, 50, "pending", "rare", 50_000)
    listened = ListenedDatabase(database)
    rows = await list_deliveries(listened.reader, Filter((state,)), 50)
    if rows:
        await list_deliveries(listened.reader, Filter((state,)), 50, before=rows[-1].id)
        assert [each.id for each in await list_deliveries(database.reader, Filter((state,)), 3, after=rows[-1].id)] == [
            each.id for each in rows[-2:-5:-1]
        ]
    for asked in listened.reader.asked:
        plan = await plan_of(database, asked)
        assert not walks_all(plan), plan


async def test_the_measure_sees_a_walk(database: Database) -> None:
    """A list by an unindexed column is found out."""
    await write_rows(database, 20_000)
    sql = "SELECT id FROM deliveries WHERE trace_id = :trace ORDER BY updated_at LIMIT 5"
    assert walks_all(await plan_of(database, Asked(sql, {"trace": "x"})))


@pytest.mark.postgres
@pytest.mark.parametrize("dsn", ["postgres"], indirect=True)
async def test_the_measure_sees_an_index_that_is_left_aside(database: Database) -> None:
    """For any state PostgreSQL takes the order of the ids and drops what is in another state."""
    await write_rows(database, 20_000)
    await write_rows(database, 50, "dead", at=50_000)
    sql = "SELECT action FROM deliveries WHERE state = :state AND id > :after ORDER BY id DESC LIMIT 5000"
    assert walks_all(await plan_of(database, Asked(sql, {"state": "dead", "after": UUID(int=0)})))
