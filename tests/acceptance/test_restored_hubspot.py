"""After a restore: what the lost database had sent to HubSpot is found there, by the contacts of a real simulator."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from doorward.connectors.hubspot.links import StoredLinks
from doorward.delivery.contract import Delivered, Hold, Job, Skip, Withdrawer
from hubspot_bench import Bench, Portal, job_for, running_bench
from running import Simulator, connected, running

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """One portal for all, made ready once; every test has people of its own."""
    folder = tmp_path_factory.mktemp("portal")
    simulator = Simulator(folder)
    with running(simulator):
        connected(folder, simulator, f"dsn: sqlite://{folder}/doorward.sqlite\n")
        yield Portal(simulator.url)


@pytest.fixture
def email() -> str:
    return f"{uuid4().hex}@example.org"


@pytest.fixture
async def lost(portal: Portal, tmp_path: Path) -> AsyncIterator[Bench]:
    """The installation that sends and is then lost."""
    async with running_bench(portal, tmp_path / "lost.sqlite") as bench:
        yield bench


@pytest.fixture
async def restored(portal: Portal, tmp_path: Path) -> AsyncIterator[Bench]:
    """The one that came from a backup older than anything that was sent."""
    async with running_bench(portal, tmp_path / "restored.sqlite") as bench:
        yield bench


def doubtful(job: Job) -> Job:
    """The job as its row is after a restore."""
    return replace(job, delivery=replace(job.delivery, is_restored=True), may_have_applied=True)


def update_of(person: UUID, email: str, **properties: Any) -> Job:
    return job_for(person, email, event="identity.updated", **properties)


def writes(bench: Bench, job: Job) -> int:
    return len(bench.portal.applied(job.delivery.id))


async def test_what_arrived_is_found_and_not_written_again(lost: Bench, restored: Bench) -> None:
    jobs = [job_for(uuid4(), f"P{n}@Example.org", firstname="A") for n in range(100)]
    await lost.send(*jobs)
    outcomes = await restored.send(*map(doubtful, jobs))
    for job, outcome in zip(jobs, outcomes, strict=True):
        assert isinstance(outcome, Delivered)
        assert "before the restore" in str(outcome.summary)
        assert writes(restored, job) == 1
    links = await StoredLinks(restored.database, "hubspot", restored.parts.clock).find_links(
        [job.delivery.identity_id for job in jobs]
    )
    assert {link.contact_id for link in links.values()} == {each.external_id for each in outcomes}  # type: ignore[union-attr]
    assert not any(link.is_adopted for link in links.values())


async def test_a_later_change_is_not_undone(lost: Bench, restored: Bench, email: str) -> None:
    first = job_for(uuid4(), email, firstname="Ada", city="Paris")
    second = update_of(first.delivery.identity_id, email, firstname="Augusta", city="Rome")
    third = update_of(first.delivery.identity_id, email, firstname="Augusta", city="Bonn")
    for job in (first, second, third):
        await lost.send(job)
    for job in (first, second):
        (outcome,) = await restored.send(doubtful(job))
        assert isinstance(outcome, Delivered)
        assert writes(restored, job) == 1
    assert isinstance(outcome, Delivered)
    contact = restored.portal.contact(outcome.external_id)
    assert (contact["firstname"], contact["city"]) == ("Augusta", "Bonn")


async def test_what_never_arrived_is_written_once(lost: Bench, restored: Bench, email: str) -> None:
    sent = job_for(uuid4(), email, firstname="Ada")
    change = update_of(sent.delivery.identity_id, email, firstname="Augusta")
    unknown = job_for(uuid4(), f"b{email}", firstname="Bob")
    await lost.send(sent)
    before = lost.portal.contacts()
    outcomes = await restored.send(doubtful(change), doubtful(unknown))
    assert all(isinstance(each, Delivered) for each in outcomes)
    assert (writes(restored, change), writes(restored, unknown), restored.portal.contacts()) == (1, 1, before + 1)
    assert restored.portal.contact(outcomes[0].external_id)["firstname"] == "Augusta"  # type: ignore[union-attr]


async def test_a_value_that_was_there_only_before_is_no_evidence(lost: Bench, restored: Bench, email: str) -> None:
    """Paris, Rome, and back to Paris: the last change did not arrive, though the contact has been there before."""
    first = job_for(uuid4(), email, city="Paris")
    second = update_of(first.delivery.identity_id, email, city="Rome")
    await lost.send(first)
    await lost.send(second)
    back = update_of(first.delivery.identity_id, email, city="Paris")
    (outcome,) = await restored.send(doubtful(back))
    assert isinstance(outcome, Delivered)
    assert writes(restored, back) == 1
    assert restored.portal.contact(outcome.external_id)["city"] == "Paris"


async def test_a_contact_that_was_archived_since_is_not_made_again(lost: Bench, restored: Bench, email: str) -> None:
    job = job_for(uuid4(), email)
    await lost.send(job)
    await lost.send(job_for(job.delivery.identity_id, None, event="identity.deleted"))
    before = restored.portal.contacts()
    (outcome,) = await restored.send(doubtful(job))
    assert isinstance(outcome, Hold)
    assert (outcome.waits_for, outcome.code) == ("restored", "removed_since")
    assert restored.portal.contacts() == before
    # A person has released it: then it goes.
    (outcome,) = await restored.send(job)
    assert isinstance(outcome, Delivered)


async def test_a_contact_that_others_had_made_stays_theirs(lost: Bench, restored: Bench, email: str) -> None:
    made = lost.portal.call("POST", "/crm/v3/objects/contacts", {"properties": {"email": email}})
    assert made.status == 201
    # Its key comes later than its birth, and that is how the restored database can tell.
    lost.portal.sim("/clock", {"advance_s": 60})
    person = await lost.identity(email, verified=True)
    job = job_for(person, email, verified=True, firstname="Ada")
    await lost.send(job)
    (outcome,) = await restored.send(doubtful(job))
    assert isinstance(outcome, Delivered)
    links = await StoredLinks(restored.database, "hubspot", restored.parts.clock).find_links([person])
    assert links[person].is_adopted
    assert writes(restored, job) == 1


async def test_a_yes_does_not_come_back_after_a_no_that_was_lost(lost: Bench, restored: Bench, email: str) -> None:
    first = job_for(uuid4(), email)
    await lost.send(first)
    change = update_of(first.delivery.identity_id, email, firstname="Ada")
    assert isinstance(lost.connector, Withdrawer)
    no = job_for(first.delivery.identity_id, None, event="consent.changed")
    await lost.connector.send_withdrawals([no])
    (outcome,) = await restored.send(doubtful(change))
    assert isinstance(outcome, Hold)
    assert outcome.code == "withdrawn_since"
    (outcome,) = await restored.send(doubtful(first))
    assert isinstance(outcome, Delivered)
    assert restored.portal.contact(outcome.external_id)["doorward_consent_marketing"] == "false"


async def test_a_withdrawal_is_told_once(lost: Bench, restored: Bench, email: str) -> None:
    job = job_for(uuid4(), email)
    await lost.send(job)
    no = job_for(job.delivery.identity_id, None, event="consent.changed")
    for bench, told in ((lost, no), (restored, doubtful(no))):
        assert isinstance(bench.connector, Withdrawer)
        outcome = (await bench.connector.send_withdrawals([told]))[no.delivery.id]
        assert isinstance(outcome, Skip)
        assert outcome.code == "withdrawn"
    assert writes(restored, no) == 1
