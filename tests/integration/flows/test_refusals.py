"""What is refused, with which error, and what the form says; no flow leads where it should not."""

from typing import Any

import pytest

from doorward.flows.answers import Done, Shown, Why
from doorward.flows.contract import Effect, HookContext, Proceed, Veto
from doorward.flows.errors import (
    FlowIdMissing,
    FlowNotFound,
    SchemaNotSelectable,
    SecurityCsrfViolation,
    SelfServiceFlowDisabled,
    SelfServiceFlowExpired,
    SelfServiceFlowReturnToForbidden,
    UnreadableSubmission,
)
from doorward.flows.form import FormProblem
from doorward.flows.messages import Message
from doorward.flows.model import FlowKind, FlowType
from doorward.flows.run_hooks import HookRefused
from flows_house import BASE, PASSWORD, UI, MakeHouse, configuration, form, messages

API, BROWSER = FlowType.API, FlowType.BROWSER

BODIES: list[tuple[dict[str, Any], dict[str, list[int]]]] = [
    ({}, {"traits.email": [4000002]}),
    ({"method": "password"}, {"traits.email": [4000002], "password": [4000002]}),
    ({**form("ada@example.org"), "password": ""}, {"password": [4000002]}),
    ({**form("ada@example.org"), "password": "short"}, {"password": [4000032]}),
    ({**form("ada@example.org"), "password": "ada@example.org"}, {"password": [4000031]}),
    ({**form("ada@example.org"), "method": "pigeon"}, {"": [4010003]}),
    (form("nobody"), {"traits.email": [4000040]}),
    (form("ada@example.org", name="Ada"), {"traits.name": [4000026]}),
    ({"method": "profile", "traits": {"email": "ada@example.org"}}, {"": [4010003]}),
    ({**form("ada@example.org"), "transient_payload": [1]}, {"transient_payload": [4000026]}),
    ({"method": "password", "password": PASSWORD, "traits": 1}, {"traits.email": [4000002]}),
]


@pytest.mark.parametrize(("body", "expected"), BODIES)
async def test_form_says_what_is_wrong(
    make_house: MakeHouse, body: dict[str, Any], expected: dict[str, list[int]]
) -> None:
    house = await make_house(configuration("session"))
    client = house.client(API)
    answer = await client.submit(await client.start(), body)
    assert messages(answer) == expected
    assert await house.count("identities") == 0


async def test_a_screen_counts_in_two_steps_only(make_house: MakeHouse) -> None:
    body = {**form("ada@example.org"), "screen": "elsewhere"}
    two = (await make_house(configuration("session", style="profile_first"))).client(API)
    assert messages(await two.submit(await two.start(), body)) == {"screen": [4000001]}
    one = (await make_house(configuration("session"))).client(API)
    assert isinstance(await one.submit(await one.start(), body), Done)


@pytest.mark.parametrize("body", [{"traits": []}, {"transient_payload": "no json", "traits": {}}])
async def test_what_no_form_can_show(make_house: MakeHouse, body: dict[str, Any]) -> None:
    house = await make_house(configuration("session"))
    client = house.client(API)
    with pytest.raises(UnreadableSubmission):
        await client.submit(await client.start(), {"method": "password", **body})


async def test_values_stay_and_messages_go(make_house: MakeHouse) -> None:
    house = await make_house(configuration("session"))
    client = house.client(API)
    shown = await client.start()
    await client.submit(shown, form("nobody", name={"first": "Ada"}))
    answer = await client.submit(shown, {**form("ada@example.org"), "password": "short"})
    assert isinstance(answer, Shown)
    assert messages(answer) == {"password": [4000032]}
    values = {node["attributes"]["name"]: node["attributes"].get("value") for node in answer.body["ui"]["nodes"]}
    assert values["traits.name.first"] == "Ada"
    assert values["traits.email"] == "ada@example.org"
    assert values["password"] is None


async def test_only_the_browser_that_started_it(make_house: MakeHouse) -> None:
    house = await make_house(configuration("session"))
    shown = await house.client(BROWSER).start()
    stranger = house.client(BROWSER)
    with pytest.raises(SecurityCsrfViolation):
        await stranger.fetch(shown)
    for token in ("", "x", shown.flow.csrf_token):
        with pytest.raises(SecurityCsrfViolation):
            await stranger.submit(shown, {**form("ada@example.org"), "csrf_token": token})
    assert await house.count("identities") == 0


async def test_a_stranger_is_not_shown_the_token(make_house: MakeHouse) -> None:
    house = await make_house(configuration("session"))
    owner = house.client(BROWSER)
    shown = await owner.start()
    stranger = house.client(BROWSER)
    stranger.csrf = ""
    told = await stranger.submit(shown, form("nobody"))
    assert isinstance(told, Shown)
    assert messages(told) == {"traits.email": [4000040]}
    assert _token_in(told) == ""
    assert _token_in(await owner.submit(shown, form("nobody"))) != ""


def _token_in(shown: Any) -> Any:
    (field,) = [node for node in shown.body["ui"]["nodes"] if node["attributes"]["name"] == "csrf_token"]
    return field["attributes"]["value"]


