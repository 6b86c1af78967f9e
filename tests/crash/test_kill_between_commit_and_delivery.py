"""kill -9 at the gaps of the main job: nothing is lost, nothing doubled. The witness is the simulator."""

import contextlib
from pathlib import Path

import pytest

from running import TOKEN, Server, Simulator, request, running, until

pytestmark = pytest.mark.slow

GAPS = ("storage.after_commit", "delivery.after_claim", "delivery.before_send", "delivery.after_send")


def connected(folder: Path, simulator: Simulator, failpoint: str) -> Server:
    server = Server(
        folder,
        f"dsn: sqlite://{folder}/doorward.sqlite?_fk=true\ndelivery: {{lease_s: 5}}\n",
        "--dev",
        "--dispatcher",
        "inside",
        environment={"DOORWARD_FAILPOINTS": failpoint},
    )
    token = folder / "simulator.token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    server.environment = {}
    done = server.command("hubspot", "connect", "--base-url", simulator.url, "--token-file", str(token), "--dev")
    assert done.returncode == 0, done.stdout + done.stderr
    server.environment = {"DOORWARD_FAILPOINTS": failpoint}
    return server


def created(simulator: Simulator, email: str) -> list[str]:
    """Ids of the contacts with this e-mail, by listing all of them rather than by looking one up."""
    listed = request(
        "GET",
        f"{simulator.url}/crm/v3/objects/contacts?limit=100",
        headers={"Authorization": f"Bearer {TOKEN}"},
    ).body["results"]
    return [contact["id"] for contact in listed if contact["properties"].get("email") == email]


@pytest.mark.parametrize("gap", GAPS)
def test_a_kill_at_the_gap_loses_and_doubles_nothing(tmp_path: Path, simulator: Simulator, gap: str) -> None:
    server = connected(tmp_path, simulator, f"{gap}=kill@{9 if gap.startswith('storage') else 1}")
    with running(server):
        emails = [f"p{number}@example.org" for number in range(4)]
        answered = []
        for email in emails:
            with contextlib.suppress(OSError):
                if server.sign_up(email, newsletter=True).status == 200:
                    answered.append(email)
        assert server.process is not None
        process = server.process
        until("the kill", lambda: process.poll() is not None)
        assert process.returncode == -9
        server.environment = {}
        server.start()
        for email in answered:
            until(f"the contact {email}", lambda email=email: simulator.find_contact(email))
        for email in emails:
            assert len(created(simulator, email)) <= 1
        done = server.command("hubspot", "check", "--json")
        assert '"unexplained": 0' in done.stdout
