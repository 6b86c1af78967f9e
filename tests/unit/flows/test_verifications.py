"""Which addresses a sign-up, a sign-in or a change of settings begins to prove."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from doorward.clock import MovableClock
from doorward.config.model import Config
from doorward.flows.contract import KindSettings
from doorward.flows.fresh import FlowMaker
from doorward.flows.messages import Catalogue
from doorward.flows.return_to import ReturnTargets
from doorward.flows.verification import Verifications, VerificationSettings
from doorward.flows.words_en import ENGLISH
from doorward.identities.model import Identity, VerifiableAddress
from flows_house import BASE, UI, sender_of
from fresh_flow import fresh_flow

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def verifications(*, is_enabled: bool = True, starts_all: bool = False) -> Verifications:
    clock = MovableClock()
    kind = KindSettings(f"{UI}/verification", timedelta(hours=1), is_enabled)
    settings = VerificationSettings(kind, "code", ReturnTargets(UI, ()), starts_all=starts_all)
    return Verifications(settings, FlowMaker(BASE, clock), sender_of(Config(), clock), Catalogue(ENGLISH))


def person(**addresses: str) -> Identity:
    """Addresses by what they are called, with their status."""
    found = tuple(
        VerifiableAddress(uuid4(), f"{name}@a.example", "email", status == "completed", status, None, NOW, NOW)
        for name, status in addresses.items()
    )
    return Identity(UUID(int=1), "person", {}, "active", NOW, NOW, NOW, verifiable_addresses=found)


ADA = person(proved="completed", told="sent", fresh="pending", last="pending")


@pytest.mark.parametrize(
    ("starts_all", "only_new", "begun"),
    [
        (False, False, ["told"]),
        (False, True, ["fresh"]),
        (True, False, ["told", "fresh", "last"]),
        (True, True, ["fresh", "last"]),
    ],
)
def test_the_first_that_waits_or_all_of_them(starts_all: bool, only_new: bool, begun: list[str]) -> None:
    started = verifications(starts_all=starts_all).start(ADA, fresh_flow(), "", only_new=only_new)
    assert [each.address.value for each in started] == [f"{name}@a.example" for name in begun]


def test_a_saved_change_goes_by_the_status_alone() -> None:
    (each,) = person(imported="pending").verifiable_addresses
    ada = replace(ADA, verifiable_addresses=(replace(each, verified=True),))
    assert len(verifications().start(ada, fresh_flow(), "", only_new=True)) == 1
    assert verifications().start(ada, fresh_flow(), "") == ()


def test_none_where_it_is_off_unless_a_hook_demands_it() -> None:
    off = verifications(is_enabled=False)
    assert off.start(ADA, fresh_flow(), "") == ()
    assert len(off.start(ADA, fresh_flow(), "", is_demanded=True)) == 1


def test_only_what_has_begun_is_marked() -> None:
    made = verifications()
    marked = made.marked(ADA, made.start(ADA, fresh_flow(), "", only_new=True))
    assert [each.status for each in marked.verifiable_addresses] == ["completed", "sent", "sent", "pending"]
