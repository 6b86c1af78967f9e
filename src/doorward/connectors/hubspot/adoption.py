"""The rules about contacts that others may have made: who may write what. Pure; `conflicts` and `narrow` apply them.

The threat: a stranger types a customer's e-mail at sign-up. Nothing of that customer's contact may change for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from doorward.connectors.hubspot.draft import Draft
from doorward.connectors.hubspot.wire import KEY_PROPERTY, Contact
from doorward.delivery.contract import Discard, Hold, Outcome

ADDITIONAL_EMAILS = "hs_additional_emails"
MERGED_IDS = "hs_merged_object_ids"
JUDGED_BY = (KEY_PROPERTY, "email", ADDITIONAL_EMAILS, MERGED_IDS)
"""Properties that the rules look at."""
WAITS_FOR = "address_verified"


@dataclass(frozen=True, slots=True)
class Claim:
    """What is known when a draft's e-mail turns out to belong to a contact already.

    `proven` are the identity's verified addresses, `known_id` the contact that we remember for the identity, `own_id`
    the contact that carries its id in HubSpot now, `is_owner_alive` whether the identity that the contact names lives.
    """

    draft: Draft
    proven: frozenset[str] = field(repr=False)
    known_id: str | None
    own_id: str | None
    is_owner_alive: bool

    @property
    def is_proven(self) -> bool:
        return self.draft.email in self.proven


@dataclass(frozen=True, slots=True)
class Take:
    """Write these properties to the contact; `is_adopted` says that it was not ours before."""

    properties: Mapping[str, str] = field(repr=False)
    is_adopted: bool


def decide(contact: Contact, claim: Claim) -> Take | Outcome:
    """What may be written to the existing `contact`, or why nothing may."""
    identity_id = str(claim.draft.identity_id)
    owner = contact.value(KEY_PROPERTY)
    if owner == identity_id:
        return Take(allowed(contact, claim.draft, is_adopted=False), is_adopted=False)
    if claim.own_id is not None:
        return _moving_onto_another(claim)
    is_free = not owner or not claim.is_owner_alive
    if is_free and _was_merged_into(contact, claim.known_id):
        return Take(_with_key(contact, claim), is_adopted=True)
    if claim.draft.settings.adopt == "never":
        return _exists()
    if not claim.is_proven and (owner or claim.draft.settings.adopt == "verified"):
        return _unproven(claim)
    if is_free:
        return Take(_with_key(contact, claim), is_adopted=True)
    if claim.draft.settings.shared_email == "share":
        return Take(allowed(contact, claim.draft, is_adopted=True), is_adopted=True)
    return Discard(
        "shared_email",
        "The contact with this e-mail belongs to another person here. Give one of them another address, "
        "or set shared_email: share, then replay the delivery.",
    )


def allowed(contact: Contact, draft: Draft, *, is_adopted: bool) -> dict[str, str]:
    """The draft's properties that may be written over what `contact` holds, and that differ from it."""
    return {
        name: value
        for name, value in draft.properties.items()
        if value != contact.value(name) and _may_write(name, contact, draft, is_adopted)
    }


def needs_proof(contact: Contact, draft: Draft, proven: frozenset[str]) -> bool:
    """Whether writing to an adopted contact would give it an e-mail that the person has not proven to own."""
    return (
        draft.settings.adopt == "verified"
        and bool(draft.email)
        and draft.email not in addresses(contact)
        and draft.email not in proven
    )


def addresses(contact: Contact) -> frozenset[str]:
    """Every e-mail address of a contact: a lookup by a secondary one answers with another primary one."""
    found = [contact.value("email"), *contact.value(ADDITIONAL_EMAILS).split(";")]
    return frozenset(each.strip().lower() for each in found if each.strip())


def _may_write(name: str, contact: Contact, draft: Draft, is_adopted: bool) -> bool:
    if name in draft.always:
        return True
    rule = draft.settings.write.get(name)
    if rule is not None:
        return rule == "always" or (rule == "if_empty" and not contact.value(name))
    if name == "email":
        # A secondary address stays secondary: making it the primary one would rename somebody's contact.
        return draft.email not in addresses(contact)
    return not is_adopted or not contact.value(name)


def _with_key(contact: Contact, claim: Claim) -> dict[str, str]:
    return {**allowed(contact, claim.draft, is_adopted=True), KEY_PROPERTY: str(claim.draft.identity_id)}


def _was_merged_into(contact: Contact, known_id: str | None) -> bool:
    """Merging keeps the old ids readable, but not always our key: the contact that we remember is this one."""
    if known_id is None:
        return False
    return known_id == contact.id or known_id in contact.value(MERGED_IDS).split(";")


def _moving_onto_another(claim: Claim) -> Outcome:
    if claim.draft.settings.adopt == "verified" and not claim.is_proven:
        return _unproven(claim)
    return Discard(
        "email_of_other_contact",
        "The person's new e-mail belongs to another contact. Merge the two contacts in HubSpot, "
        "then replay the delivery.",
    )


def _exists() -> Outcome:
    return Discard(
        "contact_exists",
        "A contact with this e-mail exists, and adopt: never leaves it alone. "
        "Link it by hand or change adopt, then replay the delivery.",
    )


def _unproven(claim: Claim) -> Outcome:
    if claim.draft.job.address_verified:
        return Discard(
            "email_not_proven",
            "A contact with this e-mail exists, and the e-mail that the template sends is none of the person's "
            "verified addresses. Have the template send a verified one, then replay the delivery.",
        )
    return Hold(
        WAITS_FOR,
        "address_not_verified",
        "A contact with this e-mail exists; it is left alone until the person has verified the address.",
    )
