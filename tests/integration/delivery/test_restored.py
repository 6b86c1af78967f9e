"""A database that came from a backup: what was open in it waits for a person, or is looked up; the rest goes on."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from delivery_house import CRM, DeliveryHouse
from doorward.audit import list_audit
from doorward.delivery.contract import Retry
from doorward.delivery.held import release_verified
from doorward.delivery.replay import DeliveryNotFound, discard, replay
from doorward.delivery.restored import NotReleasable, find_mark, mark_restored, release_all, release_one
from doorward.outbox.claim import Lease, claim
from doorward.outbox.model import Delivery
from doorward.outbox.query import Filter
from doorward.outbox.restored import Doubtful
from doorward.outbox.states import State
from doorward.storage.contract import Transaction
from scripted_connector import ScriptedConnector, accept

PORTAL = replace(CRM, name="portal", connector="hubspot", destination="portal", path="actions[1]")


async def take(house: DeliveryHouse, destination: str = "crm") -> list[Delivery]:
    """What a worker claims that is then lost with its database."""
    now = house.clock.now()
    lease = Lease("lost", uuid4(), now + timedelta(seconds=60))

    async def work(tx: Transaction) -> list[Delivery]:
        return await claim(tx, destination, lease, now, 10)

    return await house.database.transaction(work)


async def one_of_each(house: DeliveryHouse) -> dict[str, UUID]:
    """Persons whose delivery is leased, retryable, held and pending, one each."""
    people = {}
    house.crm.answer = lambda job: Retry("away", "No answer.", 3600)
    people["retryable"] = (await house.sign_up("a@example.org")).identity.id
    await house.dispatcher().run_once()
    house.actions.actions = [replace(CRM, when="verified")]
    people["held"] = (await house.sign_up("b@example.org")).identity.id
    await house.dispatcher().run_once()
    house.actions.actions = [CRM]
    people["leased"] = (await house.sign_up("c@example.org")).identity.id
    await take(house)
    people["pending"] = (await house.sign_up("d@example.org")).identity.id
    house.crm.answer = accept
    house.crm.ledger.clear()
    for state, person in people.items():
        assert [str(each.state) for each in await house.line(person)] == [state]
    return people


async def test_everything_open_is_held_and_only_a_person_lets_it_go(house: DeliveryHouse) -> None:
    people = await one_of_each(house)
    assert await mark_restored(house.database, house.clock, "test") == Doubtful(held=4, looked_at=0)
    house.clock.move(hours=2)
    await house.verify(people["held"], "b@example.org")
    await release_verified(house.database, house.clock)
    await house.change(people["pending"], email="d@example.org", news=True, name="newer")
    await house.dispatcher().run_once()
    assert house.crm.ledger == []
    for person in people.values():
        first = (await house.line(person))[0]
        assert (first.state, first.held_for, first.is_restored, first.lease_token) == (
            State.HELD,
            "restored",
            True,
            None,
        )
        assert "webhook-id" in str(first.reason)


async def test_newcomers_are_sent_as_ever(house: DeliveryHouse) -> None:
    await one_of_each(house)
    await mark_restored(house.database, house.clock, "test")
    newcomer = (await house.sign_up("new@example.org")).identity.id
    await house.dispatcher().run_once()
    assert [job.delivery.identity_id for job in house.crm.ledger] == [newcomer]


async def test_a_release_sends_once_under_the_old_id_and_at_the_old_place(house: DeliveryHouse) -> None:
    person = (await house.sign_up("ada@example.org")).identity.id
    await mark_restored(house.database, house.clock, "test")
    await house.change(person, email="ada@example.org", news=True, name="newer")
    first, second = await house.line(person)
    await release_one(house.database, house.clock, first.id, "somebody")
    await house.dispatcher().run_once()
    assert house.crm.sent_ids() == [first.id, second.id]
    released = await house.get(first.id)
    assert (released.state, released.is_restored, released.replays) == (State.DELIVERED, False, 0)
    newest = (await list_audit(house.database.reader, 1))[0]
    assert (newest["actor"], newest["act"], newest["target"]) == ("somebody", "delivery.released", str(first.id))


async def test_a_discard_lets_the_newer_one_go(house: DeliveryHouse) -> None:
    person = (await house.sign_up("ada@example.org")).identity.id
    await mark_restored(house.database, house.clock, "test")
    await house.change(person, email="ada@example.org", news=True, name="newer")
    first, second = await house.line(person)
    await discard(house.database, house.clock, first.id, "test", "it has arrived")
    await house.dispatcher().run_once()
    assert house.crm.sent_ids() == [second.id]


async def test_many_are_released_by_filter_and_other_holds_are_not_touched(house: DeliveryHouse) -> None:
    await one_of_each(house)
    await mark_restored(house.database, house.clock, "test")
    house.actions.actions = [replace(CRM, when="verified")]
    waits = (await house.sign_up("unproven@example.org")).identity.id
    await house.dispatcher().run_once()
    (held,) = await house.line(waits)
    assert held.held_for == "address_verified"
    with pytest.raises(NotReleasable, match="address_verified"):
        await release_one(house.database, house.clock, held.id, "test")
    with pytest.raises(DeliveryNotFound):
        await release_one(house.database, house.clock, uuid4(), "test")
    assert await release_all(house.database, house.clock, Filter(destination="elsewhere"), "test") == 0
    assert await release_all(house.database, house.clock, Filter(destination="crm"), "test") == 4
    assert (await house.get(held.id)).state is State.HELD


async def test_a_connector_that_looks_gets_its_rows_marked(house: DeliveryHouse) -> None:
    portal = ScriptedConnector()
    house.targets.connectors["portal"] = portal
    house.actions.actions = [PORTAL]
    person = (await house.sign_up("ada@example.org")).identity.id
    (leased,) = await take(house, "portal")
    await house.sign_up("bob@example.org")
    assert await mark_restored(house.database, house.clock, "test") == Doubtful(held=0, looked_at=2)
    # The worker of the lost database, if it still ran, would write nothing: a lost lease never does.
    assert (await house.get(leased.id)).lease_token is None
    await house.change(person, email="ada@example.org", news=True, name="newer")
    await house.dispatcher().run_once()
    marks = [(job.delivery.is_restored, job.may_have_applied) for job in portal.ledger]
    assert sorted(marks) == [(False, False), (True, True), (True, True)]
    # What ended is sent again only by a person's wish, and then without looking.
    await replay(house.database, house.clock, leased.id, "test", anyway=True)
    await house.dispatcher().run_once()
    assert portal.ledger[-1].delivery.id == leased.id
    assert not portal.ledger[-1].delivery.is_restored


async def test_the_database_remembers_which_backup_it_was(house: DeliveryHouse) -> None:
    assert await find_mark(house.database.reader) is None
    backup_id = uuid4()
    await mark_restored(house.database, house.clock, "test", backup_id)
    mark = await find_mark(house.database.reader)
    assert mark is not None
    assert (mark.backup_id, mark.at) == (backup_id, house.clock.now())
    await mark_restored(house.database, house.clock, "test")
    again = await find_mark(house.database.reader)
    assert again is not None
    assert again.backup_id != backup_id
