"""Whatever HubSpot, or what stands in its place, answers to any call: one outcome for each delivery, nothing raised."""

from collections.abc import Callable
from typing import Any

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doorward.delivery.contract import Delivered, Job
from doorward.security.outgoing import (
    EgressFailed,
    EgressRefused,
    EgressTimeout,
    OutgoingRequest,
    OutgoingResponse,
)

MakeJob = Callable[..., Job]
LEAVES = st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=12)
KEYS = ["results", "errors", "id", "properties", "portalId", "context", "category", "message", "objectWriteTraceId"]
BODIES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=10,
)
RAW = BODIES.map(orjson.dumps) | st.binary(max_size=40) | st.just(b"<html>bad gateway</html>") | st.just(b"")
STATUSES = st.sampled_from([200, 201, 204, 207, 301, 400, 401, 403, 404, 409, 414, 423, 429, 477, 500, 502, 504, 524])
ANSWERS = st.builds(
    OutgoingResponse,
    status=STATUSES,
    headers=st.dictionaries(
        st.sampled_from(["retry-after", "x-hubspot-ratelimit-max", "x-hubspot-ratelimit-daily-remaining"]),
        st.text("0123456789-x", max_size=6),
    ),
    body=RAW,
    elapsed_s=st.just(0.1),
    truncated=st.booleans(),
)
FAILURES = st.sampled_from(
    [
        EgressTimeout("late", sent=True),
        EgressTimeout("late", sent=False),
        EgressFailed("refused", "connect", sent=False),
        EgressFailed("broken", "reset", sent=True),
        EgressRefused("no", "link_local"),
    ]
)


class Mischief:
    """Answers the first calls truthfully, then as hypothesis wants."""

    def __init__(self, honest: Any, honest_calls: int, script: list[OutgoingResponse | Exception]) -> None:
        self.honest, self.honest_calls, self.script = honest, honest_calls, list(script)

    async def send(self, request: OutgoingRequest, *, trusted: bool = False) -> OutgoingResponse:
        if self.honest_calls > 0 or not self.script:
            self.honest_calls -= 1
            found: OutgoingResponse = await self.honest.send(request, trusted=trusted)
            return found
        outcome = self.script.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
@given(honest_calls=st.integers(0, 6), script=st.lists(ANSWERS | FAILURES, min_size=1, max_size=6))
async def test_every_delivery_gets_an_outcome(
    bench: Any, make_job: MakeJob, honest_calls: int, script: list[OutgoingResponse | Exception]
) -> None:
    bench.portal.contacts.clear()
    bench.portal.add(email="customer@x.example")
    connector = bench.renew(Mischief(bench.portal, honest_calls, script))
    output = {"properties": {"email": "a@x.example"}, "lists": [12]}
    jobs = [
        make_job(output),
        make_job({"properties": {"email": "customer@x.example"}}, adopt="always"),
        make_job(event="identity.deleted", on_delete="gdpr"),
    ]
    outcomes = await connector.send(jobs)
    assert outcomes.keys() == {job.delivery.id for job in jobs}
    for job in jobs[:2]:
        outcome = outcomes[job.delivery.id]
        if isinstance(outcome, Delivered):
            assert outcome.external_id
    told = await connector.send_withdrawals(jobs[:1])
    assert told.keys() == {jobs[0].delivery.id}
