"""What an edit of settings takes over from what hooks were shown."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

from doorward.flows.settings_context import AsSeen
from doorward.identities.draft import Draft
from doorward.identities.model import AddressStatus, Identity, RecoveryAddress, VerifiableAddress

AT = datetime(2026, 11, 26, tzinfo=UTC)
OLD, NEW = "old@example.org", "new@example.org"


def _person(*addresses: tuple[UUID, str]) -> Identity:
    return Identity(
        id=UUID(int=1),
        schema_id="person",
        traits={},
        state="active",
        state_changed_at=AT,
        created_at=AT,
        updated_at=AT,
        verifiable_addresses=tuple(
            VerifiableAddress(each, value, "email", False, AddressStatus.PENDING, None, AT, AT)
            for each, value in addresses
        ),
        recovery_addresses=tuple(RecoveryAddress(each, value, "email", AT, AT) for each, value in addresses),
    )


def _ids(identity: Identity) -> list[UUID]:
    verifiable = [each.id for each in identity.verifiable_addresses]
    assert verifiable == [each.id for each in identity.recovery_addresses]
    return verifiable


def _as_is(before: Identity, _at: datetime) -> Identity:
    return replace(before, traits={"edited": True})


def test_a_new_address_has_the_id_that_hooks_saw() -> None:
    old, new = uuid4(), uuid4()
    known = _person((old, OLD))
    stored = AsSeen(_as_is, known, Draft(_person((old, OLD), (new, NEW)), ()))(known, AT)
    assert (_ids(stored), stored.traits) == ([old, new], {"edited": True})


def test_what_was_taken_away_since_does_not_come_back() -> None:
    old, new = uuid4(), uuid4()
    edit = AsSeen(_as_is, _person((old, OLD)), Draft(_person((old, OLD), (new, NEW)), ()))
    assert _ids(edit(_person(), AT)) == [new]


def test_what_was_put_there_since_stays() -> None:
    theirs = uuid4()
    edit = AsSeen(_as_is, _person(), Draft(_person((uuid4(), NEW)), ()))
    assert _ids(edit(_person((theirs, NEW)), AT)) == [theirs]
