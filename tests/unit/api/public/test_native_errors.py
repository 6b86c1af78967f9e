"""What is wrong with an app's form is told as JSON, whatever the app says that it accepts: it has no error page."""

from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from doorward.clock import MovableClock
from public_port import HTML, JSON, Client, PublicPort, Reply, public_port, signed_in_elsewhere, signed_up

FORM = {"content-type": "application/x-www-form-urlencoded"}
ANYTHING = {"accept": "*/*", **FORM}
EMAIL = "ada@example.org"


async def submit(client: Client, action: str, headers: dict[str, str], **fields: str) -> Reply:
    path = urlsplit(action)._replace(scheme="", netloc="").geturl()
    return await client.call("POST", path, headers, urlencode(fields).encode())


async def begun(client: Client, kind: str, headers: dict[str, str] = JSON) -> Any:
    return (await client.get(f"/self-service/{kind}/api", {**headers, **JSON})).json


@pytest.mark.parametrize("headers", [ANYTHING, {**HTML, **FORM}, FORM])
async def test_a_form_that_expired(client: Client, clock: MovableClock, headers: dict[str, str]) -> None:
    flow = await begun(client, "login")
    clock.move(hours=2)
    answer = await submit(client, flow["ui"]["action"], headers, method="password")
    assert (answer.status, answer.header("content-type")) == (410, "application/json")
    assert answer.json["error"]["id"] == "self_service_flow_expired"
    assert answer.json["use_flow_id"] != flow["id"]


async def test_somebody_who_is_signed_in_already(port: PublicPort, client: Client) -> None:
    me = (await signed_up(client, EMAIL)).json["identity"]["id"]
    token = {"x-session-token": (await signed_in_elsewhere(port, me)).token}
    app = port.client()
    flow = await begun(app, "registration")
    answer = await submit(app, flow["ui"]["action"], {**ANYTHING, **token}, method="password")
    assert (answer.status, answer.json["error"]["id"]) == (400, "session_already_available")


async def test_a_sign_in_that_is_too_long_ago(tmp_path: Path, clock: MovableClock) -> None:
    more = "    settings: {privileged_session_max_age: 1m}\n"
    async with public_port(tmp_path, clock, more) as port:
        me = (await signed_up(port.client(), EMAIL)).json["identity"]["id"]
        token = {"x-session-token": (await signed_in_elsewhere(port, me)).token}
        app = port.client()
        flow = await begun(app, "settings", token)
        clock.move(minutes=2)
        action = f"{flow['ui']['action']}&tab=password&url=x"
        answer = await submit(app, action, {**ANYTHING, **token}, method="password", password="x" * 20)
        assert (answer.status, answer.json["error"]["id"]) == (403, "session_refresh_required")
        assert "%26tab%3Dpassword%26url%3Dx" in answer.json["redirect_browser_to"]


async def test_a_browser_keeps_its_error_page(port: PublicPort, client: Client) -> None:
    page = await client.get("/self-service/login/browser", HTML)
    flow_id = urlsplit(page.header("location")).query.removeprefix("flow=")
    answer = await submit(client, f"/self-service/login?flow={flow_id}", {**HTML, **FORM}, method="password")
    assert answer.status == 303
    lost = await submit(client, "/self-service/login?flow=nonsense", {**HTML, **FORM}, method="password")
    assert (lost.status, lost.header("location").partition("?")[0]) == (303, port.config.selfservice.flows.error.ui_url)


async def test_who_is_not_signed_in_is_sent_to_do_so(port: PublicPort, client: Client) -> None:
    me = (await signed_up(client, EMAIL)).json["identity"]["id"]
    token = {"x-session-token": (await signed_in_elsewhere(port, me)).token}
    flow = await begun(port.client(), "settings", token)
    answer = await submit(port.client(), flow["ui"]["action"], ANYTHING, method="password")
    assert (answer.status, answer.header("location")) == (302, port.config.selfservice.flows.login.ui_url)


async def test_a_further_step_is_for_a_page_unless_json_is_asked_for(tmp_path: Path, clock: MovableClock) -> None:
    async with public_port(tmp_path, clock, style="profile_first") as port:
        app = port.client()
        flow = await begun(app, "registration")
        fields = {"method": "profile", "traits.email": EMAIL}
        page = await submit(app, flow["ui"]["action"], ANYTHING, **fields)
        assert (page.status, page.header("location").partition("?")[0]) == (
            303,
            port.config.selfservice.flows.registration.ui_url,
        )
        told = await submit(app, flow["ui"]["action"], {**JSON, **FORM}, **fields)
        assert (told.status, told.json["id"]) == (400, flow["id"])


@pytest.mark.parametrize("kind", ["recovery", "verification"])
async def test_what_is_right_is_for_a_page_in_verification_only(tmp_path: Path, clock: MovableClock, kind: str) -> None:
    more = f"    {kind}: {{enabled: true}}\n"
    async with public_port(tmp_path, clock, more) as port:
        app = port.client()
        flow = await begun(app, kind)
        wrong = await submit(app, flow["ui"]["action"], ANYTHING, method="code")
        assert (wrong.status, wrong.json["id"]) == (400, flow["id"])
        sent = await submit(app, flow["ui"]["action"], ANYTHING, method="code", email=EMAIL)
        assert sent.status == (303 if kind == "verification" else 200)
        told = await submit(app, flow["ui"]["action"], {**JSON, **FORM}, method="code", email=EMAIL)
        assert (told.status, told.json["state"]) == (200, "sent_email")
