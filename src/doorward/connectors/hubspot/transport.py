"""One call to HubSpot: headers, token, budget, answer or refusal. Knows no contact; `client` does."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import orjson

from doorward.clock import Clock
from doorward.config.secrets import Secret
from doorward.connectors.hubspot.complaint import Complaint, read_complaint
from doorward.connectors.hubspot.errors import Problem, Verdict, classify
from doorward.connectors.hubspot.limits import Allowance, read_retry_after
from doorward.delivery.contract import LAPSED_CODE, LAPSED_REASON, always
from doorward.errors import DoorwardError
from doorward.security.outgoing import (
    EgressFailed,
    EgressRefused,
    EgressTimeout,
    OutgoingRequest,
    OutgoingResponse,
)
from doorward.storage.failpoints import failpoint

CALL_TIMEOUT_S = 30.0
LARGEST_ANSWER_BYTES = 16 << 20


class Sender(Protocol):
    """The part of `security.egress.Egress` that is needed here."""

    async def send(self, request: OutgoingRequest, *, trusted: bool = False) -> OutgoingResponse: ...


class CallRefused(DoorwardError):
    """HubSpot refused a call as a whole, or gave no answer. Stays inside the connector and its commands."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(problem.text, code=problem.code)


@dataclass(frozen=True, slots=True)
class Answer:
    """A 2xx answer; `body` is None when there was none or it was no JSON."""

    status: int
    body: Any = field(repr=False)
    correlation_id: str | None


@dataclass(frozen=True, slots=True)
class Transport:
    """A portal's address and key. The operator configured it, so private addresses are allowed for it.

    `until_reset_s` tells the seconds until the portal's daily calls start anew; `may_call` is asked right before each
    call, of whoever knows that it must not go out any more.
    """

    sender: Sender
    base_url: str
    token: Secret
    clock: Clock
    until_reset_s: Callable[[], float]
    may_call: Callable[[], bool] = always

    async def call(self, allowance: Allowance, method: str, path: str, body: object = None) -> Answer:
        """The answer to one call. Raises CallRefused for everything but 2xx with readable JSON."""
        wait_s = await allowance.admit()
        if wait_s > 0:
            problem = Problem(
                Verdict.BUSY, "budget_spent", "Our share of HubSpot's calls is spent.", Complaint(0), wait_s
            )
            raise CallRefused(problem)
        response = await self._send(method, path, body)
        await allowance.learn(response.headers)
        return self._read(response)

    async def _send(self, method: str, path: str, body: object) -> OutgoingResponse:
        request = OutgoingRequest(
            method=method,
            url=self.base_url + path,
            headers={
                "Authorization": f"Bearer {self.token.reveal()}",
                "Accept": "application/json",
                **({} if body is None else {"Content-Type": "application/json"}),
            },
            body=b"" if body is None else orjson.dumps(body),
            timeout_s=CALL_TIMEOUT_S,
            max_response_bytes=LARGEST_ANSWER_BYTES,
        )
        failpoint("connector.before_call")
        if not self.may_call():
            raise CallRefused(Problem(Verdict.AWAY, LAPSED_CODE, LAPSED_REASON, Complaint(0)))
        try:
            response = await self.sender.send(request, trusted=True)
        except (EgressTimeout, EgressFailed) as failure:
            raise CallRefused(silence(str(failure), may_have_applied=failure.sent)) from None
        except EgressRefused as refused:
            problem = Problem(Verdict.NOT_HUBSPOT, "address_refused", str(refused), Complaint(0))
            raise CallRefused(problem) from None
        failpoint("connector.after_call")
        return response

    def _read(self, response: OutgoingResponse) -> Answer:
        body, is_json = _parsed(response)
        if 200 <= response.status < 300:
            if not is_json:
                # The write may have been applied; only its account was cut off or garbled.
                raise CallRefused(silence("HubSpot's answer broke off or is no JSON.", may_have_applied=True))
            return Answer(response.status, body, _correlation(response.headers))
        retry_after_s = read_retry_after(response.headers.get("retry-after"), self.clock.now())
        problem = classify(read_complaint(response.status, body), retry_after_s)
        if problem.verdict is Verdict.DAILY and problem.retry_after_s is None:
            problem = replace(problem, retry_after_s=self.until_reset_s())
        raise CallRefused(problem)


def silence(reason: str, *, may_have_applied: bool) -> Problem:
    """No usable answer."""
    verdict = Verdict.UNKNOWN if may_have_applied else Verdict.AWAY
    return Problem(verdict, "no_answer" if may_have_applied else "unreachable", reason, Complaint(0))


def _parsed(response: OutgoingResponse) -> tuple[Any, bool]:
    """The JSON and True; None and True for an empty body; None and False for anything else."""
    if response.truncated:
        return None, False
    if not response.body.strip():
        return None, True
    try:
        return orjson.loads(response.body), True
    except orjson.JSONDecodeError:
        return None, False


def _correlation(headers: Mapping[str, str]) -> str | None:
    return headers.get("x-hubspot-correlation-id")
