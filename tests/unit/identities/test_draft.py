from datetime import UTC, datetime

import pytest

from doorward.identities.draft import NewConsent, NewCredential, NewIdentity, checked_consents, make_draft
from doorward.identities.schema import IdentitySchema, InvalidTraits

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_draft_has_its_real_id_addresses_and_identifiers(person: IdentitySchema) -> None:
    draft = make_draft(
        person,
        NewIdentity("person", {"email": "Ada@example.org"}, (NewCredential("password", {"hashed_password": "x"}),)),
        NOW,
    )
    assert draft.identity.id.version == 7
    assert draft.identity.credentials["password"].identifiers == ("ada@example.org",)
    assert [address.value for address in draft.identity.verifiable_addresses] == ["ada@example.org"]


def test_bad_traits_are_refused_with_all_their_places(person: IdentitySchema) -> None:
    with pytest.raises(InvalidTraits) as refused:
        make_draft(person, NewIdentity("person", {"age": -1}), NOW)
    assert {violation.pointer for violation in refused.value.violations} == {("email",), ("age",)}


@pytest.mark.parametrize("value", [False, None, "false", "true", "yes", 1, [True], {}, "absent"])
def test_only_a_literal_true_is_a_yes(person: IdentitySchema, value: object) -> None:
    traits = {} if value == "absent" else {"news": value}
    asked = (NewConsent("marketing", True, "Yes, send me news.", "2", "en", "flow"),)
    assert [item.granted for item in checked_consents(person, traits, asked)] == [False]


def test_a_true_trait_keeps_a_yes(person: IdentitySchema) -> None:
    asked = (NewConsent("marketing", True, "Yes, send me news.", "2", "en", "flow"),)
    assert checked_consents(person, {"news": True}, asked) == asked


def test_no_secret_in_a_repr(person: IdentitySchema) -> None:
    draft = make_draft(
        person,
        NewIdentity(
            "person", {"email": "ada@example.org"}, (NewCredential("password", {"hashed_password": "s3cret"}),)
        ),
        NOW,
    )
    assert "s3cret" not in repr(draft)
    assert "ada@example.org" not in repr(draft)
