"""`doorward hubspot connect` as an operator runs it, against a real simulator."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from running import TOKEN, Server, Simulator, request, running, until

pytestmark = pytest.mark.slow

FILE = "# Ours.\ndsn: sqlite://{folder}/doorward.sqlite?_fk=true  # beside this file\n"
KEY = "doorward_identity_id"


@pytest.fixture
def fresh(tmp_path: Path, simulator: Simulator) -> Server:
    """A configuration that was never connected."""
    return Server(tmp_path, FILE.format(folder=tmp_path), "--dev")


def connect(
    server: Server, simulator: Simulator, *options: str, token: str = TOKEN
) -> subprocess.CompletedProcess[str]:
    server.environment = {"HUBSPOT_TOKEN": token}
    return server.command("hubspot", "connect", "--base-url", simulator.url, "--dev", *options)


def sim(simulator: Simulator, path: str, body: Any) -> Any:
    answer = request("POST", f"{simulator.url}/_sim{path}", body)
    assert answer.status < 300, answer
    return answer.body


def key_property(simulator: Simulator) -> Any:
    return request(
        "GET", f"{simulator.url}/crm/v3/properties/contacts/{KEY}", headers={"Authorization": f"Bearer {TOKEN}"}
    ).body


def test_everything_that_is_missing_is_made_and_said(fresh: Server, simulator: Simulator, tmp_path: Path) -> None:
    done = connect(fresh, simulator, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["portal_id"] == "62515000"
    assert told["properties"]["made"] == [KEY, "doorward_consent_marketing"]
    assert all(told["scopes"].values())
    assert told["config_written"] is True
    assert key_property(simulator)["hasUniqueValue"] is True
    text = fresh.config.read_text()
    assert text.startswith(FILE.format(folder=tmp_path))
    token_file = Path(told["token_file"])
    assert token_file.read_text().strip() == TOKEN
    assert token_file.stat().st_mode & 0o777 == 0o600
    assert TOKEN not in text + done.stdout + done.stderr
    checked = fresh.command("config", "check", "--dev")
    assert checked.returncode == 0, checked.stdout


def test_a_second_time_finds_everything_and_changes_nothing(fresh: Server, simulator: Simulator) -> None:
    assert connect(fresh, simulator).returncode == 0
    text = fresh.config.read_text()
    again = connect(fresh, simulator)
    assert again.returncode == 0, again.stderr
    assert "already there" in again.stdout
    assert fresh.config.read_text() == text


def test_people_are_told_what_it_costs_and_what_the_plan_allows(fresh: Server, simulator: Simulator) -> None:
    sim(simulator, "/plan", {"name": "pro"})
    done = connect(fresh, simulator)
    assert done.returncode == 0, done.stderr
    assert "190 calls in 10 s" in done.stdout
    assert "non-marketing contacts" in done.stdout


@pytest.mark.parametrize(
    ("options", "token", "says"),
    [
        ((), "pat-na1-wrong", "does not accept the token"),
        (("--portal", "1"), TOKEN, "wrong_portal"),
        (("--consent", "astrology"), TOKEN, "no_reason"),
        (("--basis", "contract"), TOKEN, "no_reason"),
        (("--portal", "abc"), TOKEN, "portal-id"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(
    fresh: Server, simulator: Simulator, options: tuple[str, ...], token: str, says: str
) -> None:
    text = fresh.config.read_text()
    done = connect(fresh, simulator, *options, token=token)
    assert done.returncode == 1, done.stdout
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert token not in done.stderr + done.stdout
    assert fresh.config.read_text() == text
    assert not list(fresh.config.parent.glob("*.token"))


@pytest.mark.parametrize("scope", ["crm.objects.contacts.write", "crm.objects.contacts.read"])
def test_a_missing_scope_is_named(fresh: Server, simulator: Simulator, scope: str) -> None:
    sim(simulator, "/happenings", {"action": "remove_scope", "scope": scope})
    done = connect(fresh, simulator)
    assert done.returncode == 1
    assert scope in done.stderr


def test_without_the_schema_scope_the_property_may_be_made_by_hand(fresh: Server, simulator: Simulator) -> None:
    sim(simulator, "/happenings", {"action": "remove_scope", "scope": "crm.schemas.contacts.write"})
    refused = connect(fresh, simulator)
    assert refused.returncode == 1
    assert KEY in refused.stderr
    scopes = ["crm.objects.contacts.read", "crm.objects.contacts.write", "crm.schemas.contacts.read"]
    every = [*scopes, "crm.schemas.contacts.write"]
    sim(simulator, "/happenings", {"action": "set_scopes", "scopes": every})
    by_hand = {"name": KEY, "label": "Id", "type": "string", "fieldType": "text", "groupName": "contactinformation"}
    made = request(
        "POST",
        f"{simulator.url}/crm/v3/properties/contacts",
        {**by_hand, "hasUniqueValue": True},
        {"Authorization": f"Bearer {TOKEN}"},
    )
    assert made.status == 201, made
    sim(simulator, "/happenings", {"action": "set_scopes", "scopes": scopes})
    done = connect(fresh, simulator)
    assert done.returncode == 0, done.stderr
    assert "NOT made: doorward_consent_marketing" in done.stdout


def test_a_key_property_that_is_not_unique_is_refused(fresh: Server, simulator: Simulator) -> None:
    made = request(
        "POST",
        f"{simulator.url}/crm/v3/properties/contacts",
        {"name": KEY, "label": "Id", "type": "string", "fieldType": "text", "groupName": "contactinformation"},
        {"Authorization": f"Bearer {TOKEN}"},
    )
    assert made.status == 201, made
    done = connect(fresh, simulator)
    assert done.returncode == 1
    assert "not a unique text" in done.stderr


def test_an_operator_who_manages_the_file_elsewhere_gets_the_block(fresh: Server, simulator: Simulator) -> None:
    fresh.config.rename(fresh.config.with_suffix(".toml"))
    fresh.config = fresh.config.with_suffix(".toml")
    fresh.config.write_text("dev = true\n")
    done = connect(fresh, simulator)
    assert done.returncode == 0, done.stderr
    assert "destinations:" in done.stdout
    assert fresh.config.read_text() == "dev = true\n"


@pytest.fixture
def serving(fresh: Server) -> Iterator[Server]:
    with running(fresh):
        yield fresh


def until_somebody_arrives(server: Server, simulator: Simulator) -> None:
    """Signs up one person after another: those who came before the server knew of HubSpot are not sent."""
    emails: list[str] = []

    def somebody_arrived() -> bool:
        emails.append(f"p{len(emails)}@example.org")
        assert server.sign_up(emails[-1], newsletter=True).status == 200
        return any(simulator.find_contact(email) for email in emails)

    until("the first contact", somebody_arrived)


def test_a_running_server_takes_it_up_without_a_restart(serving: Server, simulator: Simulator) -> None:
    assert connect(serving, simulator).returncode == 0
    until_somebody_arrives(serving, simulator)


def test_a_new_token_after_a_revoked_one_lets_the_queue_go_on(serving: Server, simulator: Simulator) -> None:
    assert connect(serving, simulator).returncode == 0
    until_somebody_arrives(serving, simulator)
    sim(simulator, "/happenings", {"action": "revoke_token"})
    assert serving.sign_up("waiting@example.org", newsletter=True).status == 200
    until("the pause", lambda: "token_refused" in serving.command("hubspot", "check", "--json").stdout)
    sim(simulator, "/tokens", {"token": "pat-na1-new", "name": "new"})
    done = connect(serving, simulator, token="pat-na1-new")
    assert done.returncode == 0, done.stderr
    assert "Goes on again" in done.stdout
    found = f"{simulator.url}/crm/v3/objects/contacts/waiting@example.org?idProperty=email"
    until("the contact", lambda: request("GET", found, headers={"Authorization": "Bearer pat-na1-new"}).status == 200)
