"""The connector suite, called for the connectors that need no portal: HubSpot's is called where its simulator runs."""

from dataclasses import replace
from uuid import uuid4

import pytest
from aiohttp import web

from conformance.connector_suite import check_connector, check_lapsed, check_troubled
from doorward.actions.model import Action, Trigger
from doorward.clock import MovableClock
from doorward.connectors.web_hook import WebHookConnector
from doorward.delivery.contract import Connector, Job, Retry
from doorward.outbox.model import Delivery
from doorward.outbox.states import State
from doorward.security.egress import Egress, EgressPolicy
from http_target import serve_target
from running import free_port
from scripted_connector import ScriptedConnector, TellingConnector

SECRET = "Bearer a-secret-token"


def job(url: str) -> Job:
    """A web_hook's job; the other connectors do not look at its settings."""
    now = MovableClock().now()
    settings = {
        "url": url,
        "method": "POST",
        "body": "file://x.jsonnet",
        "auth": {"type": "api_key", "config": {"name": "Authorization", "value": SECRET, "in": "header"}},
    }
    delivery = Delivery(
        id=uuid4(),
        event_id=uuid4(),
        event_kind="identity.created",
        identity_id=uuid4(),
        seq=1,
        action="tell",
        connector="web_hook",
        destination="somewhere",
        state=State.LEASED,
        payload=b"",
        attempts=0,
        snoozes=0,
        not_before=now,
        lease_owner="test",
        lease_token=uuid4(),
        lease_until=now,
        held_for=None,
        reason_code=None,
        reason=None,
        external_id=None,
        template_version=None,
        replays=0,
        trace_id="",
        created_at=now,
        updated_at=now,
        settled_at=None,
    )
    action = Action("tell", Trigger("identity.created"), "web_hook", "somewhere", "actions[0]", settings)
    return Job(delivery, action, {}, '{"email": "ada@example.org"}', 1, False, True)


@pytest.mark.parametrize("connector", [ScriptedConnector(1), ScriptedConnector(10), TellingConnector()])
async def test_scripted_connectors(connector: Connector) -> None:
    """The tests' own targets keep the contract too, or what they show of the engine would mean nothing."""
    await check_connector(connector, [job("http://127.0.0.1/") for _ in range(3)])


async def test_a_scripted_target_that_is_away() -> None:
    away = ScriptedConnector(answer=lambda each: Retry("away", "It does not answer."))
    await check_troubled(away, [job("http://127.0.0.1/")])


@pytest.mark.parametrize("status", [200, 302, 400, 404, 409, 429, 500, 503])
async def test_web_hook(status: int) -> None:
    egress = Egress(EgressPolicy(allow_private=True))
    await egress.start()
    async with serve_target() as target:
        target.answers["/hook"] = lambda _: web.Response(status=status)
        jobs = [job(target.url("/hook")) for _ in range(3)]
        connector = WebHookConnector(egress, MovableClock())
        await check_connector(connector, jobs, [SECRET, "ada@example.org"])
    await egress.close()


async def test_a_web_hook_whose_lease_has_lapsed_is_not_sent() -> None:
    egress = Egress(EgressPolicy(allow_private=True))
    await egress.start()
    async with serve_target() as target:
        connector = WebHookConnector(egress, MovableClock())
        await check_lapsed(connector, [job(target.url("/hook"))], lambda: len(target.seen))
    await egress.close()


async def test_web_hook_without_a_server() -> None:
    egress = Egress(EgressPolicy(allow_private=True))
    await egress.start()
    connector = WebHookConnector(egress, MovableClock())
    nowhere = job(f"http://127.0.0.1:{free_port()}/")
    await check_troubled(connector, [nowhere, replace(nowhere, rendered=None)], [SECRET])
    await egress.close()
