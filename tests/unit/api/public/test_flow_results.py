"""What the log and the metrics tell of submitted forms: how they ended, and of nobody in particular."""

import logging
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from doorward.api.public.flow_results import result_of
from doorward.clock import MovableClock
from doorward.flows.answers import Answer, MovedOn, Navigate, Why
from flows_house import PASSWORD
from public_port import JSON, Client, PublicPort, Reply, public_port, signed_up

EMAIL = "ada@example.org"
FIELDS = frozenset({"kind", "method", "result", "messages"})


def told(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """The fields of the lines about forms."""
    return [getattr(each, "fields", {}) for each in caplog.records if each.getMessage() == "flow_submitted"]


async def sign_in(client: Client, password: str) -> Reply:
    flow = (await client.get("/self-service/login/api")).json
    action = urlsplit(flow["ui"]["action"])._replace(scheme="", netloc="").geturl()
    return await client.post(action, {"method": "password", "identifier": EMAIL, "password": password})


async def test_a_wrong_password_is_told_and_names_nobody(port: PublicPort, caplog: pytest.LogCaptureFixture) -> None:
    await signed_up(port.client(), EMAIL)
    with caplog.at_level(logging.INFO, "doorward"):
        assert (await sign_in(port.client(), "another-password-1")).status == 400
        assert (await sign_in(port.client(), PASSWORD)).status == 200
    assert told(caplog) == [
        {"kind": "login", "method": "password", "result": "rejected", "messages": "4000006"},
        {"kind": "login", "method": "password", "result": "done"},
    ]
    for secret in (EMAIL, PASSWORD, "another-password-1", "127.0.0.1"):
        assert secret not in caplog.text
        assert secret not in str(told(caplog))


async def test_who_is_throttled_is_told(tmp_path: Path, clock: MovableClock, caplog: pytest.LogCaptureFixture) -> None:
    limited = "security: {throttling: {enabled: true, per_person_and_network: 1}}\n"
    async with public_port(tmp_path, clock, limited) as port:
        with caplog.at_level(logging.INFO, "doorward"):
            assert (await sign_in(port.client(), "another-password-1")).status == 400
            assert (await sign_in(port.client(), "another-password-1")).status == 429
    assert [each["result"] for each in told(caplog)] == ["rejected", "too_many_attempts"]


async def test_forms_are_counted(port: PublicPort) -> None:
    await signed_up(port.client(), EMAIL)
    await sign_in(port.client(), "another-password-1")
    stray = f"/self-service/login?flow={uuid4()}"
    assert (await port.client().post(stray, {"method": "password"}, JSON)).status == 404
    text = port.metrics.render().decode()
    assert 'doorward_flows_started_total{kind="registration",type="browser"} 1.0' in text
    assert 'doorward_flows_started_total{kind="login",type="api"} 1.0' in text
    assert 'doorward_flows_submitted_total{kind="registration",method="password",result="done"} 1.0' in text
    assert 'doorward_flows_submitted_total{kind="login",method="password",result="rejected"} 1.0' in text
    assert 'doorward_flows_submitted_total{kind="login",method="none",result="flow_not_found"} 1.0' in text


async def test_a_made_up_method_is_no_series_of_its_own(port: PublicPort) -> None:
    client = port.client()
    flow = (await client.get("/self-service/login/api")).json
    action = urlsplit(flow["ui"]["action"])._replace(scheme="", netloc="").geturl()
    assert (await client.post(action, {"method": "invented"})).status == 400
    text = port.metrics.render().decode()
    assert "invented" not in text
    assert 'doorward_flows_submitted_total{kind="login",method="none",result="rejected"} 1.0' in text


async def test_every_line_has_the_same_few_fields(port: PublicPort, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "doorward"):
        await signed_up(port.client(), EMAIL)
        await signed_up(port.client(), EMAIL)
    assert told(caplog)
    assert all(set(each) <= FIELDS for each in told(caplog))


@pytest.mark.parametrize(
    ("answer", "result"),
    [(MovedOn("https://app.example.org/"), "not_needed"), (Navigate("https://app.example.org/"), "moved_on")],
)
def test_every_result_has_its_word(answer: Answer, result: str) -> None:
    assert result_of(answer) == result
    assert {why.value for why in Why}.isdisjoint({"done", "not_needed", "sign_in_again", "diverted", "moved_on"})
