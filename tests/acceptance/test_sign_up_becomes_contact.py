"""The main job, on real processes: who consents becomes a contact, who does not is skipped and told why."""

import json

import pytest

from running import Server, Simulator, request, running, until

pytestmark = pytest.mark.slow


def where(server: Server, email: str) -> str:
    done = server.command("hubspot", "where", email, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return json.dumps(json.loads(done.stdout))


def test_a_person_who_consents_becomes_one_contact(server: Server, simulator: Simulator) -> None:
    with running(server):
        answer = server.sign_up("ada@example.org", name={"first": "Ada"}, newsletter=True)
        assert answer.status == 200, answer.body
        contact = until("the contact", lambda: simulator.find_contact("ada@example.org"))
        assert contact["properties"]["firstname"] == "Ada"
        assert contact["properties"]["doorward_identity_id"] == answer.body["identity"]["id"]
        assert contact["id"] in where(server, "ada@example.org")


def test_a_person_who_does_not_is_skipped_and_where_says_why(server: Server, simulator: Simulator) -> None:
    with running(server):
        for email, traits in (("bob@example.org", {}), ("eve@example.org", {"newsletter": False})):
            assert server.sign_up(email, **traits).status == 200
            until("the decision", lambda email=email: "skipped" in where(server, email))
            assert simulator.find_contact(email) is None
            assert "consent" in where(server, email)


def test_the_accounting_leaves_nobody_unexplained(server: Server, simulator: Simulator) -> None:
    with running(server):
        for number in range(5):
            assert server.sign_up(f"p{number}@example.org", newsletter=number % 2 == 0).status == 200
        until("the last contact", lambda: simulator.find_contact("p4@example.org"))
        done = server.command("hubspot", "check", "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        assert '"unexplained": 0' in done.stdout


def test_a_change_and_a_deletion_follow_in_order(server: Server, simulator: Simulator) -> None:
    with running(server):
        identity = server.sign_up("kim@example.org", name={"first": "Kim"}, newsletter=True).body["identity"]["id"]
        until("the contact", lambda: simulator.find_contact("kim@example.org"))
        changed = server.command("identities", "patch", identity, '{"traits": {"name": {"first": "Kimberly"}}}')
        assert changed.returncode == 0, changed.stderr
        until(
            "the change",
            lambda: (
                (simulator.find_contact("kim@example.org") or {}).get("properties", {}).get("firstname") == "Kimberly"
            ),
        )
        deleted = server.command("identities", "delete", identity, "--yes")
        assert deleted.returncode == 0, deleted.stderr
        until("the removal", lambda: simulator.find_contact("kim@example.org") is None)


def test_a_server_that_is_told_to_stop_ends_cleanly(server: Server) -> None:
    with running(server):
        assert server.sign_up("sam@example.org", newsletter=True).status == 200
        assert server.stop() == 0


def test_metrics_and_health_answer(server: Server) -> None:
    with running(server):
        assert request("GET", f"{server.admin}/health/alive").body == {"status": "ok"}
        assert "doorward_commit_to_delivered_seconds" in request("GET", f"{server.admin}/metrics/prometheus").body
