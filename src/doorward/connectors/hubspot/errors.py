"""The table of HubSpot's refusals: which answer means what, as data. `outcomes` turns a verdict into what happens.

Sources: HubSpot's error-handling and usage-guideline pages, and answers recorded from real portals.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from doorward.connectors.hubspot.complaint import Complaint
from doorward.connectors.hubspot.wire import KEY_PROPERTY


class Verdict(StrEnum):
    """What kind of no it is, and so what stops: this row, this action, the destination, or nothing."""

    VALUE = "value"  # this record's value is wrong: the row is dead
    DEFINITION = "definition"  # the action writes what the portal does not have: the action pauses
    RULE = "rule"  # the portal demands a property: row or action, by whether the template sends it
    CONFLICT = "conflict"  # the e-mail belongs to a contact already
    GONE = "gone"  # the record is not there (archived, deleted)
    KEY = "key"  # our own property is missing or not unique: the destination pauses
    TOKEN = "token"  # noqa: S105 - the token is not accepted: the destination pauses
    SCOPE = "scope"  # the token may not do this: the destination pauses
    BUSY = "busy"  # too many calls in this moment
    DAILY = "daily"  # no calls left today
    LOCKED = "locked"  # another writer holds the object
    MIGRATING = "migrating"  # the portal is moving between data centres
    AWAY = "away"  # HubSpot or the edge before it is down; nothing was applied
    UNKNOWN = "unknown"  # no answer: it may have been applied
    WHOLE = "whole"  # the request as a whole was refused; one record of it may be the reason
    NOT_HUBSPOT = "not_hubspot"  # what answers is not HubSpot's API


@dataclass(frozen=True, slots=True)
class Rule:
    """One row. Empty fields match anything; `code` is the stable reason code, `text` is safe to show anybody."""

    verdict: Verdict
    code: str
    text: str
    status: tuple[int, ...] = ()
    category: str = ""
    error: str = ""
    policy: str = ""
    message: re.Pattern[str] | None = None
    blames: str = ""

    def matches(self, complaint: Complaint) -> bool:
        return (
            (not self.status or complaint.status in self.status)
            and (not self.category or self.category == complaint.category)
            and (not self.error or self.error in complaint.codes)
            and (not self.policy or self.policy in complaint.policy)
            and (self.message is None or self.message.search(complaint.message) is not None)
            and (not self.blames or self.blames in complaint.properties)
        )


@dataclass(frozen=True, slots=True)
class Problem:
    """A classified refusal. `text` never quotes HubSpot's message, which may hold the person's data."""

    verdict: Verdict
    code: str
    text: str
    complaint: Complaint
    retry_after_s: float | None = None

    @property
    def status(self) -> int:
        return self.complaint.status


def says(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


V = Verdict
KEY_TEXT = f"The contact property {KEY_PROPERTY} is missing in the portal, or not unique."
RULES: tuple[Rule, ...] = (
    # Limits first: their bodies carry no category, or one of two.
    Rule(V.DAILY, "daily_limit", "The portal's daily calls are used up.", (429,), policy="DAILY"),
    Rule(V.DAILY, "daily_limit", "The portal's daily calls are used up.", (429,), message=says(r"\bdaily limit")),
    Rule(V.BUSY, "rate_limited", "HubSpot asked to slow down.", (429,)),
    Rule(V.LOCKED, "locked", "Another writer holds these contacts.", (423,)),
    Rule(V.MIGRATING, "migrating", "HubSpot is moving the account to another data centre.", (477,)),
    # Who we are.
    Rule(V.TOKEN, "token_refused", "HubSpot does not accept the token (revoked, expired or mistyped).", (401,)),
    Rule(V.SCOPE, "scope_missing", "The token lacks a scope that this call needs.", (403,), category="MISSING_SCOPES"),
    Rule(V.SCOPE, "forbidden", "HubSpot forbids this call to the token or to its owner.", (403,)),
    # The edge before HubSpot.
    Rule(V.UNKNOWN, "no_answer", "HubSpot's edge gave up waiting; the write may have happened.", (504, 524, 408)),
    Rule(V.AWAY, "edge_down", "HubSpot's edge cannot reach it.", (502, 503, 520, 521, 522, 523, 525, 526, 530)),
    Rule(V.UNKNOWN, "server_error", "HubSpot answered with an error of its own.", tuple(range(500, 600))),
    # Our own key.
    Rule(
        V.KEY,
        "key_property",
        KEY_TEXT,
        error="PROPERTY_DOESNT_EXIST",
        blames=KEY_PROPERTY,
    ),
    Rule(
        V.KEY,
        "key_property",
        KEY_TEXT,
        message=says(r"by non-unique .*propert"),
    ),
    # One record.
    Rule(V.CONFLICT, "contact_exists", "A contact with this e-mail exists already.", category="CONFLICT"),
    Rule(
        V.CONFLICT,
        "contact_exists",
        "A contact with this e-mail exists already.",
        category="OBJECT_ALREADY_EXISTS",
        message=says(r"contact.*exists|existing id"),
    ),
    Rule(V.CONFLICT, "contact_exists", "A contact with this e-mail exists already.", (409,)),
    Rule(V.DEFINITION, "property_missing", "The portal has no such contact property.", error="PROPERTY_DOESNT_EXIST"),
    Rule(V.DEFINITION, "property_read_only", "The contact property cannot be written.", error="READ_ONLY_VALUE"),
    Rule(V.RULE, "property_required", "The portal demands a property.", error="MISSING_REQUIRED_PROPERTY"),
    Rule(V.RULE, "property_required", "The portal demands a property.", error="MISSING_CONDITIONAL_REQUIRED_PROPERTY"),
    Rule(V.VALUE, "email_invalid", "HubSpot does not accept the e-mail address.", error="INVALID_EMAIL"),
    Rule(V.VALUE, "option_unknown", "The value is none of the property's options.", error="INVALID_OPTION"),
    Rule(V.VALUE, "number_invalid", "The value is not the number that the property wants.", error="INVALID_LONG"),
    Rule(V.VALUE, "number_invalid", "The value is not the number that the property wants.", error="INVALID_INTEGER"),
    Rule(V.VALUE, "number_invalid", "The value is not the number that the property wants.", error="INVALID_NUMBER"),
    Rule(V.VALUE, "boolean_invalid", "The value is neither true nor false.", error="INVALID_BOOLEAN_OPTION"),
    Rule(V.VALUE, "date_invalid", "The value is not a date at midnight UTC.", error="INVALID_DATE"),
    Rule(V.VALUE, "unique_value_taken", "Another contact has this unique value.", error="CONFLICTING_UNIQUE_VALUE"),
    Rule(V.VALUE, "too_many_merges", "The contact has 250 merged identities.", (414,)),
    Rule(
        V.UNKNOWN, "server_error", "HubSpot failed at this record with an error of its own.", (207,), "INTERNAL_ERROR"
    ),
    Rule(V.GONE, "contact_gone", "HubSpot does not have the contact any more.", category="OBJECT_NOT_FOUND"),
    Rule(V.GONE, "not_found", "HubSpot does not have what the call names.", (404,)),
    Rule(V.VALUE, "value_refused", "HubSpot does not accept the record.", (207,)),
    Rule(V.WHOLE, "request_refused", "HubSpot does not accept the request.", tuple(range(400, 500))),
)
"""The first row that matches decides."""

NOT_HUBSPOT = Rule(
    V.NOT_HUBSPOT, "not_hubspot", "What answers at base_url is not HubSpot's API (no JSON): check the address."
)


def classify(complaint: Complaint, retry_after_s: float | None = None) -> Problem:
    """The meaning of a refusal. Total: whatever is unknown is a refusal of the whole request."""
    rule = next((rule for rule in RULES if rule.matches(complaint)), NOT_HUBSPOT)
    if not complaint.is_json and rule.verdict in {V.GONE, V.WHOLE, V.CONFLICT}:
        rule = NOT_HUBSPOT
    text = rule.text
    if complaint.properties and rule.verdict in {V.VALUE, V.DEFINITION, V.RULE}:
        text = f"{text} Property: {', '.join(complaint.properties)}."
    if complaint.scopes:
        text = f"{text} HubSpot names: {', '.join(complaint.scopes)}."
    return Problem(rule.verdict, rule.code, text, complaint, retry_after_s)
