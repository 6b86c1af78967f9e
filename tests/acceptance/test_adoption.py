"""Whose e-mail a contact already carries is held until the address is known to be theirs; then it is adopted."""

import pytest

from running import TOKEN, Server, Simulator, request, running, until

pytestmark = pytest.mark.slow


def typed_in_by_hand(simulator: Simulator, email: str, first: str) -> str:
    made = request(
        "POST",
        f"{simulator.url}/crm/v3/objects/contacts",
        {"properties": {"email": email, "firstname": first}},
        {"Authorization": f"Bearer {TOKEN}"},
    )
    assert made.status == 201
    return str(made.body["id"])


def test_a_contact_that_was_there_before_is_adopted_once_the_address_is_known_to_be_theirs(
    server: Server, simulator: Simulator
) -> None:
    with running(server):
        made = typed_in_by_hand(simulator, "kim@example.org", "Kimberly")
        identity = server.sign_up("kim@example.org", name={"first": "Mallory"}, newsletter=True).body["identity"]["id"]
        until("the hold", lambda: '"held"' in server.command("deliveries", "list", "--json").stdout)
        assert server.command("identities", "verify", identity, "kim@example.org").returncode == 0

        def adopted() -> bool:
            found = simulator.find_contact("kim@example.org") or {"properties": {}}
            return bool(found["properties"].get("doorward_identity_id") == identity)

        until("the adoption", adopted)
        found = simulator.find_contact("kim@example.org")
        assert found is not None
        assert found["id"] == made
        assert found["properties"]["firstname"] == "Kimberly"
