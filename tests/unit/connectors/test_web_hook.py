"""Deliveries by web_hook against a real server: what is sent, and what each answer means for the row."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from aiohttp import web

from doorward.actions.model import Action, Trigger
from doorward.clock import MovableClock
from doorward.connectors.web_hook import WebHookConnector, check
from doorward.delivery.contract import Delivered, Discard, Job, Outcome, Retry, Snooze
from doorward.outbox.model import Delivery
from doorward.outbox.states import State
from doorward.security.egress import Egress, EgressPolicy
from doorward.security.signing import SigningKeys
from http_target import Target, serve_target

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
CONTACTS = "/crm/v3/objects/contacts"
KEY = {"type": "api_key", "config": {"name": "Authorization", "value": "Bearer pat-eu1-secret", "in": "header"}}


@pytest.fixture
async def target() -> AsyncIterator[Target]:
    async with serve_target() as found:
        yield found


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
async def connector(clock: MovableClock) -> AsyncIterator[WebHookConnector]:
    egress = Egress(EgressPolicy(allow_private=True))
    await egress.start()
    yield WebHookConnector(egress, clock)
    await egress.close()


def job(url: str, *, attempt: int = 1, may_have_applied: bool = False, **config: Any) -> Job:
    settings = {"url": url, "method": "POST", "body": "file://x.jsonnet", **config}
    now = MovableClock().now()
    delivery = Delivery(
        id=UUID(int=7),
        event_id=UUID(int=1),
        event_kind="identity.created",
        identity_id=UUID(int=2),
        seq=1,
        action="crm",
        connector="web_hook",
        destination="http://127.0.0.1",
        state=State.LEASED,
        payload=b"",
        attempts=attempt,
        snoozes=0,
        not_before=now,
        lease_owner="w",
        lease_token=UUID(int=3),
        lease_until=now,
        held_for=None,
        reason_code=None,
        reason=None,
        external_id=None,
        template_version=None,
        replays=0,
        trace_id="0" * 32,
        created_at=now,
        updated_at=now,
        settled_at=None,
    )
    action = Action("crm", Trigger("identity.created"), "web_hook", "http://127.0.0.1", "actions.0", settings)
    rendered = '{"properties": {"email": "a@example.org"}}'
    return Job(delivery, action, {}, rendered, attempt, may_have_applied, address_verified=False)


async def outcome(connector: WebHookConnector, given: Job) -> Outcome:
    found = await connector.send([given])
    assert set(found) == {given.delivery.id}
    return found[given.delivery.id]


def answering(status: int, text: str = "", **headers: str) -> Any:
    return lambda _: web.Response(status=status, text=text, headers=headers)


async def test_ids_are_the_deliverys_own(connector: WebHookConnector, target: Target, clock: MovableClock) -> None:
    given = job(target.url("/hook"), signing_secrets=[SECRET], auth=KEY)
    for _ in range(2):
        assert isinstance(await outcome(connector, given), Delivered)
    first, second = target.seen
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == f"msg_{UUID(int=7)}"
    assert first.headers["ory-webhook-trigger-id"] == second.headers["ory-webhook-trigger-id"]
    assert first.headers["ory-webhook-request-id"] != second.headers["ory-webhook-request-id"]
    assert first.headers["authorization"] == "Bearer pat-eu1-secret"
    assert first.body.decode() == given.rendered
    SigningKeys.parse([SECRET]).verify(first.headers, first.body, clock.now())


@pytest.mark.parametrize(
    ("config", "is_sent"), [({}, False), ({"signing_secrets": [SECRET]}, True), ({"emit_analytics_event": False}, True)]
)
async def test_a_hook_in_a_flows_list_goes_by_the_ids_of_kratos_where_it_sends_them(
    connector: WebHookConnector, target: Target, config: dict[str, Any], is_sent: bool
) -> None:
    given = job(target.url("/hook"), **config)
    given = replace(given, action=replace(given.action, trigger=Trigger("identity.created", "registration")))
    await outcome(connector, given)
    (seen,) = target.seen
    assert ("webhook-id" in seen.headers) is is_sent
    assert seen.headers.get("ory-webhook-trigger-id") == (
        None if "emit_analytics_event" in config else str(UUID(int=7))
    )


@pytest.mark.parametrize("status", [200, 201, 204, 300, 304, 399])
async def test_below_400_it_arrived(connector: WebHookConnector, target: Target, status: int) -> None:
    target.answers["/hook"] = answering(status)
    found = await outcome(connector, job(target.url("/hook")))
    assert isinstance(found, Delivered)
    assert found.http_status == status


async def test_no_more_of_an_answer_is_read_than_is_needed(connector: WebHookConnector, target: Target) -> None:
    """A target that says yes and then talks on and on has said yes."""
    target.answers["/long"] = lambda _request: web.Response(body=b"x" * (8 << 20))
    assert isinstance(await outcome(connector, job(target.url("/long"))), Delivered)


@pytest.mark.parametrize(
    ("status", "may_have_applied"),
    [(408, False), (425, False), (429, False), (500, True), (502, True), (503, False), (504, True), (599, True)],
)
async def test_what_may_pass_is_retried(
    connector: WebHookConnector, target: Target, status: int, may_have_applied: bool
) -> None:
    target.answers["/hook"] = answering(status)
    found = await outcome(connector, job(target.url("/hook")))
    assert isinstance(found, Retry)
    assert (found.code, found.http_status, found.may_have_applied) == (f"http_{status}", status, may_have_applied)
    assert found.retry_after_s is None


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 422, 451, 501])
async def test_a_refusal_is_final(connector: WebHookConnector, target: Target, status: int) -> None:
    target.answers["/hook"] = answering(status, "a@example.org is a secret")
    found = await outcome(connector, job(target.url("/hook?token=secret")))
    assert isinstance(found, Discard)
    assert (found.code, found.http_status) == (f"http_{status}", status)
    assert "secret" not in repr(found)
    assert "a@example.org" not in repr(found)


async def test_retry_after_is_passed_on(connector: WebHookConnector, target: Target) -> None:
    target.answers["/hook"] = answering(503, **{"Retry-After": "Thu, 01 Jan 2026 12:01:00 GMT"})
    found = await outcome(connector, job(target.url("/hook")))
    assert isinstance(found, Retry)
    assert found.retry_after_s == 60.0


async def test_refused_credentials_rest_the_action(connector: WebHookConnector, target: Target) -> None:
    target.answers["/hook"] = answering(401)
    found = await outcome(connector, job(target.url("/hook"), auth=KEY))
    assert isinstance(found, Snooze)
    assert found.pause is not None
    assert (found.pause.scope, found.pause.until_s) == ("action", 600.0)


@pytest.mark.parametrize(("status", "kind"), [(200, Delivered), (503, Retry)])
async def test_of_an_answer_that_cannot_be_read_the_status_counts(
    connector: WebHookConnector, target: Target, status: int, kind: type[Outcome]
) -> None:
    damaged = {"Content-Encoding": "gzip"}
    target.answers["/hook"] = lambda _: web.Response(status=status, body=b"no gzip", headers=damaged)
    assert isinstance(await outcome(connector, job(target.url("/hook"))), kind)


async def test_a_lost_answer_may_have_been_applied(connector: WebHookConnector, target: Target) -> None:
    dropped = await outcome(connector, job(target.url("/drop")))
    assert isinstance(dropped, Retry)
    assert (dropped.code, dropped.may_have_applied) == ("egress_reset", True)
    late = await outcome(connector, job(target.url("/slow"), timeout_s=0.2))
    assert isinstance(late, Retry)
    assert (late.code, late.may_have_applied) == ("timeout", True)
    unreachable = await outcome(connector, job("http://127.0.0.1:1/"))
    assert isinstance(unreachable, Retry)
    assert (unreachable.code, unreachable.may_have_applied) == ("egress_connect", False)


@pytest.mark.parametrize("path", [CONTACTS, "/crm/objects/2026-03/contacts", CONTACTS + "/"])
async def test_a_contact_that_an_earlier_attempt_made(connector: WebHookConnector, target: Target, path: str) -> None:
    target.answers[path] = answering(409, '{"message":"Contact already exists. Existing ID: 4711"}')
    found = await outcome(connector, job(target.url(path), attempt=2, may_have_applied=True))
    assert isinstance(found, Delivered)
    assert (found.external_id, found.http_status) == ("4711", 409)


async def test_a_contact_that_was_there_before_is_a_refusal(connector: WebHookConnector, target: Target) -> None:
    target.answers[CONTACTS] = answering(409)
    assert isinstance(await outcome(connector, job(target.url(CONTACTS), attempt=2)), Discard)
    target.answers["/other"] = answering(409)
    other = await outcome(connector, job(target.url("/other"), attempt=2, may_have_applied=True))
    assert isinstance(other, Discard)
    patched = job(target.url(CONTACTS), attempt=2, may_have_applied=True, method="PUT")
    assert isinstance(await outcome(connector, patched), Discard)


async def test_redirects_are_followed_and_circles_end_it(connector: WebHookConnector, target: Target) -> None:
    target.answers["/a"] = answering(307, Location="/b")
    assert isinstance(await outcome(connector, job(target.url("/a"))), Delivered)
    assert [(seen.method, seen.path) for seen in target.seen] == [("POST", "/a"), ("POST", "/b")]
    target.answers["/b"] = answering(307, Location="/a")
    found = await outcome(connector, job(target.url("/a")))
    assert isinstance(found, Discard)
    assert found.code == "redirects_in_circles"


async def test_what_cannot_be_sent_is_dead_with_a_reason(connector: WebHookConnector, target: Target) -> None:
    refused = await outcome(connector, job("http://169.254.169.254/latest/"))
    assert isinstance(refused, Discard)
    assert refused.code == "egress_refused"
    unbuildable = await outcome(connector, job(target.url(), headers={"Content-Type": "text/plain"}))
    assert isinstance(unbuildable, Discard)
    assert unbuildable.code == "request_unbuildable"
    broken = await outcome(connector, job("nowhere"))
    assert isinstance(broken, Discard)
    assert broken.code == "web_hook_misconfigured"
    unrendered = await outcome(connector, replace(job(target.url()), rendered=None))
    assert isinstance(unrendered, Discard)
    assert target.seen == []


async def test_it_sends_one_at_a_time(connector: WebHookConnector) -> None:
    assert connector.batch_limit == 1
    await connector.close()


def test_check_names_what_is_wrong() -> None:
    assert check({"url": "https://crm.example/", "method": "POST", "body": "file://x"}, "p") == []
    assert [problem.path for problem in check({"url": "x"}, "p")] == ["p.method", "p.url", "p.body"]
