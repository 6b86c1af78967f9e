"""From an exception to an answer. The only place that gives statuses to errors; `error_pages` keeps those of browsers.

The envelope is Kratos's: `{"error": {id?, code, status, reason?, details?, message}, …}` and the header Ory-Error-Id.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import orjson
from starlette.responses import Response

from doorward.clock import rfc3339
from doorward.errors import (
    Conflict,
    DoorwardError,
    Forbidden,
    InvalidInput,
    Misconfigured,
    NotFound,
    Unauthorised,
    Unavailable,
)
from doorward.flows.errors import (
    BrowserLocationChangeRequired,
    FlowIdMissing,
    FlowNotFound,
    LoginElsewhereRequired,
    RecoveryClosed,
    RecoveryStartsAnew,
    RecoveryVetoed,
    SchemaNotSelectable,
    SelfServiceFlowExpired,
    SelfServiceFlowReplaced,
    SessionInactive,
    SessionMissing,
    SessionVerifiedAddressRequired,
    TooManyAttempts,
    UnreadableSubmission,
    VerificationClosed,
    WebHookBroken,
    WebHookFailed,
    WebHookTimedOut,
)
from doorward.identities.schema import UnknownSchema
from doorward.web.body import BodyTooLarge, MalformedBody

JSON = "application/json"
# The first class that fits decides, so the special ones come before their kinds.
STATUSES: tuple[tuple[type[DoorwardError], int], ...] = (
    (SelfServiceFlowExpired, 410),
    (TooManyAttempts, 429),
    (SelfServiceFlowReplaced, 410),
    (BrowserLocationChangeRequired, 422),
    (UnknownSchema, 404),
    (BodyTooLarge, 413),
    (WebHookBroken, 500),
    (WebHookTimedOut, 504),
    (WebHookFailed, 502),
    (InvalidInput, 400),
    (Unauthorised, 401),
    (Forbidden, 403),
    (NotFound, 404),
    (Conflict, 409),
    (Unavailable, 503),
    (Misconfigured, 500),
    (DoorwardError, 500),
)
# What Kratos answers without an id.
NAMELESS = (
    SessionMissing,
    FlowNotFound,
    FlowIdMissing,
    SchemaNotSelectable,
    UnknownSchema,
    UnreadableSubmission,
    WebHookFailed,
    RecoveryStartsAnew,
    RecoveryClosed,
    VerificationClosed,
)
KINDS = (InvalidInput, Unauthorised, Forbidden, NotFound, Conflict, Misconfigured, DoorwardError)
MESSAGES: Mapping[int, str] = {
    400: "The request was malformed or contained invalid parameters",
    401: "The request could not be authorized",
    403: "The requested action was forbidden",
    404: "The requested resource could not be found",
    409: "The resource could not be created due to a conflict",
    410: "This is no longer available. Start again.",
    413: "The request is too large",
    422: "The request was understood, but another page has to be loaded to go on",
    429: "Too many attempts failed. Wait a little, then try again",
    500: "An internal error occurred. It was logged; please contact the operator if it persists",
    502: "Another service that is needed here did not answer as it should",
    504: "Another service that is needed here did not answer in time",
    503: "The server cannot do this at the moment. Try again shortly",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """An error as HTTP sees it. `error` is the inner object, `siblings` stand beside it."""

    status: int
    id: str
    error: Mapping[str, Any]
    siblings: Mapping[str, Any] = field(default_factory=dict)
    retry_after_s: int | None = None


def problem_of(error: Exception) -> Problem:
    """What may be told about an exception. Of one that is none of ours, nothing but that it happened."""
    if not isinstance(error, DoorwardError):
        return Problem(500, "", _error(500, ""))
    if isinstance(error, UnreadableSubmission):
        # Kratos's status and code differ here; its clients have seen both.
        return Problem(400, "", {**_error(500, ""), "message": error.reason or error.safe_text()})
    if isinstance(error, MalformedBody):
        return Problem(400, "", {**_error(400, ""), "message": error.reason or error.safe_text()})
    if isinstance(error, WebHookBroken) and error.is_native:
        return Problem(400, "", _error(500, ""))
    if isinstance(error, RecoveryVetoed):
        # To Kratos's clients a hook's veto is an error of the server here; what it says stands on the new form.
        return Problem(500, "", {**_error(500, "", details=error.details), "message": error.safe_text()})
    if isinstance(error, SessionVerifiedAddressRequired):
        # As Kratos: its code is 400, its status is not.
        return Problem(403, error.code(), _error(400, error.code(), error.safe_text(), error.details))
    status = next(number for kind, number in STATUSES if isinstance(error, kind))
    error_id = "" if _is_nameless(error) else error.code()
    body = _error(status, error_id, _reason(error, status), {} if status >= 500 else error.details)
    retry_after_s = error.retry_after_s if isinstance(error, Unavailable | TooManyAttempts) else None
    return Problem(status, error_id, body, _siblings(error), retry_after_s)


def json_problem(error: Exception) -> Response:
    """The answer for programs."""
    problem = problem_of(error)
    headers = {"ory-error-id": problem.id}
    if problem.retry_after_s is not None:
        headers["retry-after"] = str(problem.retry_after_s)
    body = {"error": problem.error, **problem.siblings}
    return Response(orjson.dumps(body, default=str), problem.status, headers, JSON)


def _is_nameless(error: DoorwardError) -> bool:
    if isinstance(error, SelfServiceFlowExpired):
        return not error.has_id
    return isinstance(error, NAMELESS) or type(error) in KINDS


def _error(code: int, error_id: str, reason: str = "", details: Mapping[str, Any] | None = None) -> dict[str, Any]:
    body: dict[str, Any] = {"code": code, "status": HTTPStatus(code).phrase, "message": MESSAGES[code]}
    if error_id:
        body["id"] = error_id
    if reason:
        body["reason"] = reason
    if details:
        body["details"] = dict(details)
    return body


def _reason(error: DoorwardError, status: int) -> str:
    """What is wrong, if there is more to say than the message does. A server's own faults are for the operator only."""
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return ""
    reason = error.reason or error.safe_text()
    return "" if reason.rstrip(".") == MESSAGES[status] else reason


def _siblings(error: DoorwardError) -> dict[str, Any]:
    if isinstance(error, SessionInactive) and error.is_browser:
        return {"CredentialsMissing": False}
    if isinstance(error, LoginElsewhereRequired | BrowserLocationChangeRequired):
        return {"redirect_browser_to": error.redirect_browser_to}
    if isinstance(error, SelfServiceFlowReplaced):
        return {"use_flow_id": str(error.use_flow_id)}
    if not isinstance(error, SelfServiceFlowExpired) or error.use_flow_id is None:
        return {}
    return {
        "use_flow_id": str(error.use_flow_id),
        "expired_at": rfc3339(error.expired_at),
        "since": int(error.since.total_seconds() * 1e9),
    }
