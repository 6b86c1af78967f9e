"""Error bodies as HubSpot writes them, byte for byte where they were recorded. Each is a Problem: status and body."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


class Problem(Exception):
    """An answer that is no success. `record` is added to the context when the problem is one record's of a batch;
    `html` takes the place of the JSON body."""

    def __init__(
        self,
        status: int,
        body: Mapping[str, Any],
        headers: Mapping[str, str] | None = None,
        record: Mapping[str, Sequence[str]] | None = None,
        html: str | None = None,
    ) -> None:
        super().__init__(str(body.get("message", status)))
        self.status = status
        self.body = dict(body)
        self.headers = dict(headers or {})
        self.record = dict(record or {})
        self.html = html

    @property
    def code(self) -> str:
        """One word for the ledger and the request log."""
        errors = self.body.get("errors") or [{}]
        return str(errors[0].get("code") or self.body.get("category") or self.body.get("policyName") or self.status)


@dataclass(frozen=True, slots=True)
class Invalid:
    """One property value that was refused."""

    name: str
    code: str
    message: str


def problem(status: int, message: str, category: str | None = None, **more: Any) -> Problem:
    body: dict[str, Any] = {"status": "error", "message": message}
    if category:
        body["category"] = category
    return Problem(status, {**body, **more})


def conflict(existing_id: int | None) -> Problem:
    """The e-mail belongs to another contact. For a single write the id stands in the text only; None: in this batch."""
    if existing_id is None:
        return problem(409, "Contact already exists", "CONFLICT")
    body = {
        "status": "error",
        "message": f"Contact already exists. Existing ID: {existing_id}",
        "category": "CONFLICT",
    }
    return Problem(409, body, record={"existingId": [str(existing_id)]})


def legacy_conflict(existing_id: int, email: str, at_ms: int) -> Problem:
    """The older body of the same refusal, still seen in 2024."""
    identity = {"type": "EMAIL", "value": email, "timestamp": at_ms, "isPrimary": True}
    text = f"A contact with email {email} already exists. Existing ID: {existing_id}"
    return problem(
        409,
        f"Contact already exists. Existing ID: {existing_id}",
        "OBJECT_ALREADY_EXISTS",
        error="CONTACT_EXISTS",
        identityProfile={"vid": existing_id, "identity": [identity], "linkedVid": []},
        errors=[{"message": text, "in": "email"}],
    )


def invalid_values(found: Sequence[Invalid], portal_id: int, *, capped: bool = True) -> Problem:
    """The doubly encoded validation body; `errors` shows three of them at most (recorded so)."""
    inner = [
        {
            "isValid": False,
            "message": item.message,
            "error": item.code,
            "name": item.name,
            "localizedErrorMessage": item.message,
            "portalId": portal_id,
        }
        for item in found
    ]
    shown = found[:3] if capped else found
    return problem(
        400,
        "Property values were not valid: " + json.dumps(inner, separators=(",", ":"), ensure_ascii=False),
        "VALIDATION_ERROR",
        errors=[
            {"message": item.message, "code": item.code, "context": {"propertyName": [item.name]}} for item in shown
        ],
    )


def validation(message: str, **more: Any) -> Problem:
    return problem(400, message, "VALIDATION_ERROR", **more)


def broken_json(line: int, column: int, text: str) -> Problem:
    return problem(400, f"Invalid input JSON on line {line}, column {column}: {text}")


def not_found() -> Problem:
    """An id or e-mail that nobody has; without a category."""
    return problem(404, "resource not found")


def not_numeric(contact_id: str) -> Problem:
    return problem(
        404, "Object not found.  objectId are usually numeric.", "OBJECT_NOT_FOUND", context={"id": [contact_id]}
    )


def no_token() -> Problem:
    return problem(
        401,
        "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more "
        "details at https://developers.hubspot.com/docs/methods/auth/oauth-overview",
        "INVALID_AUTHENTICATION",
    )


def expired_token(seconds: int) -> Problem:
    return problem(
        401, f"The OAuth token used to make this call expired {seconds} second(s) ago.", "EXPIRED_AUTHENTICATION"
    )


def missing_scopes(scopes: Sequence[str]) -> Problem:
    return problem(
        403,
        "This app hasn't been granted all required scopes to make this call. Read more about required scopes here: "
        "https://developers.hubspot.com/scopes.",
        "MISSING_SCOPES",
        links={"scopes": "https://developers.hubspot.com/scopes"},
        errors=[
            {
                "message": "One or more of the following scopes are required.",
                "context": {"requiredGranularScopes": list(scopes)},
            }
        ],
    )


def rate_limited(policy: str, app_id: int, portal_id: int, retry_after_s: int | None = None) -> Problem:
    """429 by policy: TEN_SECONDLY_ROLLING, SECONDLY (search) or DAILY."""
    words = {"TEN_SECONDLY_ROLLING": "ten_secondly_rolling", "SECONDLY": "secondly", "DAILY": "daily"}[policy]
    body = {
        "status": "error",
        "message": f"You have reached your {words} limit.",
        "errorType": "RATE_LIMIT",
        "policyName": policy,
        "groupName": f"publicapi:private_app-api-calls-{words.replace('_', '-')}:{app_id}:{portal_id}",
    }
    if policy == "DAILY":
        body["requestId"] = ""
    headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
    return Problem(429, body, headers)


def too_many_inputs(limit: int, histories: bool = False) -> Problem:
    where = " request for property histories" if histories else ""
    return validation(
        f"The maximum number of inputs supported in a batch{where} is {limit}. "
        "Please reduce the number of items and try again"
    )


def duplicate_ids(ids: Sequence[str]) -> Problem:
    return validation(
        f"Duplicate IDs found in batch input: [{', '.join(ids)}]. IDs must be unique", context={"ids": list(ids)}
    )


def non_unique(name: str) -> Problem:
    return validation(f"Unable to perform update/upsert by non-unique 0-1 property {name}")


def property_exists(name: str) -> Problem:
    return problem(
        409,
        f"A property named '{name}' already exists.",
        "OBJECT_ALREADY_EXISTS",
        subCategory="Properties.PROPERTY_WITH_NAME_EXISTS",
        context={"name": [name]},
    )


def unique_taken(found: Invalid, portal_id: int, *, as_conflict: bool) -> Problem:
    """Another contact holds the value of a unique property. Which of the two HubSpot answers is not established."""
    if as_conflict:
        return problem(409, found.message, "CONFLICT", errors=[{"message": found.message, "code": found.code}])
    return invalid_values([found], portal_id)


def batch_missing(ids: Sequence[str]) -> Problem:
    """Ids of a batch that nobody has; one error names them all."""
    text = "Could not get some CONTACT objects, they may be deleted or not exist. Check that ids are valid."
    return problem(404, text, "OBJECT_NOT_FOUND", context={"ids": list(ids)})


def unknown_type(name: str) -> Problem:
    return problem(400, f"Unable to infer object type from: {name}")


def too_many_merges() -> Problem:
    return problem(414, "Cannot have more than 250 identities on a profile", "VALIDATION_ERROR")


def object_missing(what: str) -> Problem:
    """A property, group, list or definition that is not there."""
    return problem(404, what, "OBJECT_NOT_FOUND")


def locked() -> Problem:
    return problem(423, "The resource is locked by another write. Retry in two seconds.", "LOCKED")


def migrating(retry_after_s: int) -> Problem:
    body = {"status": "error", "message": "This account is being moved between data centres.", "category": "MIGRATION"}
    return Problem(477, body, {"Retry-After": str(retry_after_s)})


def not_simulated(method: str, path: str) -> Problem:
    return problem(404, f"{method} {path} is not simulated", "NOT_SIMULATED")


def wrong_method(method: str) -> Problem:
    return problem(405, f"HTTP 405 Method Not Allowed: {method}")


def too_large(limit_bytes: int) -> Problem:
    return problem(413, f"The request body is larger than {limit_bytes} bytes")


def group_exists(name: str) -> Problem:
    text = f"A property group named '{name}' already exists."
    return problem(
        409, text, "OBJECT_ALREADY_EXISTS", subCategory="Properties.GROUP_WITH_NAME_EXISTS", context={"name": [name]}
    )
