"""A running server: new configuration without a restart, several processes, ends in good order."""

from pathlib import Path

import pytest

from running import Server, Simulator, request, running, until

pytestmark = pytest.mark.slow


def plain(folder: Path, *options: str) -> Server:
    return Server(folder, f"dsn: sqlite://{folder}/doorward.sqlite?_fk=true\n", "--dev", *options)


def test_a_changed_file_takes_effect_and_a_broken_one_changes_nothing(tmp_path: Path) -> None:
    server = plain(tmp_path)
    with running(server):
        good = server.config.read_text()
        before = request("GET", f"{server.admin}/health/config").body
        server.config.write_text(good + "revision: second\n")
        until("the reload", lambda: request("GET", f"{server.admin}/health/config").body == "second")
        assert server.sign_up("ada@example.org").status == 200
        server.config.write_text(good + "revision: third\nnonsense: true\n")
        until("the refusal", lambda: "reload_refused" in server.log.read_text())
        assert request("GET", f"{server.admin}/health/config").body == "second"
        server.config.write_text(good)
        until("the first again", lambda: request("GET", f"{server.admin}/health/config").body == before)
        assert server.sign_up("bob@example.org").status == 200
        assert server.stop() == 0


def test_connecting_needs_no_restart(tmp_path: Path, simulator: Simulator) -> None:
    server = plain(tmp_path)
    with running(server):
        assert server.sign_up("early@example.org", newsletter=True).status == 200
        token = tmp_path / "simulator.token"
        token.write_text("pat-na1-00000000-0000-4000-8000-000000000001")
        token.chmod(0o600)
        done = server.command("hubspot", "connect", "--base-url", simulator.url, "--token-file", str(token), "--dev")
        assert done.returncode == 0, done.stdout + done.stderr
        until("the reload", lambda: server.reloads() > 0)
        assert server.sign_up("late@example.org", newsletter=True).status == 200
        until("the contact", lambda: simulator.find_contact("late@example.org"))


def test_two_processes_share_one_file(tmp_path: Path) -> None:
    server = plain(tmp_path, "--workers", "2")
    with running(server):
        for number in range(10):
            assert server.sign_up(f"p{number}@example.org").status == 200
        assert server.sign_up("p3@example.org").status == 400
        assert server.stop() == 0


def test_parts_may_run_apart(tmp_path: Path) -> None:
    server = plain(tmp_path, "--only", "public,admin")
    with running(server):
        assert server.sign_up("ada@example.org").status == 200
        assert server.stop() == 0


def test_a_stranger_is_not_let_onto_the_admin_port(tmp_path: Path) -> None:
    server = plain(tmp_path)
    with running(server):
        answer = request("GET", f"{server.admin}/version", headers={"Host": "attacker.example.org"})
        assert answer.status == 403
        assert request("GET", f"{server.admin}/version").status == 200
