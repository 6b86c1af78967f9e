"""Communication preferences: definitions and statuses, v3 and v4. A status belongs to the e-mail, not to the contact.

Source: HubSpot's subscriptions specs; v3 cannot bring back a person who opted out."""

from typing import Any

from portalsim import problems
from portalsim.call import Answer, Call, Operation
from portalsim.clock import iso_ms
from portalsim.portal import Portal

READ = ("communication_preferences.read", "communication_preferences.read_write")
WRITE = ("communication_preferences.write", "communication_preferences.read_write")
BATCH_READ = ("communication_preferences.statuses.batch.read",)
BATCH_WRITE = ("communication_preferences.statuses.batch.write",)
DEFINITIONS = (
    (1, "Marketing Information", "MARKETING"),
    (2, "Customer Service", "SERVICE"),
    (3, "One to One", "SALES"),
)
STATES = ("SUBSCRIBED", "UNSUBSCRIBED", "NOT_SPECIFIED")
BASES = (
    "LEGITIMATE_INTEREST_PQL",
    "LEGITIMATE_INTEREST_CLIENT",
    "LEGITIMATE_INTEREST_OTHER",
    "PERFORMANCE_OF_CONTRACT",
    "CONSENT_WITH_NOTICE",
    "PROCESS_AND_STORE",
    "NON_GDPR",
)
CAP = 100


def v3_definitions(portal: Portal, call: Call) -> Answer:
    return Answer(200, {"subscriptionDefinitions": _definitions()})


def v4_definitions(portal: Portal, call: Call) -> Answer:
    return Answer(200, {"status": "COMPLETE", "results": _definitions()})


def _definitions() -> list[dict[str, Any]]:
    return [
        {"id": str(number), "name": name, "description": name, "purpose": purpose, "isActive": True, "isDefault": True}
        for number, name, purpose in DEFINITIONS
    ]


def v3_status(portal: Portal, call: Call) -> Answer:
    email = call.params["email"].lower()
    shown = [
        {
            "id": str(number),
            "name": name,
            "description": name,
            "status": _v3_name(_state(portal, email, number)),
            "sourceOfStatus": "SUBSCRIPTION_STATUS",
            "legalBasis": _basis(portal, email, number),
        }
        for number, name, _ in DEFINITIONS
    ]
    return Answer(200, {"recipient": email, "subscriptionStatuses": shown})


def v3_subscribe(portal: Portal, call: Call) -> Answer:
    email, number = _v3_target(call)
    if _state(portal, email, number) == "UNSUBSCRIBED":
        raise problems.validation(f"{email} has opted out of subscription {number} and cannot be brought back by v3")
    _set(portal, call, email, number, "SUBSCRIBED")
    return v3_answer(portal, email, number)


def v3_unsubscribe(portal: Portal, call: Call) -> Answer:
    email, number = _v3_target(call)
    _set(portal, call, email, number, "UNSUBSCRIBED")
    return v3_answer(portal, email, number)


def v3_answer(portal: Portal, email: str, number: int) -> Answer:
    name = next(label for known, label, _ in DEFINITIONS if known == number)
    shown = {"id": str(number), "name": name, "status": _v3_name(_state(portal, email, number))}
    return Answer(200, {**shown, "legalBasis": _basis(portal, email, number), "recipient": email})


def v4_status(portal: Portal, call: Call) -> Answer:
    _require_channel(call.text("channel"))
    email = call.params["email"].lower()
    return Answer(200, {"status": "COMPLETE", "results": [_v4_shown(portal, email, each[0]) for each in DEFINITIONS]})


def v4_write(portal: Portal, call: Call) -> Answer:
    return Answer(200, _v4_change(portal, call, call.params["email"].lower(), call.object()))


def v4_unsubscribe_all(portal: Portal, call: Call) -> Answer:
    _require_channel(call.text("channel"))
    email = call.params["email"].lower()
    for number, _, _ in DEFINITIONS:
        _set(portal, call, email, number, "UNSUBSCRIBED")
    return Answer(200, {"status": "COMPLETE", "results": [_v4_shown(portal, email, each[0]) for each in DEFINITIONS]})


def v4_batch_read(portal: Portal, call: Call) -> Answer:
    _require_channel(call.text("channel"))
    results = [
        {"subscriberIdString": email, "statuses": [_v4_shown(portal, email, each[0]) for each in DEFINITIONS]}
        for email in (str(each).lower() for each in _inputs(call))
    ]
    return Answer(200, {"status": "COMPLETE", "results": results})


def v4_batch_write(portal: Portal, call: Call) -> Answer:
    results, errors = [], []
    for given in _inputs(call):
        try:
            results.append(_v4_change(portal, call, str(given.get("subscriberIdString", "")).lower(), given))
        except problems.Problem as refused:
            errors.append(refused.body)
    body: dict[str, Any] = {"status": "COMPLETE", "results": results}
    return Answer(207, {**body, "numErrors": len(errors), "errors": errors}) if errors else Answer(200, body)


