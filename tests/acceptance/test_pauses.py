"""A key that is revoked pauses the destination and loses nobody; an operator resumes it."""

import json

import pytest

from running import Server, Simulator, running, until

pytestmark = pytest.mark.slow


def test_an_operators_pause_keeps_the_queue_until_it_is_resumed(server: Server, simulator: Simulator) -> None:
    with running(server):
        assert server.command("pauses", "pause", "destination", "hubspot", "--reason", "Audit").returncode == 0
        listed = json.loads(server.command("pauses", "list", "--json").stdout)
        assert [(each["name"], each["reason"]) for each in listed] == [("hubspot", "Audit")]
        assert server.sign_up("ada@example.org", newsletter=True).status == 200
        waiting = json.loads(server.command("deliveries", "list", "--json").stdout)
        assert [each["state"] for each in waiting["deliveries"]] == ["pending"]
        assert simulator.find_contact("ada@example.org") is None
        assert server.command("pauses", "resume", "destination", "hubspot").returncode == 0
        until("the contact", lambda: simulator.find_contact("ada@example.org"))


def test_what_is_not_paused_cannot_be_resumed(server: Server) -> None:
    done = server.command("pauses", "resume", "action", "nothing")
    assert done.returncode == 1
    assert "not_paused" in done.stderr
