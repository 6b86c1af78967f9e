"""Blocking web_hooks against a real server, with real templates in a real sandbox."""

import base64
from collections.abc import AsyncIterator
from contextlib import nullcontext
from typing import Any

import orjson
import pytest
from aiohttp import web

from doorward.actions.hooks import HookEntry
from doorward.actions.sandbox import Sandbox
from doorward.actions.template import TemplateSource
from doorward.clock import MovableClock
from doorward.config.model import FeatureFlagsConfig
from doorward.flows.contract import InFlowHook
from doorward.flows.errors import WebHookBroken, WebHookFailed, WebHookTimedOut
from doorward.flows.model import FlowType
from doorward.hooks.background import Background
from doorward.hooks.registry import HookRegistry
from doorward.hooks.web_hook import WebHookTools
from doorward.observability.logging import Log
from doorward.security.egress import Egress, EgressPolicy
from flows_house import House, MakeHouse, configuration, form, messages
from http_target import Target, serve_target

TEMPLATE = "function(ctx) {who: ctx.identity.traits.email, id: ctx.identity.id, flow: ctx.flow.id}"


@pytest.fixture
async def target() -> AsyncIterator[Target]:
    async with serve_target() as found:
        yield found


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
async def tools(waits: list[float]) -> AsyncIterator[WebHookTools]:
    egress, sandbox, background = Egress(EgressPolicy(allow_private=True)), Sandbox(1), Background()
    await egress.start()
    await sandbox.start()

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    clock = MovableClock()
    yield WebHookTools(egress, sandbox, TemplateSource(egress, clock), Log("hooks"), background, clock, sleep)
    await background.close()
    await sandbox.close()
    await egress.close()


def hook(tools: WebHookTools, url: str, template: str = TEMPLATE, **more: Any) -> InFlowHook:
    body = "base64://" + base64.b64encode(template.encode()).decode()
    config = {"url": url, "method": "POST", "body": body, "response": {"parse": True}, **more}
    entry = HookEntry("web_hook", config, "after.password.hooks[0]")
    return HookRegistry([entry], tools, FeatureFlagsConfig()).hook(entry)


async def house_with(make_house: MakeHouse, made: InFlowHook) -> House:
    house = await make_house(configuration("guard", "session"))
    house.hooks.by_name["guard"] = made
    return house


def reply(status: int, body: Any, **headers: str) -> Any:
    return lambda _request: web.Response(status=status, body=orjson.dumps(body), headers=headers)


async def test_sees_the_person_under_the_real_id(make_house: MakeHouse, target: Target, tools: WebHookTools) -> None:
    target.answers["/"] = reply(200, {})
    house = await house_with(make_house, hook(tools, target.url()))
    done = await house.client(FlowType.API).sign_up("ada@example.org")
    sent = orjson.loads(target.seen[0].body)
    assert sent == {"who": "ada@example.org", "id": done.body["identity"]["id"], "flow": str(done.flow.id)}


async def test_veto_and_patch(make_house: MakeHouse, target: Target, tools: WebHookTools) -> None:
    house = await house_with(make_house, hook(tools, target.url()))
    entry = {"instance_ptr": "#/traits/email", "messages": [{"id": 9, "text": "No.", "type": "error"}]}
    target.answers["/"] = reply(403, {"messages": [entry, {"messages": [{"id": 10, "text": "Sorry."}]}]})
    client = house.client(FlowType.API)
    shown = await client.start()
    assert messages(await client.submit(shown, form("ada@example.org"))) == {"traits.email": [9], "": [10]}
    target.answers["/"] = reply(200, {"identity": {"metadata_public": {"plan": "team"}}})
    done = await client.sign_up("ada@example.org")
    assert done.body["identity"]["metadata_public"] == {"plan": "team"}


async def test_template_that_cancels_lets_pass(make_house: MakeHouse, target: Target, tools: WebHookTools) -> None:
    house = await house_with(make_house, hook(tools, target.url(), "error 'cancel'"))
    assert (await house.client(FlowType.API).sign_up("ada@example.org")).body["session_token"]
    assert target.seen == []


async def test_trouble_that_may_pass_is_tried_three_times(
    make_house: MakeHouse, target: Target, tools: WebHookTools, waits: list[float]
) -> None:
    answers = iter([reply(500, {}), reply(429, {}, **{"Retry-After": "3600"}), reply(200, {})])

    def in_turn(request: web.Request) -> web.StreamResponse:
        answer: web.StreamResponse = next(answers)(request)
        return answer

    target.answers["/"] = in_turn
    house = await house_with(make_house, hook(tools, target.url()))
    assert (await house.client(FlowType.API).sign_up("ada@example.org")).body["session_token"]
    assert waits == [1.0, 5.0]
    triggers = {seen.headers["ory-webhook-trigger-id"] for seen in target.seen}
    requests = {seen.headers["ory-webhook-request-id"] for seen in target.seen}
    assert (len(triggers), len(requests)) == (1, 3)


@pytest.mark.parametrize(("statuses", "asked"), [((503, 429, 200), 3), ((503, 503, 503), 3), ((404, 200), 1)])
async def test_the_server_of_a_template_is_asked_as_often_as_a_target(
    make_house: MakeHouse, target: Target, tools: WebHookTools, statuses: tuple[int, ...], asked: int
) -> None:
    answers = iter(statuses)
    target.answers["/template"] = lambda _request: web.Response(status=next(answers), text="function(ctx) {}")
    target.answers["/"] = reply(200, {})
    config = {"url": target.url(), "method": "POST", "body": target.url("/template"), "response": {"parse": True}}
    made = HookEntry("web_hook", config, "after.password.hooks[0]")
    house = await house_with(make_house, HookRegistry([made], tools, FeatureFlagsConfig()).hook(made))
    client = house.client(FlowType.API)
    with pytest.raises(WebHookBroken) if statuses[asked - 1] != 200 else nullcontext():
        await client.submit(await client.start(), form("ada@example.org"))
    assert [seen.path for seen in target.seen if seen.path != "/"] == ["/template"] * asked


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [(500, {}, WebHookBroken), (400, {}, WebHookBroken), (200, [], WebHookBroken)],
)
async def test_failure_stops_the_sign_up_and_tells_nothing(
    make_house: MakeHouse, target: Target, tools: WebHookTools, status: int, body: Any, error: type[WebHookFailed]
) -> None:
    target.answers["/secret-path"] = reply(status, body)
    house = await house_with(make_house, hook(tools, target.url("/secret-path")))
    client = house.client(FlowType.API)
    shown = await client.start()
    with pytest.raises(error) as raised:
        await client.submit(shown, form("ada@example.org"))
    assert "secret" not in f"{raised.value}{raised.value.details}"
    assert await house.count("identities") == 0


async def test_target_that_is_too_slow(make_house: MakeHouse, target: Target, tools: WebHookTools) -> None:
    house = await house_with(make_house, hook(tools, target.url("/slow"), timeout_s=0.05))
    client = house.client(FlowType.API)
    shown = await client.start()
    with pytest.raises(WebHookTimedOut):
        await client.submit(shown, form("ada@example.org"))
    assert await house.count("identities") == 0


async def test_ignored_before_hook_is_waited_for_by_nobody(
    make_house: MakeHouse, target: Target, tools: WebHookTools
) -> None:
    house = await make_house(configuration("session", before=("guard",)))
    house.hooks.by_name["guard"] = hook(tools, target.url("/slow"), "{}", response={"ignore": True})
    await house.client(FlowType.API).start()
    await target.arrived.wait()
    assert await house.count("flows") == 1
