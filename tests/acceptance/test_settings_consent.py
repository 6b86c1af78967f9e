"""Changing one's mind in the settings: a no reaches the contact, and nothing that was queued goes before it."""

from pathlib import Path
from typing import Any

from running import PASSWORD, TOKEN, Answer, Server, Simulator, connected, request, running, until

CONSENT = "doorward_consent_marketing"


class Person:
    """Somebody who uses a native app."""

    def __init__(self, server: Server, email: str) -> None:
        self.server, self.email = server, email
        flow = request("GET", f"{server.public}/self-service/login/api").body
        body = {"method": "password", "identifier": email, "password": PASSWORD}
        self.token = request("POST", flow["ui"]["action"], body).body["session_token"]

    def save(self, **traits: Any) -> Answer:
        headers = {"X-Session-Token": self.token}
        flow = request("GET", f"{self.server.public}/self-service/settings/api", headers=headers).body
        body = {"method": "profile", "traits": {"email": self.email, **traits}}
        return request("POST", flow["ui"]["action"], body, headers)


def contact(simulator: Simulator, email: str) -> dict[str, Any]:
    url = f"{simulator.url}/crm/v3/objects/contacts/{email}?idProperty=email&properties=firstname,{CONSENT}"
    answer = request("GET", url, headers={"Authorization": f"Bearer {TOKEN}"})
    return dict(answer.body["properties"]) if answer.status == 200 else {}


def test_a_no_in_the_settings_reaches_the_contact(tmp_path: Path, simulator: Simulator) -> None:
    server = connected(tmp_path, simulator, f"dsn: sqlite://{tmp_path / 'doorward.sqlite'}\n")
    with running(server):
        assert server.sign_up("ada@example.org", newsletter=True, name={"first": "Ada"}).status == 200
        until("the contact", lambda: contact(simulator, "ada@example.org").get(CONSENT) == "true")
        ada = Person(server, "ada@example.org")
        saved = ada.save(newsletter=False, name={"first": "Augusta"})
        assert saved.status == 200, saved.body
        assert saved.body["identity"]["traits"]["newsletter"] is False
        until("the no", lambda: contact(simulator, "ada@example.org").get(CONSENT) == "false")
        # What was changed together with the no is not told any more.
        assert contact(simulator, "ada@example.org")["firstname"] == "Ada"


def test_a_no_overtakes_what_waits_for_a_portal_that_is_away(tmp_path: Path, simulator: Simulator) -> None:
    server = connected(tmp_path, simulator, f"dsn: sqlite://{tmp_path / 'doorward.sqlite'}\n")
    with running(server):
        assert server.sign_up("ada@example.org", newsletter=True, name={"first": "Ada"}).status == 200
        until("the contact", lambda: contact(simulator, "ada@example.org").get(CONSENT) == "true")
        ada = Person(server, "ada@example.org")
        simulator.arm("reset", match={"path": "/batch/"})
        for name in ("Augusta", "Byron"):
            assert ada.save(newsletter=True, name={"first": name}).status == 200
        assert ada.save(newsletter=False, name={"first": "King"}).status == 200
        simulator.disarm()
        until("the no", lambda: contact(simulator, "ada@example.org").get(CONSENT) == "false")
        until("the end of the queue", lambda: not server.open_deliveries())
        assert contact(simulator, "ada@example.org")["firstname"] == "Ada"


def test_a_new_yes_is_sent_again_with_what_was_missed(tmp_path: Path, simulator: Simulator) -> None:
    server = connected(tmp_path, simulator, f"dsn: sqlite://{tmp_path / 'doorward.sqlite'}\n")
    with running(server):
        assert server.sign_up("ada@example.org", newsletter=True, name={"first": "Ada"}).status == 200
        until("the contact", lambda: contact(simulator, "ada@example.org").get(CONSENT) == "true")
        ada = Person(server, "ada@example.org")
        assert ada.save(newsletter=False, name={"first": "Ada"}).status == 200
        until("the no", lambda: contact(simulator, "ada@example.org").get(CONSENT) == "false")
        assert ada.save(newsletter=True, name={"first": "Augusta"}).status == 200
        until("the yes", lambda: contact(simulator, "ada@example.org").get(CONSENT) == "true")
        assert contact(simulator, "ada@example.org")["firstname"] == "Augusta"
