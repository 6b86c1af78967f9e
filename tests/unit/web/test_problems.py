"""What an exception becomes, and what never gets out."""

from datetime import timedelta
from uuid import UUID

import orjson
import pytest

from doorward.clock import MovableClock, rfc3339
from doorward.errors import Conflict, DoorwardError, Forbidden, InvalidInput, Misconfigured, NotFound, Unauthorised
from doorward.flows.errors import (
    FlowIdMissing,
    FlowNotFound,
    RecoveryVetoed,
    SelfServiceFlowDisabled,
    SelfServiceFlowExpired,
    SessionAlreadyAvailable,
    SessionVerifiedAddressRequired,
    UnreadableSubmission,
    WebHookFailed,
    WebHookTimedOut,
)
from doorward.identities.schema import UnknownSchema
from doorward.ids import new_secret_id
from doorward.storage.errors import DatabaseAway, DatabaseFull, StatementFailed, UniqueViolation
from doorward.web.body import BodyTooLarge
from doorward.web.problems import STATUSES, json_problem, problem_of


@pytest.mark.parametrize(
    ("error", "status", "error_id"),
    [
        (FlowNotFound(), 404, ""),
        (FlowIdMissing(), 400, ""),
        (UnknownSchema("x"), 404, ""),
        (NotFound(), 404, ""),
        (Unauthorised(), 401, ""),
        (Forbidden(), 403, ""),
        (Conflict(), 409, ""),
        (InvalidInput(), 400, ""),
        (SelfServiceFlowDisabled(), 400, "self_service_flow_disabled"),
        (SessionAlreadyAvailable(), 400, "session_already_available"),
        (WebHookFailed(), 502, ""),
        (WebHookTimedOut(), 504, ""),
        (BodyTooLarge(), 413, "body_too_large"),
        (UniqueViolation("identities", ("id",)), 409, "unique_violation"),
        (DatabaseAway(), 503, "database_away"),
        (Misconfigured("token abc"), 500, ""),
        (StatementFailed("SELECT secret"), 500, "statement_failed"),
        (KeyError("secret"), 500, ""),
    ],
)
def test_status_and_id(error: Exception, status: int, error_id: str) -> None:
    answer = json_problem(error)
    body = orjson.loads(bytes(answer.body))["error"]
    assert (answer.status_code, answer.headers["ory-error-id"], body["code"]) == (status, error_id, status)
    assert body.get("id", "") == error_id
    assert body["message"]
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "error", [KeyError("hunter2"), StatementFailed("hunter2"), Misconfigured("hunter2", dsn="hunter2")]
)
def test_a_fault_of_the_server_tells_nothing(error: Exception) -> None:
    assert b"hunter2" not in bytes(json_problem(error).body)


def test_a_full_disk_says_when_to_come_back() -> None:
    assert json_problem(DatabaseFull()).headers["retry-after"] == "30"


def test_reason_and_details_of_a_mistake_are_told() -> None:
    body = problem_of(InvalidInput("age has to be a number.", field="age")).error
    assert (body["reason"], body["details"]) == ("age has to be a number.", {"field": "age"})


def test_a_body_that_cannot_be_read_is_answered_as_kratos_does() -> None:
    answer = json_problem(UnreadableSubmission("traits have to be an object."))
    error = orjson.loads(bytes(answer.body))["error"]
    assert (answer.status_code, error["code"]) == (400, 500)
    assert error["message"] == "traits have to be an object."


def test_who_has_verified_no_address_is_answered_as_kratos_does() -> None:
    problem = problem_of(SessionVerifiedAddressRequired(continue_with=[{"action": "show_verification_ui"}]))
    assert (problem.status, problem.id, problem.error["code"]) == (403, "session_verified_address_required", 400)
    assert problem.error["details"] == {"continue_with": [{"action": "show_verification_ui"}]}


def test_a_vetoed_recovery_is_an_error_of_the_server_with_the_way_on() -> None:
    problem = problem_of(RecoveryVetoed(UUID(int=1)))
    assert (problem.status, problem.id, problem.error["code"]) == (500, "", 500)
    items = [{"action": "show_recovery_ui", "flow": {"id": str(UUID(int=1))}}]
    assert problem.error["details"] == {"continue_with": items}


def test_an_expired_flow_names_its_successor(clock: MovableClock) -> None:
    fresh, now = new_secret_id(), clock.now()
    body = orjson.loads(bytes(json_problem(SelfServiceFlowExpired(now - timedelta(seconds=90), now, fresh)).body))
    assert body["use_flow_id"] == str(fresh)
    assert body["since"] == 90_000_000_000
    assert body["expired_at"] == rfc3339(now - timedelta(seconds=90))
    assert body["error"]["id"] == "self_service_flow_expired"


def test_every_error_of_the_tree_has_a_status() -> None:
    def all_of(kind: type[DoorwardError]) -> list[type[DoorwardError]]:
        return [kind, *(each for sub in kind.__subclasses__() for each in all_of(sub))]

    for kind in all_of(DoorwardError):
        assert next(status for base, status in STATUSES if issubclass(kind, base)) in range(400, 600)
