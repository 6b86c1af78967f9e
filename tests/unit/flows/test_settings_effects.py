"""Who hears that a person's addresses were changed."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from doorward.flows.settings_effects import addresses_to_tell
from doorward.identities.model import Identity, VerifiableAddress

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def address(value: str, *, is_verified: bool = True, via: str = "email") -> VerifiableAddress:
    status = "completed" if is_verified else "pending"
    return VerifiableAddress(uuid4(), value, via, is_verified, status, NOW if is_verified else None, NOW, NOW)


def person(*addresses: VerifiableAddress) -> Identity:
    return Identity(UUID(int=1), "person", {}, "active", NOW, NOW, NOW, verifiable_addresses=addresses)


GONE, KEPT, DOUBTFUL = address("gone@a.example"), address("kept@a.example"), address("new@a.example", is_verified=False)
BEFORE = person(GONE, KEPT, DOUBTFUL)


@pytest.mark.parametrize(
    ("recipients", "told"),
    [("removed", [GONE]), ("all_verified", [GONE, KEPT]), ("all", [GONE, KEPT, DOUBTFUL])],
)
def test_whom_each_choice_means(recipients: str, told: list[VerifiableAddress]) -> None:
    assert list(addresses_to_tell(recipients, BEFORE, person(KEPT, DOUBTFUL))) == told


@pytest.mark.parametrize("recipients", ["removed", "all_verified", "all"])
def test_nobody_hears_of_a_change_of_something_else(recipients: str) -> None:
    proved = person(GONE, KEPT, address(DOUBTFUL.value))
    assert addresses_to_tell(recipients, BEFORE, proved) == ()


def test_an_address_that_was_added_counts_as_a_change() -> None:
    assert addresses_to_tell("removed", person(KEPT), person(KEPT, GONE)) == ()
    assert addresses_to_tell("all", person(KEPT), person(KEPT, GONE)) == (KEPT,)


def test_only_addresses_that_can_be_written_to() -> None:
    other = address("somewhere", via="pigeon")
    assert addresses_to_tell("all", person(other, GONE), person()) == (GONE,)
