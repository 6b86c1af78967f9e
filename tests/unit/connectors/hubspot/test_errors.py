"""HubSpot's answers, as recorded, and what each means. The classification is total and never quotes a message."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorward.connectors.hubspot.complaint import read_complaint
from doorward.connectors.hubspot.errors import Verdict, classify
from doorward.connectors.hubspot.outcomes import TABLE, outcome_of
from doorward.delivery.contract import Discard, Retry, Snooze

PORTAL = 62515


def invalid(*problems: tuple[str, str, str], listed: int | None = None) -> dict[str, Any]:
    """A validation body: a JSON text inside the message, and `errors` that may be cut short."""
    embedded = [
        {"isValid": False, "message": text, "error": code, "name": name, "portalId": PORTAL}
        for code, name, text in problems
    ]
    return {
        "status": "error",
        "message": "Property values were not valid: " + json.dumps(embedded),
        "correlationId": "b0a9e8e3-7d4e-4c57-9a3d-9a9e0e9f5c1b",
        "category": "VALIDATION_ERROR",
        "errors": [
            {"message": text, "code": code, "context": {"propertyName": [name]}}
            for code, name, text in problems[:listed]
        ],
    }


CONFLICT = {"status": "error", "message": "Contact already exists. Existing ID: 37765128953", "category": "CONFLICT"}
OLDER_CONFLICT = {
    "status": "error",
    "message": "contact already exists",
    "identityProfile": {"vid": 512, "identity": [], "linkedVid": []},
    "errors": [{"message": "A contact with email a@b.example already exists. Existing ID: 512", "in": "email"}],
    "category": "OBJECT_ALREADY_EXISTS",
    "error": "CONTACT_EXISTS",
}
SCOPES = {
    "status": "error",
    "message": "This app hasn't been granted all required scopes to make this call.",
    "category": "MISSING_SCOPES",
    "errors": [
        {
            "message": "One or more of the following scopes are required.",
            "context": {"requiredGranularScopes": ["crm.objects.contacts.write"]},
        }
    ],
}
BURST = {
    "status": "error",
    "message": "You have reached your ten_secondly_rolling limit.",
    "errorType": "RATE_LIMIT",
    "policyName": "TEN_SECONDLY_ROLLING",
}
KEY = invalid(("PROPERTY_DOESNT_EXIST", "doorward_identity_id", 'Property "doorward_identity_id" does not exist'))
NOT_UNIQUE = {
    "status": "error",
    "message": "Unable to perform update/upsert by non-unique 0-1 property doorward_identity_id",
    "category": "VALIDATION_ERROR",
}

CASES: list[tuple[int, Any, Verdict, str]] = [
    (409, CONFLICT, Verdict.CONFLICT, "contact_exists"),
    (409, OLDER_CONFLICT, Verdict.CONFLICT, "contact_exists"),
    (
        400,
        invalid(("PROPERTY_DOESNT_EXIST", "x", 'Property "x" does not exist')),
        Verdict.DEFINITION,
        "property_missing",
    ),
    (400, invalid(("READ_ONLY_VALUE", "x", '"x" is a calculated property')), Verdict.DEFINITION, "property_read_only"),
    (400, invalid(("INVALID_EMAIL", "email", "Email address x@y.con is invalid")), Verdict.VALUE, "email_invalid"),
    (400, invalid(("INVALID_OPTION", "x", "X was not one of the allowed options")), Verdict.VALUE, "option_unknown"),
    (400, invalid(("INVALID_LONG", "x", "y was not a valid long.")), Verdict.VALUE, "number_invalid"),
    (400, invalid(("INVALID_BOOLEAN_OPTION", "x", "y")), Verdict.VALUE, "boolean_invalid"),
    (400, invalid(("CONFLICTING_UNIQUE_VALUE", "x", "y")), Verdict.VALUE, "unique_value_taken"),
    (400, invalid(("MISSING_REQUIRED_PROPERTY", "x", "y")), Verdict.RULE, "property_required"),
    (400, KEY, Verdict.KEY, "key_property"),
    (400, NOT_UNIQUE, Verdict.KEY, "key_property"),
    (400, {"message": "Invalid input JSON on line 3, column 9: x"}, Verdict.WHOLE, "request_refused"),
    (414, {"message": "Cannot have more than 250 identities on a profile"}, Verdict.VALUE, "too_many_merges"),
    (404, {"status": "error", "message": "resource not found"}, Verdict.GONE, "not_found"),
    (404, {"category": "OBJECT_NOT_FOUND", "message": "Object not found."}, Verdict.GONE, "contact_gone"),
    (404, None, Verdict.NOT_HUBSPOT, "not_hubspot"),
    (302, None, Verdict.NOT_HUBSPOT, "not_hubspot"),
    (401, {"category": "INVALID_AUTHENTICATION"}, Verdict.TOKEN, "token_refused"),
    (401, {"category": "EXPIRED_AUTHENTICATION"}, Verdict.TOKEN, "token_refused"),
    (403, SCOPES, Verdict.SCOPE, "scope_missing"),
    (403, None, Verdict.SCOPE, "forbidden"),
    (429, BURST, Verdict.BUSY, "rate_limited"),
    (
        429,
        {"category": "RATE_LIMITS", "message": "You have reached your secondly limit."},
        Verdict.BUSY,
        "rate_limited",
    ),
    (429, {"message": "You have reached your daily limit.", "policyName": "DAILY"}, Verdict.DAILY, "daily_limit"),
    (429, {"message": "You have reached your daily limit."}, Verdict.DAILY, "daily_limit"),
    (429, None, Verdict.BUSY, "rate_limited"),
    (423, None, Verdict.LOCKED, "locked"),
    (477, None, Verdict.MIGRATING, "migrating"),
    (500, None, Verdict.UNKNOWN, "server_error"),
    (502, None, Verdict.AWAY, "edge_down"),
    (503, None, Verdict.AWAY, "edge_down"),
    (504, None, Verdict.UNKNOWN, "no_answer"),
    (521, None, Verdict.AWAY, "edge_down"),
    (524, None, Verdict.UNKNOWN, "no_answer"),
    (207, {"category": "INTERNAL_ERROR", "message": "There was a problem."}, Verdict.UNKNOWN, "server_error"),
    (207, {"category": "VALIDATION_ERROR", "message": "No."}, Verdict.VALUE, "value_refused"),
]


@pytest.mark.parametrize(("status", "body", "verdict", "code"), CASES)
def test_each_answer_has_its_meaning(status: int, body: Any, verdict: Verdict, code: str) -> None:
    problem = classify(read_complaint(status, body))
    assert (problem.verdict, problem.code) == (verdict, code)


@pytest.mark.parametrize("body", [CONFLICT, OLDER_CONFLICT])
def test_the_existing_id_is_found_in_the_text(body: dict[str, Any]) -> None:
    assert read_complaint(409, body).existing_id in {"37765128953", "512"}


def test_the_existing_id_of_a_batch_error_comes_from_its_context() -> None:
    shape = {
        "status": "error",
        "category": "CONFLICT",
        "message": "Contact already exists. Existing ID: 1",
        "context": {"objectWriteTraceId": ["0"], "existingId": ["171"]},
    }
    complaint = read_complaint(207, shape)
    assert (complaint.existing_id, complaint.trace_ids) == ("171", ("0",))


def test_problems_that_the_list_leaves_out_are_found_in_the_message() -> None:
    body = invalid(*((f"INVALID_{n}", f"p{n}", "x") for n in range(4)), listed=3)
    assert read_complaint(400, body).properties == ("p0", "p1", "p2", "p3")


def test_the_text_never_quotes_hubspot_because_it_quotes_people() -> None:
    body = invalid(("INVALID_EMAIL", "email", "Email address ada@example.con is invalid"))
    problem = classify(read_complaint(400, body))
    assert "ada" not in str(outcome_of(problem))
    assert "email" in problem.text


def test_required_scopes_are_named() -> None:
    assert "crm.objects.contacts.write" in classify(read_complaint(403, SCOPES)).text


def test_every_verdict_has_an_outcome() -> None:
    assert set(TABLE) == set(Verdict)


@pytest.mark.parametrize(("status", "body", "verdict", "code"), CASES)
def test_only_a_wrong_record_dies(status: int, body: Any, verdict: Verdict, code: str) -> None:
    outcome = outcome_of(classify(read_complaint(status, body)))
    assert isinstance(outcome, Discard) == (verdict in {Verdict.VALUE, Verdict.WHOLE})
    if verdict in {Verdict.TOKEN, Verdict.SCOPE, Verdict.KEY, Verdict.NOT_HUBSPOT, Verdict.MIGRATING, Verdict.DAILY}:
        assert isinstance(outcome, Snooze)
        assert outcome.pause is not None
        assert outcome.pause.scope == "destination"
    if verdict in {Verdict.DEFINITION, Verdict.RULE}:
        assert isinstance(outcome, Snooze)
        assert outcome.pause is not None
        assert outcome.pause.scope == "action"
    if verdict is Verdict.UNKNOWN:
        assert isinstance(outcome, Retry)
        assert outcome.may_have_applied


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
NAMES = ["message", "category", "errors", "context", "policyName", "existingId", "code", "name", "propertyName"]
HUBSPOT_LIKE = st.recursive(
    JSON, lambda inner: st.dictionaries(st.sampled_from(NAMES), inner | st.lists(inner, max_size=3)), max_leaves=12
)


@given(status=st.integers(100, 599), body=JSON | HUBSPOT_LIKE)
def test_any_answer_is_classified(status: int, body: Any) -> None:
    outcome_of(classify(read_complaint(status, body)))