@pytest.mark.parametrize("carries", [{"headers": {"origin": ("https://evil.example",)}}, {"cookies": {"a": "b"}}])
async def test_no_browser_submits_an_api_flow(make_house: MakeHouse, carries: dict[str, Any]) -> None:
    house = await make_house(configuration("session"))
    client = house.client(API, **carries)
    assert messages(await client.submit(await client.start(), form("ada@example.org"))) == {"": [4000001]}


async def test_cookies_of_a_cdn_are_nobodys(make_house: MakeHouse) -> None:
    house = await make_house(configuration("session"))
    done = await house.client(API, cookies={"__cf_bm": "1", "_cfuvid": "2"}).sign_up("ada@example.org")
    assert done.body["session_token"]


async def test_expired_flow_is_replaced(make_house: MakeHouse) -> None:
    house = await make_house(configuration("session"))
    client = house.client(API)
    shown = await client.start(return_to="/after")
    house.clock.move(hours=2)
    with pytest.raises(SelfServiceFlowExpired) as fetched:
        await client.fetch(shown)
    assert fetched.value.details == {"api": f"{BASE}self-service/registration/api"}
    with pytest.raises(SelfServiceFlowExpired) as submitted:
        await client.submit(shown, form("ada@example.org"))
    assert submitted.value.use_flow_id is not None
    fresh = await house.engine.fetch(FlowKind.REGISTRATION, str(submitted.value.use_flow_id), client.request({}))
    assert fresh.body["request_url"] == shown.body["request_url"]
    assert messages(fresh) == {"": [4040001]}
    assert await house.count("identities") == 0


async def test_expired_page_is_sent_to_the_new_one(make_house: MakeHouse) -> None:
    house = await make_house(configuration("session"))
    client = house.client(BROWSER, is_json=False)
    shown = await client.start()
    house.clock.move(hours=2)
    answer = await client.submit(shown, form("ada@example.org"))
    assert isinstance(answer, Shown)
    assert answer.why is Why.REPLACED
    assert (await client.fetch(answer)).flow.id == answer.flow.id != shown.flow.id


async def test_ids_that_lead_nowhere(make_house: MakeHouse) -> None:
    house = await make_house(configuration("session"))
    request = house.client(API).request
    for flow_id in ("", "none", "11111111-1111-4111-8111-111111111111"):
        with pytest.raises(FlowNotFound):
            await house.engine.fetch(FlowKind.REGISTRATION, flow_id, request({}))
    for flow_id in ("", "none"):
        with pytest.raises(FlowIdMissing):
            await house.engine.submit(FlowKind.REGISTRATION, request({"flow": flow_id}, {}))
    unknown = {"flow": "11111111-1111-4111-8111-111111111111"}
    with pytest.raises(FlowNotFound):
        await house.engine.submit(FlowKind.REGISTRATION, request(unknown, {}))


async def test_start_is_refused(make_house: MakeHouse) -> None:
    house = await make_house(configuration("session"))
    with pytest.raises(SelfServiceFlowReturnToForbidden):
        await house.client(BROWSER).start(return_to="https://evil.example/")
    with pytest.raises(SchemaNotSelectable):
        await house.client(BROWSER).start(identity_schema="other")
    with pytest.raises(SelfServiceFlowDisabled):
        await (await make_house(configuration(is_open=False))).client(API).start()
    assert await house.count("flows") == 0


async def test_a_flow_that_was_open_when_sign_up_closed(make_house: MakeHouse) -> None:
    house = await make_house(configuration("session"))
    client = house.client(API)
    shown = await client.start()
    client.house = await make_house(configuration("session", is_open=False))
    with pytest.raises(SelfServiceFlowDisabled):
        await client.submit(shown, form("ada@example.org"))
    with pytest.raises(SelfServiceFlowDisabled):
        await client.fetch(shown)


async def test_a_form_for_an_organisation_offers_nothing(make_house: MakeHouse) -> None:
    house = await make_house(configuration("session"))
    mine = "33333333-3333-4333-8333-333333333333"
    shown = await house.client(API).start(organization=mine)
    assert (shown.body["organization_id"], shown.body["ui"]["nodes"]) == (mine, None)
    assert (await house.client(API).start(organization="none")).body["organization_id"] is None


async def test_after_signing_up_the_browser_goes_where_it_asked_to(make_house: MakeHouse) -> None:
    house = await make_house(configuration("session"))
    client = house.client(BROWSER, is_json=False)
    answer = await client.submit(await client.start(return_to=f"{UI}/deep"), form("ada@example.org"))
    assert getattr(answer, "location", None) == f"{UI}/deep"


class Closed:
    """A `before` hook that lets nobody in."""

    effects: frozenset[Effect] = frozenset()

    async def run(self, context: HookContext) -> Proceed | Veto:
        return Veto((FormProblem(None, Message(1, "Closed today.", "error")),))


async def test_before_hook_refuses_before_anything_is_stored(make_house: MakeHouse) -> None:
    house = await make_house(configuration("session", before=("closed",)))
    house.hooks.by_name["closed"] = Closed()
    with pytest.raises(HookRefused, match="Closed today"):
        await house.client(API).start()
    assert await house.count("flows") == 0