def _v4_change(portal: Portal, call: Call, email: str, given: Any) -> dict[str, Any]:
    number, state = given.get("subscriptionId"), given.get("statusState")
    _require_channel(given.get("channel"))
    if state not in STATES:
        raise problems.validation(f"statusState is one of {', '.join(STATES)}")
    _require_definition(number)
    before = _state(portal, email, number)
    _require_basis(given.get("legalBasis"))
    _store(portal, email, number, state, given.get("legalBasis"), given.get("legalBasisExplanation"))
    reason = "NO_STATUS_CHANGE" if before == state else "REQUESTED_CHANGE_OCCURRED"
    if before == "UNSUBSCRIBED" and state == "SUBSCRIBED":
        reason = "RESUBSCRIBE_OCCURRED"
    return {**_v4_shown(portal, email, number), "setStatusSuccessReason": reason}


def _v4_shown(portal: Portal, email: str, number: int) -> dict[str, Any]:
    row = portal.database.row(
        "SELECT state, legal_basis, explanation, at_ms FROM statuses WHERE email = ? AND subscription_id = ?",
        (email, number),
    )
    state, basis, explanation, at_ms = row or ("NOT_SPECIFIED", None, None, None)
    name = next(label for known, label, _ in DEFINITIONS if known == number)
    return {
        "businessUnitId": 0,
        "channel": "EMAIL",
        "status": state,
        "subscriptionId": number,
        "subscriptionName": name,
        "subscriberIdString": email,
        "source": "API",
        "legalBasis": basis,
        "legalBasisExplanation": explanation,
        "timestamp": None if at_ms is None else iso_ms(at_ms),
    }


def _v3_target(call: Call) -> tuple[str, int]:
    body = call.object()
    email, number = str(body.get("emailAddress") or "").lower(), str(body.get("subscriptionId") or "")
    if "@" not in email or not number.isdigit():
        raise problems.validation("emailAddress and subscriptionId are required")
    _require_definition(int(number))
    return email, int(number)


def _set(portal: Portal, call: Call, email: str, number: int, state: str) -> None:
    body = call.body if isinstance(call.body, dict) else {}
    _require_basis(body.get("legalBasis"))
    _store(portal, email, number, state, body.get("legalBasis"), body.get("legalBasisExplanation"))


def _store(portal: Portal, email: str, number: int, state: str, basis: Any, explanation: Any) -> None:
    portal.database.execute(
        "INSERT OR REPLACE INTO statuses VALUES (?, ?, ?, ?, ?, ?)",
        (email, number, state, basis, explanation, portal.clock.now_ms()),
    )


def _state(portal: Portal, email: str, number: int) -> str:
    query = "SELECT state FROM statuses WHERE email = ? AND subscription_id = ?"
    return str(portal.database.value(query, (email, number)) or "NOT_SPECIFIED")


def _basis(portal: Portal, email: str, number: int) -> str | None:
    query = "SELECT legal_basis FROM statuses WHERE email = ? AND subscription_id = ?"
    found: str | None = portal.database.value(query, (email, number))
    return found


def _v3_name(state: str) -> str:
    return "NOT_SUBSCRIBED" if state != "SUBSCRIBED" else state


def _inputs(call: Call) -> list[Any]:
    given = call.object().get("inputs")
    if not isinstance(given, list):
        raise problems.broken_json(1, 1, "inputs is missing or no list")
    if len(given) > CAP:
        raise problems.too_many_inputs(CAP)
    return given


def _require_channel(channel: Any) -> None:
    if channel != "EMAIL":
        raise problems.validation("channel must be EMAIL")


def _require_definition(number: Any) -> None:
    if not isinstance(number, int) or number not in {known for known, _, _ in DEFINITIONS}:
        raise problems.validation(f"Subscription {number} does not exist")


def _require_basis(basis: Any) -> None:
    if basis is not None and basis not in BASES:
        raise problems.validation(f"legalBasis is one of {', '.join(BASES)}")


def _dated(rest: str) -> tuple[str, ...]:
    return (f"/communication-preferences/v4/{rest}", f"/communication-preferences/{{version}}/{rest}")


_V3 = "/communication-preferences/v3"
OPERATIONS = (
    Operation("GET", (f"{_V3}/definitions",), v3_definitions, "read", READ),
    Operation("GET", (f"{_V3}/status/email/{{email}}",), v3_status, "read", READ),
    Operation("POST", (f"{_V3}/subscribe",), v3_subscribe, "write", WRITE),
    Operation("POST", (f"{_V3}/unsubscribe",), v3_unsubscribe, "write", WRITE),
    Operation("GET", _dated("definitions"), v4_definitions, "read", READ),
    Operation("GET", _dated("statuses/{email}"), v4_status, "read", READ),
    Operation("POST", _dated("statuses/{email}"), v4_write, "write", WRITE),
    Operation("POST", _dated("statuses/{email}/unsubscribe-all"), v4_unsubscribe_all, "write", WRITE),
    Operation("POST", _dated("statuses/batch/read"), v4_batch_read, "read", BATCH_READ),
    Operation("POST", _dated("statuses/batch/write"), v4_batch_write, "write", BATCH_WRITE),
)
