"""Who may write what to a contact that is there already. The stranger who types a customer's e-mail changes nothing."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doorward.connectors.hubspot.adoption import Claim, Take, allowed, decide, needs_proof
from doorward.connectors.hubspot.draft import Draft
from doorward.connectors.hubspot.wire import KEY_PROPERTY, Contact
from doorward.delivery.contract import Discard, Hold

MakeDraft = Callable[..., Draft]
EMAIL = "customer@x.example"
"""What the customer's contact holds."""


def contact_of(owner: str = "", **properties: str) -> Contact:
    return Contact("512", {"email": EMAIL, "firstname": "Cleo", "phone": "", KEY_PROPERTY: owner, **properties})


def claim_of(draft: Draft, **facts: Any) -> Claim:
    known: dict[str, Any] = {"proven": frozenset(), "known_id": None, "own_id": None, "is_owner_alive": False, **facts}
    return Claim(draft=draft, **known)


@pytest.fixture
def draft(make_draft: MakeDraft) -> Draft:
    return make_draft({"email": EMAIL, "firstname": "Mallory", "phone": "1"})


def test_an_unproven_stranger_waits(draft: Draft) -> None:
    decided = decide(contact_of(), claim_of(draft))
    assert isinstance(decided, Hold)
    assert decided.waits_for == "address_verified"


def test_a_proven_owner_adopts_and_fills_only_what_is_empty(draft: Draft) -> None:
    decided = decide(contact_of(), claim_of(draft, proven=frozenset({EMAIL})))
    assert decided == Take({"phone": "1", KEY_PROPERTY: str(draft.identity_id)}, is_adopted=True)


def test_proof_of_another_address_is_no_proof(make_draft: MakeDraft) -> None:
    """A verified person whose template sends an address that anybody may type."""
    draft = make_draft({"email": EMAIL}, address_verified=True)
    decided = decide(contact_of(), claim_of(draft, proven=frozenset({"mallory@x.example"})))
    assert isinstance(decided, Discard)
    assert decided.code == "email_not_proven"


def test_adopt_never_leaves_the_contact_alone(make_draft: MakeDraft) -> None:
    draft = make_draft({"email": EMAIL}, adopt="never")
    decided = decide(contact_of(), claim_of(draft, proven=frozenset({EMAIL})))
    assert isinstance(decided, Discard)
    assert decided.code == "contact_exists"


def test_adopt_always_asks_for_no_proof(make_draft: MakeDraft) -> None:
    draft = make_draft({"email": EMAIL}, adopt="always")
    assert isinstance(decide(contact_of(), claim_of(draft)), Take)


@pytest.mark.parametrize("adopt", ["verified", "always"])
def test_a_contact_of_somebody_gone_needs_proof_even_with_adopt_always(make_draft: MakeDraft, adopt: str) -> None:
    draft = make_draft({"email": EMAIL}, adopt=adopt)
    contact = contact_of(owner=str(uuid4()))
    assert isinstance(decide(contact, claim_of(draft)), Hold)
    assert isinstance(decide(contact, claim_of(draft, proven=frozenset({EMAIL}))), Take)


def test_a_contact_of_somebody_alive_is_parked_or_shared(make_draft: MakeDraft) -> None:
    contact = contact_of(owner=str(uuid4()))
    facts = {"proven": frozenset({EMAIL}), "is_owner_alive": True}
    parked = decide(contact, claim_of(make_draft({"email": EMAIL, "phone": "1"}), **facts))
    assert isinstance(parked, Discard)
    assert parked.code == "shared_email"
    shared = decide(contact, claim_of(make_draft({"email": EMAIL, "phone": "1"}, shared_email="share"), **facts))
    assert shared == Take({"phone": "1"}, is_adopted=True)  # the key stays its owner's


def test_a_new_email_that_belongs_to_another_contact_asks_for_a_merge(draft: Draft) -> None:
    decided = decide(contact_of(), claim_of(draft, own_id="77", proven=frozenset({EMAIL})))
    assert isinstance(decided, Discard)
    assert decided.code == "email_of_other_contact"
    assert isinstance(decide(contact_of(), claim_of(draft, own_id="77")), Hold)


