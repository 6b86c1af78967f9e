"""The recipe that people bring along from Kratos: a plain web_hook with api_key and Jsonnet to HubSpot's contacts.

Under a target that is down, slow, or applies and then drops the answer: nobody is lost, nobody is doubled.
"""

import base64
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from running import TOKEN, Server, Simulator, running, until

pytestmark = pytest.mark.slow

TEMPLATE = """
function(ctx) {
  properties: {
    email: ctx.identity.traits.email,
    firstname: ctx.identity.traits.name.first,
  },
}
"""
CONFIG = """
dsn: sqlite://{folder}/doorward.sqlite
hashers: {{algorithm: bcrypt, bcrypt: {{cost: 4}}}}
delivery: {{lease_s: 5}}
selfservice:
  flows:
    registration:
      after:
        password:
          hooks:
            - hook: web_hook
              config:
                url: {simulator}/crm/v3/objects/contacts
                method: POST
                body: base64://{template}
                {response}
                auth: {{type: api_key, config: {{name: Authorization, value: "Bearer {token}", in: header}}}}
            - hook: session
"""
IGNORED, AWAITED = "response: {ignore: true}", "headers: {}"
CONTACTS = {"path": "/crm/v3/objects/contacts", "method": "POST"}
ADA = {"first": "Ada"}


def people(name: str) -> list[str]:
    return [f"{name}{number}@example.org" for number in range(6)]


def recipe(folder: Path, simulator: Simulator, response: str) -> Server:
    template = base64.b64encode(TEMPLATE.encode()).decode()
    config = CONFIG.format(folder=folder, simulator=simulator.url, template=template, token=TOKEN, response=response)
    return Server(folder, config, "--dev")


def assert_each_once(simulator: Simulator, emails: list[str]) -> None:
    until("every contact", lambda: set(emails) <= set(simulator.emails()), 60)
    found = Counter(simulator.emails())
    assert {email: found[email] for email in emails} == dict.fromkeys(emails, 1)


def assert_settled(server: Server) -> None:
    """Every delivery ends as delivered: also one whose retry was told that the contact is there."""
    until("the deliveries to be settled", lambda: not server.open_deliveries(), 60)
    counts = server.told("deliveries", "list")["counts"]
    assert {state for state, count in counts.items() if count} == {"delivered"}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Simulator]]:
    """One server and one simulator for all the kinds of trouble."""
    folder = tmp_path_factory.mktemp("recipe")
    simulator = Simulator(folder)
    server = recipe(folder, simulator, IGNORED)
    with running(simulator, server):
        yield server, simulator


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "reset", "count": 4},
        {"kind": "status", "status": 503, "count": 4},
        {"kind": "rate_limit", "retry_after": 1, "count": 3},
        {"kind": "latency", "ms": 400, "count": 6},
        {"kind": "lost_answer", "count": 4},
        {"kind": "reset_mid_body", "count": 2},
        {"kind": "truncated", "count": 2},
    ],
    ids=lambda fault: fault["kind"],
)
def test_a_target_in_trouble_loses_and_doubles_nobody(bench: tuple[Server, Simulator], fault: dict[str, Any]) -> None:
    server, simulator = bench
    emails = people(f"{fault['kind']}")
    simulator.arm(**fault, match=CONTACTS)
    for email in emails:
        assert server.sign_up(email, name=ADA).status == 200
    assert_each_once(simulator, emails)
    assert_settled(server)


def test_a_target_that_is_down_gets_everybody_when_it_is_back(tmp_path: Path, simulator: Simulator) -> None:
    server = recipe(tmp_path, simulator, IGNORED)
    with running(server):
        simulator.kill()
        for email in people("p"):
            assert server.sign_up(email, name=ADA).status == 200
        until("a failed try", lambda: "outcome=retry" in server.log.read_text())
        simulator.start()
        assert_each_once(simulator, people("p"))
        assert_settled(server)


def test_a_request_waits_for_its_contact_or_hears_of_the_failure_and_the_person_is_delivered_later(
    tmp_path: Path, simulator: Simulator
) -> None:
    server = recipe(tmp_path, simulator, AWAITED)
    with running(server):
        for email in people("p"):
            assert server.sign_up(email, name=ADA).status == 200
            assert simulator.find_contact(email) is not None
        simulator.arm("status", status=503, match=CONTACTS, count=3)
        answer = server.sign_up("unlucky@example.org", name=ADA)
        # What Kratos tells native clients of a target in trouble: status 400, code 500.
        assert (answer.status, answer.body["error"]["code"]) == (400, 500), answer.body
        assert TOKEN not in json.dumps(answer.body)
        assert server.sign_up("lucky@example.org", name=ADA).status == 200
        assert_each_once(simulator, [*people("p"), "unlucky@example.org", "lucky@example.org"])
        assert_settled(server)
        assert TOKEN not in server.log.read_text()