def test_a_contact_that_ours_was_merged_into_is_ours(draft: Draft) -> None:
    contact = contact_of(hs_merged_object_ids="31;32")
    decided = decide(contact, claim_of(draft, known_id="32"))
    assert isinstance(decided, Take)
    assert decided.properties[KEY_PROPERTY] == str(draft.identity_id)


def test_write_rules_decide_what_is_overwritten(make_draft: MakeDraft) -> None:
    values = {"email": EMAIL, "firstname": "Ada", "phone": "1", "city": "Paris", "company": "X"}
    rules = {"firstname": "always", "city": "if_empty", "company": "on_create"}
    draft = make_draft(values, write=rules)
    contact = contact_of(city="Rome", phone="0")
    assert allowed(contact, draft, is_adopted=True) == {"firstname": "Ada"}
    assert allowed(contact, draft, is_adopted=False) == {"firstname": "Ada", "phone": "1"}
    assert allowed(contact_of(), draft, is_adopted=True) == {"firstname": "Ada", "phone": "1", "city": "Paris"}


def test_consent_overwrites_whatever_is_there(draft: Draft) -> None:
    consenting = replace(draft, properties={**draft.properties, "consent": "true"}, always=frozenset({"consent"}))
    assert allowed(contact_of(consent="false"), consenting, is_adopted=True)["consent"] == "true"


def test_a_secondary_address_never_becomes_the_primary_one(make_draft: MakeDraft) -> None:
    draft = make_draft({"email": "second@x.example"})
    contact = contact_of(hs_additional_emails="second@x.example;third@x.example")
    assert "email" not in allowed(contact, draft, is_adopted=True)
    assert not needs_proof(contact, draft, frozenset())


def test_an_adopted_contact_gets_a_new_email_only_once_it_is_proven(make_draft: MakeDraft) -> None:
    draft = make_draft({"email": "new@x.example"})
    assert needs_proof(contact_of(), draft, frozenset({EMAIL}))
    assert not needs_proof(contact_of(), draft, frozenset({"new@x.example"}))
    assert allowed(contact_of(), draft, is_adopted=True) == {"email": "new@x.example"}


WORDS = st.text("abc", max_size=2)
PROPERTIES = st.dictionaries(st.sampled_from(["firstname", "lastname", "phone", "city", "consent"]), WORDS)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    theirs=PROPERTIES,
    ours=PROPERTIES,
    rules=st.dictionaries(
        st.sampled_from(["firstname", "phone", "city"]), st.sampled_from(["always", "if_empty", "on_create"])
    ),
    owner=st.sampled_from(["", "other"]),
    alive=st.booleans(),
    shared=st.sampled_from(["park", "share"]),
    own=st.sampled_from([None, "77"]),
    known=st.sampled_from([None, "77"]),
    proven=st.sampled_from([frozenset(), frozenset({"mallory@x.example"})]),
)
def test_whoever_has_not_proven_the_email_changes_nothing(
    make_draft: MakeDraft,
    theirs: Mapping[str, str],
    ours: Mapping[str, str],
    rules: Mapping[str, str],
    owner: str,
    alive: bool,
    shared: str,
    own: str | None,
    known: str | None,
    proven: frozenset[str],
) -> None:
    draft = make_draft({"email": EMAIL, **ours}, write=dict(rules), shared_email=shared)
    contact = contact_of(owner=str(uuid4()) if owner else "", **theirs)
    claim = Claim(draft, proven, known, own, alive)
    assert isinstance(decide(contact, claim), Hold | Discard)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(theirs=PROPERTIES, ours=PROPERTIES)
def test_adoption_without_rules_only_fills_what_is_empty(
    make_draft: MakeDraft, theirs: Mapping[str, str], ours: Mapping[str, str]
) -> None:
    draft = make_draft({"email": EMAIL, **ours})
    contact = contact_of(**theirs)
    decided = decide(contact, claim_of(draft, proven=frozenset({EMAIL})))
    assert isinstance(decided, Take)
    assert all(not contact.value(name) for name in decided.properties)
